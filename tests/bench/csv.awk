# SPDX-License-Identifier: GPL-2.0-only
#
# Figures of ./bench ("kernel driver name=least most unit limit") as CSV.

BEGIN { print "kernel,driver,row,unit,least,most,limit" }
{
	split($3, part, "=")
	printf "%s,%s,%s,%s,%s,%s,%s\n", $1, $2, part[1], $5, part[2], $4, $6
}
