# SPDX-License-Identifier: GPL-2.0-only
#
# The coverage map of one scenario: which of its tests run which line of the driver. Reads
# lines.awk's output ("section block file function line"), then what the tests printed with
# the driver that counts its blocks.
#
# Prints, with tabs: file, function, the line's text, scenario:test of each test that runs
# it. Lines of the same text in one function are one. Writes "scenario:test milliseconds"
# to -v times=. -v src= is the tree, -v scenario= the name.

FNR == NR {
	lines_of[$1, $2] = lines_of[$1, $2] SUBSEP $3 " " $4 " " $5
	known[$3 " " $4 " " $5] = 1
	next
}

/^##testbed start/ {
	test = $5
	sub(/^[^.]*\./, "", test)
	delete base
}

/^##testbed end/ { print scenario ":" test, $5 >times }

/^# section / { base[$3] = number($4) }

/^# blocks / {
	for (i = 3; i <= NF; i++)
		ran(number($i))
}

# mawk reads no hexadecimal, and its numbers are exact to 53 bits: the upper ones are cut.
function number(hex,    n, i)
{
	sub(/^0x/, "", hex)
	hex = substr(hex, length(hex) - 11)
	for (i = 1; i <= length(hex); i++)
		n = n * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
	return n
}

function ran(address,    name, offset, nearest)
{
	for (name in base)
		if (base[name] <= address && (nearest == "" || base[name] > base[nearest]))
			nearest = name
	offset = sprintf("%x", address - base[nearest])
	hits++
	if (!((nearest, offset) in lines_of)) {
		lost++
		return
	}
	add_test(lines_of[nearest, offset], scenario ":" test)
}

function add_test(list, who,    n, part, i)
{
	n = split(list, part, SUBSEP)
	for (i = 2; i <= n; i++)
		if (!seen[part[i], who]++)
			tests[part[i]] = tests[part[i]] " " who
}

function text_of(file, wanted,    line, n)
{
	if (!(file in length_of)) {
		while ((getline line <(src "/" file)) > 0) {
			gsub(/\t/, " ", line)
			gsub(/^ +| +$/, "", line)
			text[file, ++n] = line
		}
		length_of[file] = n
	}
	return text[file, wanted]
}

END {
	if (!hits || lost * 20 > hits) {
		printf "error: %d of %d blocks that ran are not the driver's\n", lost, hits >"/dev/stderr"
		exit 1
	}
	for (key in known) {
		split(key, part, " ")
		printf "%s\t%s\t%s\t%s\n", part[1], part[2], text_of(part[1], part[3]), tests[key]
	}
}
