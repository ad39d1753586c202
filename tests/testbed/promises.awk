# SPDX-License-Identifier: GPL-2.0-only
#
# Reads results ("ok <tab> scenario: test: fixture.variant.case", or "figure <tab>
# fixture <tab> number <tab> what"), then the page with the promises; see promises.

# Does what a promise names mean this result?
function means(token, scenario, label,    dot, fixture, test)
{
	dot = index(token, ".")
	fixture = dot ? substr(token, 1, dot - 1) : token
	if (token == scenario)
		return 1
	if (index(label, fixture ".") != 1)
		return 0
	test = "." substr(token, dot + 1)
	return !dot || substr(label, length(label) - length(test) + 1) == test
}

# A scenario counts without its variant and the kernel it was put on.
function remember(line,    parts, n)
{
	n = split(line, parts, ": ")
	scenario[++count] = parts[1]
	sub(/[@+].*/, "", scenario[count])
	label[count] = parts[n]
	sub(/ .*/, "", label[count])
	verdict[count] = line ~ /# SKIP/ ? "skip" : $1
}

# Adds up what passed of what @token means, and what it came to.
function weigh(token,    i, found)
{
	for (i = 1; i <= count; i++) {
		if (!means(token, scenario[i], label[i]))
			continue
		if (verdict[i] == "not ok") {
			complain(label[i] " failed")
		} else if (verdict[i] == "ok") {
			found++
			if (!(i in counted))
				passed++
			counted[i] = 1
		}
	}
	if (!found)
		complain(token " was not run")
	for (i = 1; i <= figures; i++)
		if (owner[i] == token)
			figure[what[i]] += number[i]
}

function complain(text)
{
	complaints = complaints "# " id ": " text "\n"
}

function figure_text(    text, unit)
{
	text = passed " tests passed"
	for (unit in figure)
		text = text ", " figure[unit] " " unit
	return text
}

function end_promise()
{
	if (id == "")
		return
	printf "%s", complaints
	printf "%sok %d - %s (%d tests passed)\n", complaints == "" ? "" : "not ", ++cases, id, passed
	rows = rows sprintf("   * - %s\n     - %s\n     - %s\n     - %s\n", id, promise, figure_text(), command)
	id = ""
}

function begin_promise()
{
	end_promise()
	id = $1
	promise = command = complaints = field = ""
	passed = 0
	delete counted
	delete figure
}

function name_tests(line,    token)
{
	while (match(line, /``[^`]+``/)) {
		token = substr(line, RSTART + 2, RLENGTH - 4)
		line = substr(line, RSTART + RLENGTH)
		weigh(token)
	}
}

BEGIN { print "KTAP version 1" }

FILENAME == "-" && $1 == "figure" {
	owner[++figures] = $2
	number[figures] = $3
	what[figures] = $4
	next
}
FILENAME == "-" { remember($2); next }

/^P[0-9]+$/ { begin_promise(); next }
id == "" { next }
/^[^ ]/ { end_promise(); next }
/^    :tests:/ { field = "tests" }
/^    :run:/ { field = "run"; command = $0; sub(/.*:run: */, "", command) }
field == "tests" { name_tests($0) }
field == "" && NF { sub(/^ +/, ""); promise = promise (promise == "" ? "" : " ") $0 }

END {
	end_promise()
	print "1.." cases
	print ".. SPDX-License-Identifier: GPL-2.0-only\n" >table
	print "====================\nPromises and figures\n====================\n" >table
	print "Written by ``make promises`` from the results of the last ``make check``; see" >table
	print "``Documentation/threat-model.rst`` for what each promise is held against.\n" >table
	print ".. list-table::\n   :header-rows: 1\n   :widths: 5 60 20 15\n" >table
	print "   * - id\n     - promise\n     - in the last run\n     - command" >table
	printf "%s", rows >table
	exit !cases
}
