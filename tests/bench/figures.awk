# SPDX-License-Identifier: GPL-2.0-only
#
# Reads the figures of ./bench, lines of "kernel driver name=least most unit limit", for
# table.awk and plot.awk: order[1..rows] are the rows, in the order they came; by row,
# value[row, driver], its spread in percent, and what is possible at best.

{
	split($3, part, "=")
	row = $1 SUBSEP part[1] SUBSEP $5
	if (!(row in known)) {
		known[row] = 1
		order[++rows] = row
	}
	value[row, $2] = part[2]
	spread[row, $2] = part[2] ? ($4 - part[2]) / part[2] * 100 : 0
	if ($2 == "ours" && $6 > 0)
		best[row] = $6
}
