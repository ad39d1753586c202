# SPDX-License-Identifier: GPL-2.0-only
#
# Compares two files of what ./cases prints; see ./compare. Variable: ratio.
#
# A test that nvgrace-gpu-qa ran several times (--repeat) counts as one: it is as red as the
# worst of them, and took as long as they did on average. What repeats it is a number after
# a dot at the end of its name, as that says which time it was.

BEGIN {
	FS = "\t"
	rank["skip"] = 1
	rank["ok"] = 2
	rank["not ok"] = 3
}

FNR == 1 { side++ }

# The worst of all with this name counts.
function add_case(verdict, suite, test, name, reason,    key)
{
	sub(/\.[0-9]+$/, "", test)
	key = suite SUBSEP test SUBSEP name
	if (!(key in seen)) {
		seen[key] = 1
		order[++keys] = key
		label[key] = suite (test == "" ? "" : ": " test) (name == "" ? "" : ": " name)
	}
	if (rank[verdict] > rank[verdicts[side, key]]) {
		verdicts[side, key] = verdict
		reasons[side, key] = reason
	}
	passed[side, suite, test] += verdict == "ok"
	failed[side, suite, test] += verdict == "not ok"
}

function add_time(suite, test, seconds)
{
	sub(/\.[0-9]+$/, "", test)
	if (side == 1 && !((suite, test) in times_of))
		timed[++times] = suite SUBSEP test
	times_of[suite, test] = 1
	sum[side, suite, test] += seconds
	runs[side, suite, test]++
}

$1 == "case" { add_case($2, $3, $4, $5, $6) }
$1 == "time" && $3 != "" { add_time($2, $3, $4) }

function report(kind, text)
{
	count[kind]++
	lines[kind, count[kind]] = text
}

# What only says that a test went wrong is not there when it goes well.
function went_well(key,    part)
{
	split(key, part, SUBSEP)
	return all_passed(2, part[1] SUBSEP part[2])
}

function judge(key,    a, b, why)
{
	a = verdicts[1, key]
	b = verdicts[2, key]
	why = reasons[2, key] == "" ? "" : " (" reasons[2, key] ")"
	if (b == "not ok" && a != "not ok")
		report("new red", label[key] why)
	else if (a == "not ok" && (b == "ok" || (b == "" && went_well(key))))
		report("new green", label[key])
	else if (a != "" && b == "")
		report("vanished", label[key])
	else if (a ~ /ok/ && b == "skip")
		report("vanished", label[key] ": skipped" why)
	else if (b == "ok" && a != "ok")
		report("added", label[key])
}

function all_passed(side, test)
{
	return passed[side, test] && !failed[side, test]
}

function judge_time(test,    a, b, part)
{
	if (!all_passed(1, test) || !all_passed(2, test) || !runs[2, test])
		return
	a = sum[1, test] / runs[1, test]
	b = sum[2, test] / runs[2, test]
	split(test, part, SUBSEP)
	if (b >= a * ratio && b >= a + 2)
		report("slower", sprintf("%s: %s: %.1f s, was %.1f s", part[1], part[2], b, a))
}

function show(kind,    i)
{
	if (count[kind])
		print kind ":"
	for (i = 1; i <= count[kind]; i++)
		print "  " lines[kind, i]
}

END {
	for (i = 1; i <= keys; i++)
		judge(order[i])
	for (i = 1; i <= times; i++)
		judge_time(timed[i])
	n = split("new red,vanished,new green,added,slower", kinds, ",")
	for (i = 1; i <= n; i++)
		show(kinds[i])
	for (i = 1; i <= n; i++)
		printf "%d %s%s", count[kinds[i]], kinds[i], i < n ? ", " : "\n"
	exit count["new red"] + count["vanished"] > 0
}
