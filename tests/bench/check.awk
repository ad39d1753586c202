# SPDX-License-Identifier: GPL-2.0-only
#
# Holds the figures of ./bench against ./limits (the first file); prints results as KTAP
# has them. Of several lines of limits that fit a row the last one counts, alone.

# A shell pattern with * as a regular expression.
function expression(pattern)
{
	gsub(/[.]/, "[.]", pattern)
	gsub(/[*]/, ".*", pattern)
	return "^" pattern "$"
}

FNR == NR {
	if ($0 !~ /^[ \t]*(#|$)/) {
		fits[++limits] = expression($1)
		unit_of[limits] = $2
		of_theirs[limits] = $3
		of_best[limits] = $4
	}
	next
}
{
	split($3, part, "=")
	row = $1 SUBSEP part[1] SUBSEP $5
	if ($2 == "ours") {
		order[++rows] = row
		best[row] = $6
	}
	value[row, $2] = part[2]
	if ($2 == "in-tree")
		theirs_too[row] = 1
}

function limit_of(name, unit,    i)
{
	for (i = limits; i > 0; i--)
		if (name ~ fits[i] && (unit_of[i] == "*" || unit_of[i] == unit)) {
			used[i] = 1
			return i
		}
	return 0
}

# A row that is gone would pass unseen: the in-tree driver's must be there, and one for
# every limit.
function missing(    row, i, part, n)
{
	for (row in theirs_too)
		if (!((row, "ours") in value)) {
			split(row, part, SUBSEP)
			printf "# %s %s: no row of this driver\n", part[2], part[3]
			n++
		}
	for (i = 1; i <= limits; i++)
		if (!used[i]) {
			printf "# limits: no row fits %s %s\n", fits[i], unit_of[i]
			n++
		}
	return n
}

# Is it at most so many times the other? What there is nothing to compare with passes.
function holds(ours, other, times)
{
	return times == "-" || other == "" || ours <= other * times
}

END {
	print "1.." rows + 1
	for (i = 1; i <= rows; i++) {
		row = order[i]
		split(row, part, SUBSEP)
		l = limit_of(part[2], part[3])
		ours = value[row, "ours"]
		theirs = value[row, "in-tree"]
		good = l && holds(ours, theirs, of_theirs[l]) && holds(ours, best[row] ? best[row] : "", of_best[l])
		if (!good) {
			failed++
			printf "# %s %s: %d; in-tree %s, at most %s times; limit %s, at most %s times\n", part[2], part[3], \
				ours, theirs, of_theirs[l], best[row], of_best[l]
		}
		printf "%s %d - %s: %s %s\n", good ? "ok" : "not ok", i, part[1], part[2], part[3]
	}
	gone = missing()
	printf "%s %d - every row is there\n", gone ? "not ok" : "ok", rows + 1
	exit failed + gone > 0
}
