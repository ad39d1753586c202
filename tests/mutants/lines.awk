# SPDX-License-Identifier: GPL-2.0-only
#
# Reads "address block" (see blocks.awk), then addr2line -afi of these addresses: for each
# its own line, and a function and file:line for every function it was inlined to.
# Prints: section, block, file, function, line. -v section= -v root=, where the sources are.

FNR == NR {
	block["0x" $1] = $2
	next
}

/^0x[0-9a-f]+$/ {
	at = $0
	sub(/^0x0+/, "0x", at)
	if (at == "0x")
		at = "0x0"
	next
}

name == "" {
	name = $0
	sub(/\..*/, "", name)
	next
}

{
	sub(/ .*/, "")
	gsub(/\/(\.\/)+/, "/")
	if (index($0, root) == 1) {
		split(substr($0, length(root) + 1), place, ":")
		if (!seen[block[at], place[1], name, place[2]]++)
			print section, block[at], place[1], name, place[2]
	}
	name = ""
}
