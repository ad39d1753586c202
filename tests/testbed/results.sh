# SPDX-License-Identifier: GPL-2.0-only
#
# From what tests print to one line that counts; sourced after lib.sh.

# read_verdicts <name>: see verdict.awk
read_verdicts() {
	mawk -W interactive -v scenario="$1" -v verbose="${V:-}" -f "$testbed_dir/verdict.awk"
}

# write_tap <name> <file>: verdict.awk's lines as KTAP, each with the name
write_tap() {
	awk -F '\t' -v scenario="$1" '
		{ lines[NR] = $0 }
		END {
			print "KTAP version 1"
			print "1.." NR
			for (i = 1; i <= NR; i++) {
				split(lines[i], f, "\t")
				text = scenario (f[2] == scenario ? "" : ": " f[2]) (f[3] == "" ? "" : ": " f[3])
				if (f[1] == "skip" && text !~ /# SKIP/)
					text = text " # SKIP"
				if (f[4] != "")
					text = text " (" f[4] ")"
				print (f[1] == "not ok" ? "not ok " : "ok ") i " - " text
			}
		}' "$2"
}

# summarize <TAP file>...: joins them in build/results/summary.tap and prints the
# one line that counts. Fails unless something passed and nothing failed. A file
# that is missing or holds no result counts as a failure.
summarize() {
	for file; do
		if grep -q -E '^(not )?ok ' "$file" 2>/dev/null; then
			grep -E '^(not )?ok ' "$file"
		else
			echo "not ok 1 - $file holds no result"
		fi
	done | awk '
		{ lines[NR] = $0 }
		END {
			print "KTAP version 1"
			print "1.." NR
			for (i = 1; i <= NR; i++) {
				sub(/ok [0-9]+/, "ok " i, lines[i])
				print lines[i]
			}
		}' >"$src_dir/build/results/summary.tap"
	awk '
		/^not ok / { failed++ }
		/^ok / { if (/# SKIP/) skipped++; else passed++ }
		END {
			printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
			exit !(passed && !failed)
		}' "$src_dir/build/results/summary.tap"
}
