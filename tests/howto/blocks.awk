# SPDX-License-Identifier: GPL-2.0-only
#
# A page of Documentation/how-to as what a reader does with it, see ./follow. Each block of
# code becomes a file <out>/<number>.<kind>; what the sentence before it says is the kind:
#
#   Run::                                run         commands
#   Run, and see it fail::               fail        likewise
#   You should see::                     see         what the last one printed
#   Write this to ``<file>``::           write       a new file
#   In ``<file>``, replace::             replace     lines of a file
#   In ``<file>``, below::               below       lines of a file
#   with:: / add::                       text        for the last replace or below
#
# The sentence may begin with others, and with a step's number. Where it names a file,
# <number>.file has its name. <out>/list has "<number> <kind> <line>", in order. Another
# sentence before a block ends this with an error: nobody could follow it.

# As reST has it: the lines that are indented least begin at the margin.
function close_block(	i) {
	if (block == "")
		return
	while (lines && text[lines] ~ /^ *$/)
		lines--
	for (i = 1; i <= lines; i++)
		print substr(text[i], depth + 1) >(out "/" block)
	close(out "/" block)
	block = ""
}

function open_block(kind) {
	number++
	block = number "." kind
	lines = 0
	depth = 1000
	print number, kind, FNR >(out "/list")
	if (file != "")
		print file >(out "/" number ".file")
	close(out "/" number ".file")
}

function kind_of(sentence) {
	file = ""
	if (match(sentence, /(In|Write this to) ``[^`]*``[a-z, ]*::$/)) {
		file = substr(sentence, RSTART)
		sub(/^[^`]*``/, "", file)
		sub(/``.*/, "", file)
	}
	if (sentence ~ /(^|[.?:] )Run::$/)
		return "run"
	if (sentence ~ /(^|[.?:] )Run, and see it fail::$/)
		return "fail"
	if (sentence ~ /(^|[.?:] )You should see::$/)
		return "see"
	if (sentence ~ /(^|[.?:] )Write this to ``[^`]*``::$/)
		return "write"
	if (sentence ~ /(^|[.?:] )In ``[^`]*``, replace::$/)
		return "replace"
	if (sentence ~ /(^|[.?:] )In ``[^`]*``, below::$/)
		return "below"
	if (sentence ~ /^(with|add)::$/)
		return "text"
	print FILENAME ":" FNR ": nobody can follow \"" sentence "\"" >"/dev/stderr"
	failed = 1
	exit 1
}

# Width of the indentation.
function indent(line) {
	match(line, /^ */)
	return RLENGTH
}

block != "" && (!NF || indent($0) > margin) {
	if (NF && indent($0) < depth)
		depth = indent($0)
	if (NF || lines)
		text[++lines] = $0
	next
}

{ close_block() }

!NF {
	paragraph = ""
	next
}

{
	line = $0
	if (match(line, /^[0-9]+\. /)) {
		margin = RLENGTH
		line = substr(line, RLENGTH + 1)
	} else if (paragraph == "") {
		margin = indent(line)
	}
	sub(/^ */, "", line)
	paragraph = paragraph == "" ? line : paragraph " " line
}

paragraph ~ /::$/ && paragraph !~ /^\.\. / {
	open_block(kind_of(paragraph))
	paragraph = ""
}

END {
	if (!failed)
		close_block()
}
