# SPDX-License-Identifier: GPL-2.0-only
#
# Checks that are functions of a shell script; sourced by it.
#
# A check prints what it found and fails. What it printed is kept in $out/<name>.log.
# A tool that is missing fails its check: nothing here is skipped.

# run_checks <name>...: in $src, with a scratch directory $out; KTAP. Never called where
# the shell ignores errors (if, ||): it would in every check.
run_checks() {
	cd "$src"
	mkdir -p "$out"
	out=$(CDPATH='' cd -- "$out" && pwd)
	number=0 failed=0
	echo "KTAP version 1"
	echo "1..$#"
	for name; do
		number=$((number + 1))
		# A subshell with -e on: the first failing command ends the check.
		set +e
		(set -e; "$name") >"$out/$name.log" 2>&1
		status=$?
		set -e
		if [ "$status" = 0 ]; then
			echo "ok $number $name"
		else
			failed=$((failed + 1))
			head -n 40 "$out/$name.log" | sed 's/^/# /'
			echo "not ok $number $name"
		fi
	done
	echo "# Totals: pass:$((number - failed)) fail:$failed"
	[ "$failed" = 0 ]
}
