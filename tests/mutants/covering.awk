# SPDX-License-Identifier: GPL-2.0-only
#
# The tests that run a line, those first that are most about it: scenario, test, seconds it
# may take, milliseconds it took. Reads what tests/mutants/map left of one scenario or more:
# lines of times (two words), lines of the map (with tabs).
#
# A test is about a function, and about a file, as far as it runs lines there that few others
# run.
#
# The line is -v file=, -v function_name=, and text in the environment. Of a line that the
# map does not know, because it has no code of its own or is younger, all tests count that
# run its function.

!/\t/ {
	ms[$1] = $2
	next
}

{
	split($0, part, "\t")
	if (part[1] == file)
		runs[part[2], part[3]] = runs[part[2], part[3]] " " part[4]
}

function weigh(tests, weight,    i, n, name)
{
	n = split(tests, name, " ")
	for (i = 1; i <= n; i++)
		focus[name[i]] += weight / n
}

function insert(name,    i)
{
	for (i = ++found; i > 1 && focus[sorted[i - 1]] < focus[name]; i--)
		sorted[i] = sorted[i - 1]
	sorted[i] = name
}

END {
	for (line in runs) {
		split(line, part, SUBSEP)
		weigh(runs[line], part[1] == function_name ? 10 : 1)
		if (part[1] == function_name)
			of_function = of_function " " runs[line]
	}
	known = (function_name, ENVIRON["text"]) in runs
	n = split(known ? runs[function_name, ENVIRON["text"]] : of_function, names, " ")
	for (i = 1; i <= n; i++)
		if (!seen[names[i]]++ && names[i] in ms)
			insert(names[i])
	for (i = 1; i <= found; i++) {
		split(sorted[i], part, ":")
		printf "%s %s %d %d\n", part[1], part[2], 30 + 4 * ms[sorted[i]] / 1000, ms[sorted[i]]
	}
}
