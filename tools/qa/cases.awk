# SPDX-License-Identifier: GPL-2.0-only
#
# For ./cases, which describes what this prints. Reads lines with a letter before them:
#
#   K  a result                      T  suite, test, seconds
#   P  key and value, for all        S  the suite that the next lines belong to
#   F  key=value, for the suite      L  what a test of the test bed printed
#   O  suite and test, of which      o  what it printed
#
# Results come first.

BEGIN {
	FS = OFS = "\t"
	SHOWN = 100
}

# remark(label): what stands in parentheses at its end, which may hold parentheses
function remark(label)
{
	if (!match(label, / \(([^()]*\([^()]*\))*[^()]*\)$/))
		return ""
	return substr(label, RSTART + 2, RLENGTH - 3)
}

# part_of(text): its first part, up to a colon and a blank; what is left is in @rest
function part_of(text,    i)
{
	i = index(text, ": ")
	rest = i ? substr(text, i + 2) : ""
	return i ? substr(text, 1, i - 1) : text
}

function result(line,    verdict, reason, suite, test)
{
	verdict = line ~ /^not/ ? "not ok" : "ok"
	sub(/^(not )?ok *[0-9]* *(- *)?/, "", line)
	if (verdict == "ok" && match(line, / *# *SKIP */)) {
		verdict = "skip"
		reason = substr(line, RSTART + RLENGTH)
		line = substr(line, 1, RSTART - 1)
	}
	if (reason == "" && (reason = remark(line)) != "")
		line = substr(line, 1, length(line) - length(reason) - 3)
	suite = part_of(line)
	test = part_of(rest)
	known[suite] = 1
	results++
	if (verdict == "not ok")
		failed[suite, test] = 1
	print "case", verdict, suite, test, rest, reason
}

# What was kept of the test's output is printed when the next one begins.
function end_output(    i)
{
	if ((of_suite, of_test) in failed)
		for (i = lines > SHOWN ? lines - SHOWN + 1 : 1; i <= lines; i++)
			print "output", of_suite, of_test, kept[i % SHOWN]
	lines = 0
	of_suite = of_test = ""
}

function begin_output(suite, test)
{
	end_output()
	of_suite = suite
	of_test = test
}

function keep(line)
{
	if (of_suite != "")
		kept[++lines % SHOWN] = line
}

function log_line(line,    word)
{
	split(line, word, " ")
	if (line ~ /^##testbed start /) {
		begin_output(suite, word[5])
	} else if (line ~ /^##testbed end /) {
		time_of(suite, of_test, word[5] / 1000)
		end_output()
	} else {
		keep(line)
	}
}

function time_of(suite, test, seconds)
{
	if (suite in known && test != suite)
		print "time", suite, test, seconds
}

function property(suite, key, value)
{
	if (suite == "" || suite in known)
		print "property", suite, key, value
}

{
	letter = substr($0, 1, 1)
	$0 = substr($0, 2)
}

letter == "K" { result(field($0)); next }
letter == "T" { time_of($1, $2, $3); next }
letter == "S" { end_output(); suite = $0; next }
letter == "P" { property("", field($1), field($2)); next }
letter == "F" {
	i = index($0, "=")
	property(suite, field(substr($0, 1, i - 1)), field(substr($0, i + 1)))
	next
}
letter == "O" { begin_output($1, $2); next }
letter == "L" { log_line(field($0)); next }
letter == "o" { keep(field($0)) }

# A result that was not read must not look like one that is not there.
END {
	end_output()
	if (!results) {
		print "cases: no result could be read" >"/dev/stderr"
		exit 2
	}
}
