# SPDX-License-Identifier: GPL-2.0-only
#
# Which columns of the matrix were never red, by one mutant or another? Reads lines of a host
# and of what tests/kvm/matrix.c says of a cell there, first what was seen, then what should
# be:
#   <host> cell.<type>=<slot> <fault> <behaviour> <entry> <executable> <block> <verdict>
#   <host> model.<type>=<slot> <fault> <behaviour> <entry> <executable> <block>
# and prints a line for each column that has always been as it should, of every cell of
# the hosts named in the variable "hosts".
#
# In protected mode the hypervisor maps no device memory and shows no tables: what KVM
# answers is all there is to be seen.

BEGIN {
	columns = split("slot fault behaviour entry executable block", name, " ")
}

{
	split($2, part, /[.=]/)
	$2 = part[3]
	cell = $1 ":" part[2]
	for (i = 1; i <= columns; i++) {
		if (part[1] == "cell")
			seen[i] = $(i + 1)
		else if (seen[i] != $(i + 1))
			red[cell, i]
	}
}

function untouched(cell, visible,    i)
{
	for (i = 1; i <= visible; i++)
		if (!((cell, i) in red))
			print cell, name[i]
}

END {
	types = split("write-back uncached-allowed uncached device", type, " ")
	for (h = split(hosts, host, " "); h > 0; h--)
		for (t = 1; t <= types; t++)
			untouched(host[h] ":" type[t], host[h] ~ /:protected$/ ? 2 : columns)
}
