# SPDX-License-Identifier: GPL-2.0-only
#
# Prints -v file= with one mutant in it: tokens -v first= to -v last= are replaced by
# -v replacement=. Two words of the rules stand for what they cannot say themselves:
#
#   MUTANT_NOTHING  goes, and the parenthesis behind it, so that a call is no more
#   MUTANT_SWAP     stands between two statements that change places
#
# MUTANT_DELETED is what sites.awk says for nothing at all.
#
# Fails if that cannot be done: a line of the preprocessor is between the two statements.

# The token that closes the parenthesis at @i.
function closing(i,    depth)
{
	for (; i <= token_count; i++) {
		depth += (token[i] == "(") - (token[i] == ")")
		if (!depth)
			return i
	}
}

# Source from before token @a to behind token @b, of any number of lines.
function text(a, b,    n, all)
{
	if (a > b)
		return ""
	if (at_line[a] == at_line[b])
		return substr(lines[at_line[a]], from[a], to[b] - from[a])
	all = substr(lines[at_line[a]], from[a]) "\n"
	for (n = at_line[a] + 1; n < at_line[b]; n++)
		all = all lines[n] "\n"
	return all substr(lines[at_line[b]], 1, to[b] - 1)
}

function check(i)
{
	if (token[i] ~ /^#/)
		exit 1
}

# Statements end in a semicolon at depth 0; the one before begins behind such, or a brace.
function swap(i,    begin, end, depth)
{
	for (begin = i - 2; depth || token[begin] !~ /^[;{}:]$/; begin--) {
		check(begin)
		depth += (token[begin] == ")") - (token[begin] == "(")
	}
	begin++
	for (end = i; token[end] != ";"; end++)
		check(end)
	first = begin
	last = end
	replacement = text(i, end) substr(text(i - 1, i), 2)
	replacement = substr(replacement, 1, length(replacement) - length(token[i])) text(begin, i - 1)
}

function print_with(a, b, with,    n)
{
	for (n = 1; n < at_line[a]; n++)
		print lines[n]
	if (a > b)
		print substr(lines[n], 1, from[a] - 1) with (with == "!" ? "" : " ") substr(lines[n], from[a])
	else
		print substr(lines[n], 1, from[a] - 1) with substr(lines[at_line[b]], to[b])
	for (n = (a > b ? n : at_line[b]) + 1; n <= line_count; n++)
		print lines[n]
}

BEGIN {
	read_tokens(file)
	if (replacement ~ /^MUTANT_SWAP/) {
		swap(first)
	} else if (replacement == "MUTANT_NOTHING") {
		replacement = ""
		if (token[last + 1] == "(")
			last = closing(last + 1)
	} else if (replacement == "MUTANT_DELETED") {
		replacement = ""
	}
	gsub(/ ;/, ";", replacement)
	print_with(first, last, replacement)
}
