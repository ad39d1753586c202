# SPDX-License-Identifier: GPL-2.0-only
#
# Figures (figures.awk) as a table for people: ours, the in-tree driver's, and what is their
# ratio; beside it what ours could be at best. The least of all rounds counts; what they
# were apart is the last column.

function ratio(a, b)
{
	if (a == "" || b == "")
		return "-"
	return b == 0 ? (a == 0 ? "1.00" : "-") : sprintf("%.2f", a / b)
}

function shown(n)
{
	return n == "" ? "-" : n
}

END {
	for (i = 1; i <= rows; i++) {
		row = order[i]
		split(row, part, SUBSEP)
		if (part[1] != kernel) {
			kernel = part[1]
			if (i > 1)
				print ""
			printf "%-34s %-12s %14s %14s %9s %14s %9s %7s\n", "Linux " kernel, "", "this driver", "in-tree", "ratio", "limit", "ratio", "spread"
		}
		ours = value[row, "ours"]
		theirs = value[row, "in-tree"]
		printf "%-34s %-12s %14s %14s %9s %14s %9s %6.1f%%\n", part[2], part[3], shown(ours), \
			shown(theirs), ratio(ours, theirs), shown(best[row]), ratio(ours, best[row]), \
			spread[row, "ours"]
	}
}
