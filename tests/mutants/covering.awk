# SPDX-License-Identifier: GPL-2.0-only
#
# The tests that run a line, the quickest first: scenario, test, seconds it may take. Reads
# what tests/mutants/map left of one scenario or more: lines of times (two words), lines of
# the map (with tabs).
#
# In a scenario they take -v most= seconds together, or are one.
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
	if (part[1] != file || part[2] != function_name)
		next
	of_function = of_function " " part[4]
	if (part[3] == ENVIRON["text"]) {
		of_line = of_line " " part[4]
		known = 1
	}
}

END {
	n = split(known ? of_line : of_function, names, " ")
	for (i = 1; i <= n; i++) {
		if (seen[names[i]]++ || !(names[i] in ms))
			continue
		insert(names[i])
	}
	for (i = 1; i <= found; i++) {
		split(sorted[i], part, ":")
		if (taken[part[1]] && taken[part[1]] + ms[sorted[i]] > most * 1000)
			continue
		taken[part[1]] += ms[sorted[i]]
		printf "%s %s %d %d\n", part[1], part[2], 30 + 4 * ms[sorted[i]] / 1000, ms[sorted[i]]
	}
}

function insert(name,    i)
{
	for (i = ++found; i > 1 && ms[sorted[i - 1]] > ms[name]; i--)
		sorted[i] = sorted[i - 1]
	sorted[i] = name
}
