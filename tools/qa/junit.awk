# SPDX-License-Identifier: GPL-2.0-only
#
# Results as JUnit XML, in the form that Jenkins, GitLab and others read:
#
#   cases <results.tap or directory>... | LC_ALL=C awk -v name=<of all> -f junit.awk >report.xml
#
# See ./cases for the lines it reads. A <testsuite> is a test with cases, named "suite:
# test", or what else a suite has; a <testcase> is a case. Its classname is the suite and
# the test. Seconds are known of tests: they are the <testsuite>'s, or those of a
# <testcase> that is all there is of its test. The properties of a suite, and those of all,
# stand in its first <testsuite>. What a failed test printed last stands in its first
# <failure>.

BEGIN {
	FS = "\t"
	if (name == "")
		name = "nvgrace-gpu"
}

function escape(text)
{
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	return text
}

function attribute(key, value)
{
	return " " key "=\"" escape(value) "\""
}

function seconds_of(suite, test)
{
	return (suite, test) in seconds ? sprintf(" time=\"%.3f\"", seconds[suite, test]) : ""
}

function property(key, value)
{
	return "<property" attribute("name", key) attribute("value", value) "/>\n"
}

# case_of(...): adds a <testcase> to its <testsuite>
function case_of(verdict, suite, test, case_name, reason,    where, body)
{
	where = case_name == "" ? suite SUBSEP : suite SUBSEP test
	if (!(where in count)) {
		order[++suites] = where
		suite_of[where] = suite
		test_of[where] = case_name == "" ? "" : test
	}
	count[where]++
	total[verdict]++
	with[where, verdict]++
	if (verdict == "skip")
		body = "<skipped" attribute("message", reason) "/>"
	else if (verdict == "not ok")
		body = "<failure type=\"failure\"" attribute("message", reason == "" ? "failed" : reason) ">" \
			output_of(suite, test) "</failure>"
	cases[where] = cases[where] "<testcase" attribute("classname", suite (case_name == "" ? "" : "." test)) \
		attribute("name", case_name == "" ? test == "" ? suite : test : case_name) \
		(case_name == "" ? seconds_of(suite, test) : "") (body == "" ? "/>" : ">" body "</testcase>") "\n"
}

function output_of(suite, test,    text)
{
	text = output[suite, test]
	output[suite, test] = ""
	return escape(text)
}

# properties_of(suite): its own and those of all, once
function properties_of(suite)
{
	if (suite in described)
		return ""
	described[suite] = 1
	return all_properties own_properties[suite]
}

function print_suite(where,    properties)
{
	printf "<testsuite%s tests=\"%d\" failures=\"%d\" errors=\"0\" skipped=\"%d\"%s%s%s>\n", \
		attribute("name", suite_of[where] (test_of[where] == "" ? "" : ": " test_of[where])), \
		count[where], with[where, "not ok"], with[where, "skip"], seconds_of(suite_of[where], test_of[where]), \
		began == "" ? "" : attribute("timestamp", began), host == "" ? "" : attribute("hostname", host)
	properties = properties_of(suite_of[where])
	if (properties != "")
		printf "<properties>\n%s</properties>\n", properties
	printf "%s</testsuite>\n", cases[where]
}

# XML wants its date and time without a zone.
$1 == "property" {
	if ($2 == "") {
		all_properties = all_properties property($3, $4)
		if ($3 == "host")
			host = $4
		if ($3 == "tested" && $4 ~ /^[0-9-]+T[0-9:]+Z$/)
			began = substr($4, 1, length($4) - 1)
	} else {
		own_properties[$2] = own_properties[$2] property($3, $4)
	}
}
$1 == "time" {
	seconds[$2, $3] = $4
	if ($3 == "")
		of_suite[$2] = $4
	else
		of_tests[$2] += $4
}
$1 == "output" { output[$2, $3] = output[$2, $3] $4 "\n" }
$1 == "case" { line[++lines] = $0 }

# all_seconds(): of each suite what it took, or else its tests
function all_seconds(    suite, sum)
{
	for (suite in of_suite)
		sum += of_suite[suite]
	for (suite in of_tests)
		if (!(suite in of_suite))
			sum += of_tests[suite]
	return sum
}

END {
	for (i = 1; i <= lines; i++) {
		split(line[i], part, FS)
		case_of(part[2], part[3], part[4], part[5], part[6])
	}
	print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
	printf "<testsuites%s tests=\"%d\" failures=\"%d\" errors=\"0\" skipped=\"%d\" time=\"%.3f\">\n", \
		attribute("name", name), lines, total["not ok"], total["skip"], all_seconds()
	for (i = 1; i <= suites; i++)
		print_suite(order[i])
	print "</testsuites>"
}
