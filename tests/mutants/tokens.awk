# SPDX-License-Identifier: GPL-2.0-only
#
# C source as tokens, which is what mutants are changes of; the others in this directory
# are run with -f tokens.awk before their own. Comments are no tokens, a line of the
# preprocessor is one, with a "#" before it.
#
# read_tokens(<file>) fills, from 1 on: token[], its line in at_line[], the columns of that
# line it begins at and ends before in from[] and to[]; lines[]. Returns how many tokens.
# With the file's function as well, where a token is in one, in in_function[].

# The token that @text begins with.
function first_token(text)
{
	if (match(text, /^[A-Za-z_][A-Za-z0-9_]*/) || match(text, /^[0-9][A-Za-z0-9_.]*/) ||
	    match(text, /^"([^"\\]|\\.)*"/) || match(text, /^'([^'\\]|\\.)*'/) ||
	    match(text, /^(<<=|>>=|\.\.\.|->|\+\+|--|<<|>>|&&|\|\||[-+*\/%&|^=!<>]=)/))
		return substr(text, 1, RLENGTH)
	return substr(text, 1, 1)
}

# Kernel style: only a function's head begins in the first column and has a parenthesis.
function head_of_function(text,    name)
{
	if (text !~ /^[a-z].*\(/ || text ~ /;$/)
		return ""
	name = text
	sub(/\(.*/, "", name)
	sub(/.*[ *]/, "", name)
	return name
}

# The column behind blanks and comments, from @col on; in_comment is kept for the next line.
function skip(text, col,    rest)
{
	for (;;) {
		rest = substr(text, col)
		if (in_comment) {
			if (!index(rest, "*/"))
				return length(text) + 1
			col += index(rest, "*/") + 1
			in_comment = 0
		} else if (rest ~ /^\/\*/) {
			in_comment = 1
			col += 2
		} else if (rest ~ /^\/\//) {
			return length(text) + 1
		} else if (match(rest, /^[ \t]+/)) {
			col += RLENGTH
		} else {
			return col
		}
	}
}

function add_token(line, col, text, name)
{
	token[++token_count] = text
	at_line[token_count] = line
	from[token_count] = col
	to[token_count] = col + length(text)
	in_function[token_count] = name
}

function read_tokens(file,    text, n, col, name, head, found, directive)
{
	token_count = in_comment = line_count = 0
	while ((getline text <file) > 0) {
		lines[n = ++line_count] = text
		head = head_of_function(text)
		if (head != "")
			name = head
		if (directive || text ~ /^#/) {
			add_token(n, 1, "#" text, name)
			directive = text ~ /\\$/
			continue
		}
		for (col = skip(text, 1); col <= length(text); col = skip(text, col)) {
			found = first_token(substr(text, col))
			add_token(n, col, found, name)
			col += length(found)
		}
		if (text ~ /^}/)
			name = ""
	}
	close(file)
	return token_count
}
