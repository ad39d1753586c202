# SPDX-License-Identifier: GPL-2.0-only
#
# The third file with the lines of the second one below those of the first (kind=below), or
# in their place (kind=replace). Fails unless they are there once. A page has no tabs, and shows
# a part of a file without what all its lines are indented by: blanks in front of a line are
# not compared, and the first new line is indented as the first line of the place is.

function bare(line) {
	sub(/^[ \t]+/, "", line)
	gsub(/[ \t]+/, " ", line)
	return line
}

FNR == 1 { file++ }
file == 1 { place[++places] = bare($0) }
file == 2 { text[++texts] = $0 }
file == 3 { lines[++count] = $0 }

# indented <line> <by what>: eight blanks of a page are a tab, in a file that has tabs
function indented(line, prefix) {
	if (line == "")
		return line
	while (has_tabs && match(line, /^\t*        /))
		line = substr(line, 1, RLENGTH - 8) "\t" substr(line, RLENGTH + 1)
	return prefix line
}

function is_here(at, i) {
	for (i = 1; i <= places; i++)
		if (bare(lines[at + i - 1]) != place[i])
			return 0
	return 1
}

END {
	for (at = 1; at <= count; at++)
		has_tabs += lines[at] ~ /^\t/
	for (at = 1; at <= count; at++) {
		if (!is_here(at)) {
			print lines[at]
			continue
		}
		found++
		match(lines[at], /^[ \t]*/)
		prefix = substr(lines[at], 1, RLENGTH)
		for (i = 0; kind == "below" && i < places; i++)
			print lines[at + i]
		for (i = 1; i <= texts; i++)
			print indented(text[i], prefix)
		at += places - 1
	}
	exit found != 1
}
