# SPDX-License-Identifier: GPL-2.0-only
#
# Results of a shell script, as KTAP; sourced by it. On the emulated host and in its guests
# this file is /payload/lib/tap.sh.
#
#   begin_results [number]      comes first; the number of results, if it is known by then
#   check <name> <command>...   runs the command: its status is the result
#   result ok|"not ok" <name>   is a result that is known; "<name> # SKIP <reason>" is a skip
#   end_results                 comes last; fails if a result is "not ok"
#
#   eventually <seconds> <command>...
#                               waits in a check until the command succeeds
#   run_checks <name>...        all of that, for a script whose checks are functions
#
# They set number (of results), failed (how many of them) and verdict (of the last check). A
# script may set prefix, which goes before each name, and trace= (empty), which leaves out
# what a check executes.
#
# The first command in a check that fails ends it. So neither check nor run_checks is ever
# called where the shell ignores errors (if, ||): it would ignore them in the check, too.
number=0 failed=0 planned='' prefix='' trace=x

begin_results() {
	planned=${1:-}
	echo "KTAP version 1"
	[ -z "$planned" ] || echo "1..$planned"
}

result() {
	number=$((number + 1))
	[ "$1" = ok ] || failed=$((failed + 1))
	echo "$1 $number - $prefix$2"
}

# What the command prints goes with its result.
check() {
	name=$1
	shift
	set +e
	output=$(set -e$trace; "$@" 2>&1)
	status=$?
	set -e
	[ -z "$output" ] || printf '%s\n' "$output" | sed 's/^\(# \)\{0,1\}/# /'
	verdict=ok
	[ "$status" = 0 ] || verdict="not ok"
	result "$verdict" "$name"
}

eventually() {
	deadline=$(($(date +%s) + $1))
	shift
	until "$@"; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
		sleep 0.2
	done
}

end_results() {
	[ -n "$planned" ] || echo "1..$number"
	echo "# Totals: pass:$((number - failed)) fail:$failed"
	[ "$failed" = 0 ]
}

# run_checks <name>...: in $src, with a scratch directory $out. What a check prints is kept
# in $out/<name>.log, and shown if it fails. A tool that is missing fails its check: nothing
# is skipped.
run_checks() {
	cd "$src"
	mkdir -p "$out"
	out=$(CDPATH='' cd -- "$out" && pwd)
	begin_results $#
	for name; do
		set +e
		(set -e; "$name") >"$out/$name.log" 2>&1
		status=$?
		set -e
		verdict=ok
		[ "$status" = 0 ] || { verdict="not ok"; head -n 40 "$out/$name.log" | sed 's/^/# /'; }
		result "$verdict" "$name"
	done
	end_results
}
