# SPDX-License-Identifier: GPL-2.0-only
#
# Judges promises; see promises, which announces each input with kind=. Read after
# identity.awk, which splits by tabs. Variables: table (file), wanted (what was asked to
# run: promises of their own alone are judged alone).

# Does what a promise names mean this result?
function means(token, i,    dot, fixture, test)
{
	dot = index(token, ".")
	fixture = dot ? substr(token, 1, dot - 1) : token
	if (token == scenario_of(job[i]))
		return 1
	if (!of_harness(what[i]) || index(what[i], fixture ".") != 1)
		return 0
	test = "." substr(token, dot + 1)
	return !dot || substr(what[i], length(what[i]) - length(test) + 1) == test
}

# Is it a program as a whole that failed (died, hung, was cut short), and one that what is
# named belongs to? The kernel's log is everybody's in that job.
function is_of_program(token, i,    fixture)
{
	fixture = token
	sub(/\..*/, "", fixture)
	if (of_harness(what[i]))
		return 0
	if (program[i] == "" && test[i] ~ /^kernel/)
		return (job[i], token) in seen_in
	return (fixture, program[i]) in home
}

# Is the promise counted in this job? Its patterns are as those of run, and mean no job
# that was put on another kernel, unless they say so.
function is_counted_in(name,    i)
{
	if (!((id, name) in counted_in)) {
		counted_in[id, name] = 0
		for (i = 1; i <= patterns[id]; i++)
			if (glob(pattern[id, i], name) || glob(pattern[id, i] "@*", name))
				counted_in[id, name] = name !~ /[+]/ || pattern[id, i] ~ /[+]/
	}
	return counted_in[id, name]
}

function complain(text)
{
	if (index(complaints, "# " id ": " text "\n") == 0)
		complaints = complaints "# " id ": " text "\n"
}

function count_once(seen, key)
{
	if (key in seen)
		return 0
	seen[key]
	return 1
}

# Adds up what passed of what the token means, where it is counted.
function weigh(token,    i, found)
{
	for (i = 1; i <= count; i++) {
		if (!means(token, i))
			continue
		seen_in[job[i], token]
		if (verdict[i] == "not ok")
			complain(job[i] ": " what[i] " failed")
		if (verdict[i] != "ok" || without_us(with[i]) || !is_counted_in(job[i]))
			continue
		found++
		if (!count_once(counted, i))
			continue
		runs++
		cases += count_once(seen_case, case_identity(job[i], program[i], test[i], what[i]))
		tests += count_once(seen_test, test_identity(job[i], program[i], test[i], what[i]))
	}
	if (!found)
		complain(token " has no result that counts")
	for (i = 1; i <= count; i++)
		if (verdict[i] == "not ok" && is_of_program(token, i))
			complain(job[i] ": " test[i] ": " what[i] " (" reason[i] ")")
	for (i = 1; i <= figures; i++)
		if (owner[i] == token && is_counted_in(figure_job[i]))
			figure[unit[i]] += number[i]
}

function figure_text(    text, name)
{
	text = tests " tests, " cases " cases, " runs " runs"
	for (name in figure)
		text = text "; " figure[name] " " name
	return text
}

# Where all is judged, and where this one was asked for.
function is_judged()
{
	return wanted !~ /(^| )P[0-9]+( |$)/ || (" " wanted " ") ~ (" " id " ")
}

function end_promise()
{
	if (id != "" && is_judged()) {
		printf "%s", complaints
		printf "%sok %d - %s (%s)\n", complaints == "" ? "" : "not ", ++judged, id, figure_text()
		print "# | " id ": " (complaints == "" ? "kept" : "BROKEN") ": " figure_text()
		rows = rows sprintf("   * - %s\n     - %s\n     - %s\n     - %s\n     - ``make promise P=%s``\n", \
			id, promise, complaints == "" ? "kept" : "**broken**", figure_text(), id)
	}
	id = ""
}

function begin_promise(name)
{
	end_promise()
	id = name
	promise = complaints = field = ""
	tests = cases = runs = 0
	delete counted
	delete seen_case
	delete seen_test
	delete figure
}

function name_tests(line)
{
	while (match(line, /``[^`]+``/)) {
		weigh(substr(line, RSTART + 2, RLENGTH - 4))
		line = substr(line, RSTART + RLENGTH)
	}
}

function write_table()
{
	print ".. SPDX-License-Identifier: GPL-2.0-only\n" >table
	print "====================\nPromises and figures\n====================\n" >table
	print "Written by ``make promises`` from the results of a ``make check`` that passed as a" >table
	print "whole. ``Documentation/threat-model.rst`` has what each promise is held against. A test" >table
	print "is one function, a case is a test with its variant, a run is a case on one host and" >table
	print "kernel. Only hosts that have this driver, or this project's patches, count. The command" >table
	print "gives the very figure.\n" >table
	print ".. list-table:: What was tested\n   :widths: 20 80\n" >table
	printf "%s\n", facts >table
	print ".. list-table:: Promises\n   :header-rows: 1\n   :widths: 5 50 10 20 15\n" >table
	print "   * - id\n     - promise\n     - verdict\n     - evidence\n     - command" >table
	printf "%s", rows >table
}

BEGIN { print "KTAP version 1" }

kind == "about" {
	name = value = $0
	sub(/: .*/, "", name)
	sub(/^[^:]*: /, "", value)
	facts = facts "   * - " name "\n     - " value "\n"
	next
}
kind == "fixtures" { home[$1, $2]; next }
kind == "jobs" {
	split($0, word, " ")
	for (n = 2; n in word; n++)
		pattern[word[1], ++patterns[word[1]]] = word[n]
	delete word
	next
}
kind == "figures" {
	figure_job[++figures] = $1
	owner[figures] = $2
	number[figures] = $3
	unit[figures] = $4
	next
}
kind == "results" {
	job[++count] = $1
	verdict[count] = $2
	with[count] = $3
	program[count] = $4
	test[count] = $5
	what[count] = $6
	reason[count] = $7
	next
}

/^P[0-9]+$/ { begin_promise($1); next }
id == "" { next }
/^[^ ]/ { end_promise(); next }
/^    :tests:/ { field = "tests" }
/^    :jobs:/ { field = "jobs" }
field == "tests" { name_tests($0) }
field == "" && NF { sub(/^ +/, ""); promise = promise (promise == "" ? "" : " ") $0 }

END {
	end_promise()
	print "1.." judged
	write_table()
	exit !judged
}
