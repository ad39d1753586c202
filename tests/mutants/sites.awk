# SPDX-License-Identifier: GPL-2.0-only
#
# From the difference between a source file and what a rule made of it, in tokens, to
# mutants: one for each place that differs. Reads diff's output.
#
# Variables: source and changed, the files; name, the source's in the tree; rule.
#
# Prints a line per mutant, with tabs and no empty column: rule, file, line, function,
# numbers of the first and of the last token that go (of none: the last is before the
# first), what comes in their place, which of its rule's on that line it is, the line's
# text. Lines of the preprocessor are left alone, and what spatch puts braces around.

BEGIN {
	count = read_tokens(changed)
	for (i = 1; i <= count; i++)
		new[i] = token[i]
	read_tokens(source)
}

# range(<"7" or "7,9">): sets first and last
function range(text,    part)
{
	last = part[split(text, part, ",")] + 0
	first = part[1] + 0
}

# What is put in between statements ends with its semicolon, wherever diff sees it end.
function straighten(    n, part)
{
	while (replacement !~ /;$/ && (n = split(replacement, part, " ")) && part[n] == token[last])
		turn(part, n, -1)
	while (replacement !~ /;$/ && (n = split(replacement, part, " ")) && part[1] == token[last + 1])
		turn(part, n, 1)
}

# The same insertion, one token earlier (-1) or later.
function turn(part, n, by,    i)
{
	replacement = by < 0 ? part[n] : part[2]
	for (i = by < 0 ? 1 : 3; i <= (by < 0 ? n - 1 : n); i++)
		replacement = replacement " " part[i]
	if (by > 0)
		replacement = replacement " " part[1]
	last += by
}

/^[0-9]/ {
	command = $0
	gsub(/[0-9,]/, "", command)
	split($0, side, command)
	replacement = ""
	if (command != "d") {
		range(side[2])
		for (i = first; i <= last; i++)
			replacement = replacement (i == first ? "" : " ") new[i]
	}
	if (replacement ~ /^#|[{}]/)
		next
	if (replacement == "")
		replacement = "MUTANT_DELETED"
	range(side[1])
	if (command == "a") {
		last = first
		if (replacement ~ /;/)
			straighten()
		first = last + 1
	}
	line = at_line[first]
	text = lines[line]
	gsub(/\t/, " ", text)
	gsub(/^ +| +$/, "", text)
	where = in_function[first] == "" ? "-" : in_function[first]
	printf "%s\t%s\t%d\t%s\t%d\t%d\t%s\t%d\t%s\n", rule, name, line, where, first, last,
		replacement, ++seen[line], text
}
