# SPDX-License-Identifier: GPL-2.0-only
#
# Results of one job as lines that count: what verdict.awk read, held against what was
# expected of it. Prints, separated by tabs,
#	ok|not ok|skip   with   program   test   case   reason
# where "with" says what of this project was there when the test ran:
#	driver, patches, driver+patches   on a host that had them
#	tool      the project's tools were the subject, whatever the host had
#	no host   nothing was booted: sources, packages, tables
#	in-tree   the kernel's own driver instead of this one (DRIVER=in-tree)
#	stock     nothing: a kernel as Debian ships it, and none of our drivers
#
# A skip that tests/expected-skips does not name is a failure. So is a test of a whole job
# that ran another number of cases than tests/census says, or vanished.
#
# Variables: job, kernel (its id, or empty: no host), subject and driver as in scenario.sh,
# whole (empty: only some tests or cases were wanted). Each input file is announced by
# kind=: programs (one name a line), tests (a scenario's), log (marks of inside/host),
# skips, census, raw.

# The last word of a command that is a program of ours.
function program_of(command,    words, n, i)
{
	n = split(command, words, /[ \t"'$()]+/)
	for (i = n; i > 0; i--)
		if (words[i] in is_program)
			return words[i]
	return ""
}

function skip_is_expected(name, what,    i)
{
	sub(/ *#.*/, "", what)
	for (i = 1; i <= skips; i++)
		if (glob(skip_job[i], job) && glob(skip_test[i], name) && glob(skip_case[i], what))
			return 1
	return 0
}

function has(name,    had_driver, patched)
{
	if (kernel == "")
		return "no host"
	had_driver = name in number_of ? number_of[name] in loaded : anywhere
	patched = kernel !~ /^[0-9.]+$/
	if (had_driver && driver != "ours")
		return "in-tree"
	if (had_driver || patched)
		return had_driver && patched ? "driver+patches" : had_driver ? "driver" : "patches"
	return subject == "tool" ? "tool" : "stock"
}

function put(verdict, name, what, reason)
{
	printf "%s\t%s\t%s\t%s\t%s\t%s\n", verdict, has(name), program[name], name, what, reason
	if (verdict == "not ok")
		print "  FAIL  " name ": " what (reason == "" ? "" : " (" reason ")") >"/dev/stderr"
}

function add_skip(line,    f)
{
	split(line, f, /[ \t]+/)
	skip_job[++skips] = f[1]
	skip_test[skips] = f[2]
	skip_case[skips] = f[3]
}

# A test that failed as a whole has said so already.
function compare_with_census(    i, name)
{
	for (i = 1; i <= names; i++) {
		name = listed[i]
		if (expected[name] != ran[name] + 0 && !(name in failed_whole))
			put("not ok", name, "runs all " expected[name] " cases of tests/census", \
				"ran " ran[name] + 0)
	}
}

kind == "programs" { is_program[$1]; next }
kind == "tests" {
	name = command = $0
	sub(/[ \t].*/, "", name)
	sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]+/, "", command)
	number_of[name] = FNR
	program[name] = program_of(command)
	next
}
kind == "log" && /^##testbed driver / { split($0, mark, " "); loaded[mark[3]]; anywhere = 1; next }
kind == "log" { next }
kind == "skips" && NF && !/^#/ { add_skip($0); next }
kind == "skips" { next }
kind == "census" && $1 == job { listed[++names] = $2; expected[$2] = $3; next }
kind == "census" { next }

{
	ran[$2]++
	if ($1 == "not ok" && $4 != "")
		failed_whole[$2]
	if ($1 == "skip" && !skip_is_expected($2, $3)) {
		put("not ok", $2, $3, "skipped, and tests/expected-skips does not name it")
		next
	}
	printf "%s\t%s\t%s\t%s\t%s\t%s\n", $1, has($2), program[$2], $2, $3, $4
}

END {
	if (whole != "")
		compare_with_census()
}
