# SPDX-License-Identifier: GPL-2.0-only
#
# From what tests print to one line that counts; sourced after lib.sh.
#
#   test    one function of a program, or one script's result by its name, wherever it ran
#   case    a test with its variant
#   run     a case on one host and kernel: a line of results.tap
results=${RESULTS:-$src_dir/build/results}
expected_skips=$src_dir/tests/expected-skips
census=$src_dir/tests/census

# read_verdicts <name>: see verdict.awk
read_verdicts() {
	mawk -W interactive -v scenario="$1" -v verbose="${V:-}" -f "$testbed_dir/verdict.awk"
}

# programs_of_ours: names of what tests can run, one a line
programs_of_ours() {
	for file in "$src_dir"/tests/*/*.c "$src_dir"/tests/*/bin/*; do
		file=${file##*/}
		echo "${file%.c}"
	done
}

# results_of <job> <kernel id or ''> <raw results> <tests> <log>: see results.awk; set are
# SUBJECT, and only_test where a part of the job was wanted
results_of() {
	programs_of_ours | mawk -v job="$1" -v kernel="$2" -v subject="${SUBJECT:-}" \
		-v driver="${DRIVER:-ours}" -v whole="$([ -n "${only_test:-}" ] || echo yes)" \
		-f "$testbed_dir/identity.awk" -f "$testbed_dir/results.awk" kind=programs - kind=tests "$4" kind=log "$5" \
		kind=skips "$expected_skips" kind=census "$census" kind=raw "$3"
}

# write_tap <job> <results>: lines of results.awk as KTAP, each with the job's name
write_tap() {
	awk -F '\t' -v job="$1" '
		{ lines[NR] = $0 }
		END {
			print "KTAP version 1"
			print "1.." NR
			for (i = 1; i <= NR; i++) {
				split(lines[i], f, "\t")
				text = job (f[4] == job ? "" : ": " f[4]) (f[5] == "" ? "" : ": " f[5])
				if (f[1] == "skip" && text !~ /# SKIP/)
					text = text " # SKIP"
				if (f[6] != "")
					text = text " (" f[6] ")"
				print (f[1] == "not ok" ? "not ok " : "ok ") i " - " text
			}
		}' "$2"
}

# write_results <job> <kernel id or ''> <raw results> <tests> <log> <directory>:
# results.tsv and results.tap
write_results() {
	results_of "$1" "$2" "$3" "$4" "$5" >"$6/results.tsv"
	write_tap "$1" "$6/results.tsv" >"$6/results.tap"
}

# all_results <job>...: lines of their results.tsv, each after the job's name. A job without
# any result has failed.
all_results() {
	for job; do
		if [ -s "$results/$job/results.tsv" ]; then
			sed "s|^|$job	|" "$results/$job/results.tsv"
		else
			printf '%s\tnot ok\tno host\t\t%s\t\tit left no result\n' "$job" "$job"
		fi
	done
}

# summarize <job>...: joins their results in build/results/{results.tsv,summary.tap}, says
# what there is of tests, cases and runs, and prints the one line that counts. Fails unless
# something passed and nothing failed.
summarize() {
	all_results "$@" >"$results/results.tsv"
	for job; do
		cat "$results/$job/results.tap" 2>/dev/null ||
			echo "not ok 1 - $job (it left no result)"
	done | awk '
		/^(not )?ok / { sub(/ok [0-9]+/, "ok " ++n); lines[n] = $0 }
		END {
			print "KTAP version 1"
			print "1.." n
			for (i = 1; i <= n; i++)
				print lines[i]
		}' >"$results/summary.tap"
	mawk -f "$testbed_dir/identity.awk" -f "$testbed_dir/count.awk" "$results/results.tsv"
}
