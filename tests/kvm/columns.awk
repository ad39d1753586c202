# SPDX-License-Identifier: GPL-2.0-only
#
# Which columns of the matrix were never red, by one mutant or another? Reads lines of a host
# and of what tests/kvm/matrix.c says of a cell there, first what was seen, then what should
# be:
#   <host> cell.<type>=<slot> <fault> <behaviour> <entry> <executable> <block> <verdict>
#   <host> model.<type>=<slot> <fault> <behaviour> <entry> <executable> <block>
# and prints a line for each column that has always been as it should.
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
	cells[cell]
	for (i = 1; i <= columns; i++) {
		if (part[1] == "cell")
			seen[i] = $(i + 1)
		else if (seen[i] != $(i + 1))
			red[cell, i]
	}
}

END {
	for (cell in cells)
		for (i = 1; i <= (cell ~ /:protected:/ ? 2 : columns); i++)
			if (!((cell, i) in red))
				print cell, name[i]
}
