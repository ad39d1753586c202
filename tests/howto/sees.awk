# SPDX-License-Identifier: GPL-2.0-only
#
# Are the lines of the first file in the second, in this order? "..." stands for anything;
# how far a line is indented does not matter.

function literal(text, parts, n, i, pattern) {
	n = split(text, parts, /\.\.\./)
	for (i = 1; i <= n; i++) {
		gsub(/[][\\.^$*+?(){}|\/]/, "\\\\&", parts[i])
		pattern = pattern (i > 1 ? ".*" : "") parts[i]
	}
	return "^ *" pattern " *$"
}

NF { sub(/^ +/, "") }

FNR == NR {
	if (NF)
		wanted[++lines] = literal($0)
	text[lines] = $0
	next
}

at < lines && $0 ~ wanted[at + 1] { at++ }

END {
	if (at < lines) {
		print "not seen: " text[at + 1]
		exit 1
	}
}
