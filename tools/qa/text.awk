# SPDX-License-Identifier: GPL-2.0-only
#
# Text that any reader takes. Tests and kernels print any byte; HTML, XML and JSON want
# UTF-8 without control characters. printable(text) has U+FFFD, the replacement character,
# for each byte that is neither, but keeps tabs; field(text) has a blank for a tab.
#
#   awk -f text.awk -f <program>        a program that calls it
#   awk -v filter=1 -f text.awk         standard input, line by line (filter=field: as fields)
#
# LC_ALL=C must be set: a character is a byte here. NULs must be gone (tr '\000' '\001'):
# mawk ends a line at one.

BEGIN {
	for (text_i = 1; text_i < 256; text_i++)
		text_byte[sprintf("%c", text_i)] = text_i
	TEXT_UNKNOWN = "\357\277\275"
}

# byte_in(text, i, low, high): is there a byte at i, from low to high?
function byte_in(text, i, low, high,    byte)
{
	byte = text_byte[substr(text, i, 1)]
	return byte >= low && byte <= high
}

# second_byte(text, i, lead): the second byte of a sequence has bounds of its own where
# others would be overlong, a surrogate, or beyond U+10FFFF.
function second_byte(text, i, lead)
{
	return byte_in(text, i, lead == 224 ? 160 : lead == 240 ? 144 : 128, \
		lead == 237 ? 159 : lead == 244 ? 143 : 191)
}

# sequence(text, i): how many bytes of a character begin at i; 0 if none does. U+0080 to
# U+009F are control characters, too; U+FFFE and U+FFFF are none of XML's.
function sequence(text, i,    lead, length_of, k)
{
	lead = text_byte[substr(text, i, 1)]
	if (lead == 9 || (lead >= 32 && lead < 127))
		return 1
	length_of = lead >= 194 && lead <= 223 ? 2 : lead >= 224 && lead <= 239 ? 3 : lead >= 240 && lead <= 244 ? 4 : 0
	if (!length_of || !second_byte(text, i + 1, lead))
		return 0
	for (k = 2; k < length_of; k++)
		if (!byte_in(text, i + k, 128, 191))
			return 0
	if (lead == 194 && byte_in(text, i + 1, 128, 159))
		return 0
	return substr(text, i, 3) ~ /^\357\277[\276\277]/ ? 0 : length_of
}

function printable(text,    i, n, clean)
{
	if (text !~ /[\001-\010\012-\037\177-\377]/)
		return text
	for (i = 1; i <= length(text); i += n ? n : 1) {
		n = sequence(text, i)
		clean = clean (n ? substr(text, i, n) : TEXT_UNKNOWN)
	}
	return clean
}

function field(text)
{
	gsub(/\t/, " ", text)
	return printable(text)
}

filter == "field" { print field($0) }
filter == 1 { print printable($0) }
