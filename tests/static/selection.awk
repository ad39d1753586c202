# SPDX-License-Identifier: GPL-2.0-only
#
# What the scenarios leave out of what the programs have; see ./selection. Input, one file
# after the other: exceptions, "has ..." lines, "runs ..." lines.
#
# The harness goes by the first filter that matches (-t, -v, -f: yes; -T, -V, -F: no). What
# none matches runs if there are no positive ones.

/^#/ || !NF { next }

FILENAME ~ /exceptions$/ {
	excepted[$1] = 1
	next
}

$1 == "has" {
	source[$2] = $3
	if ($4 == "listed_test")
		tests[$2] = tests[$2] " " $5 "." $6
	else
		variants[$2, $5] = variants[$2, $5] " " $6
	known[$2, tolower(substr($4, 8, 1)), $6] = known[$2, "f", $5] = 1
	next
}

$1 == "runs" {
	where = $2
	sub(/^runs [^ ]+ /, "")
	n = split($0, commands, /&&|;|\|/)
	for (i = 1; i <= n; i++)
		take(commands[i])
}

# take <simple command>: what stands before a program's name is how it is started
function take(command, words, count, at) {
	count = split(command, words, " ")
	for (at = 1; at <= count; at++)
		if (words[at] !~ /^(env|with-[a-z-]+|[A-Za-z_0-9]+=.*)$/)
			break
	if (at <= count && words[at] in source)
		run(words[at], words, at + 1, count)
}

function run(program, words, at, count, filters, n, i) {
	n = 0
	for (; at < count && words[at] ~ /^-[tvfTVF]$/; at += 2) {
		filters[n, "kind"] = substr(words[at], 2)
		filters[n++, "name"] = words[at + 1]
		if (!((program, tolower(substr(words[at], 2)), words[at + 1]) in known))
			print "tests/scenarios: " where ": " program " has nothing called " words[at + 1]
	}
	select(program, filters, n)
}

function select(program, filters, n, names, count, i, fixture, name, all, variants_of, v) {
	count = split(tests[program], names, " ")
	for (i = 1; i <= count; i++) {
		fixture = names[i]
		sub(/\..*/, "", fixture)
		name = substr(names[i], length(fixture) + 2)
		all = split(variants[program, fixture], variants_of, " ")
		for (v = 1; v <= all || (!all && v == 1); v++)
			if (passes(filters, n, fixture, all ? variants_of[v] : "", name)) {
				ran[program, names[i]] = 1
				ran_variant[program, fixture, variants_of[v]] = 1
			}
	}
}

function passes(filters, n, fixture, variant, name, i, kind, positive, it) {
	it["f"] = fixture
	it["v"] = variant
	it["t"] = name
	for (i = 0; i < n; i++) {
		kind = filters[i, "kind"]
		if (kind ~ /[tvf]/)
			positive = 1
		if (it[tolower(kind)] == filters[i, "name"])
			return kind ~ /[tvf]/
	}
	return !positive
}

# Of a variant for each GPU that a scenario may have, it is enough that one runs.
END {
	for (program in source)
		judge(program)
	for (what in excepted)
		if (!(what in used))
			print "tests/static/selection.exceptions: " what ": make check runs it, or it is gone"
}

function judge(program, names, count, i) {
	if (program in excepted) {
		count = split(tests[program], names, " ")
		for (i = 1; i <= count; i++)
			if (!((program, names[i]) in ran))
				used[program] = 1
		return
	}
	count = split(tests[program], names, " ")
	for (i = 1; i <= count; i++)
		complain(program, names[i], (program, names[i]) in ran)
	for (key in variants) {
		split(key, names, SUBSEP)
		if (names[1] == program)
			judge_variants(program, names[2], variants[key])
	}
}

function judge_variants(program, fixture, list, names, count, i) {
	count = split(list, names, " ")
	for (i = 1; i <= count; i++)
		if (names[i] !~ /^gpu[0-9](_usemem|_resmem)?$/)
			complain(program, fixture "@" names[i], (program, fixture, names[i]) in ran_variant)
}

function complain(program, what, is_run) {
	if (is_run)
		return
	if ((program ":" what) in excepted)
		used[program ":" what] = 1
	else
		print source[program] ": no scenario of make check runs " what
}
