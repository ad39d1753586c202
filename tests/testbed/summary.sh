# SPDX-License-Identifier: GPL-2.0-only
#
# Counting results; sourced after lib.sh.

# summarize <TAP file>...: joins them in build/results/summary.tap and prints the
# one line that counts. Fails unless something passed and nothing failed. A file
# that is missing or holds no result counts as a failure.
summarize() {
	awk '
		function flush_file()
		{
			if (file != "" && !results)
				lines[++n] = "not ok - " file " holds no result"
		}
		BEGIN {
			for (i = 1; i < ARGC; i++) {
				file = ARGV[i]
				results = 0
				while ((getline line <file) > 0)
					if (line ~ /^(not )?ok([ \t]|$)/) {
						results++
						lines[++n] = line
					}
				close(file)
				flush_file()
			}
			print "KTAP version 1"
			print "1.." n
			for (i = 1; i <= n; i++) {
				line = lines[i]
				verdict = line ~ /^not/ ? "not ok" : "ok"
				sub(/^(not )?ok[ \t]*[0-9]*[ \t]*(-[ \t]*)?/, "", line)
				print verdict " " i " - " line
			}
		}' "$@" >"$src_dir/build/results/summary.tap"
	awk '
		/^not ok / { failed++ }
		/^ok / { if (/#[ \t]*SKIP/) skipped++; else passed++ }
		END {
			printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
			exit !(passed && !failed)
		}' "$src_dir/build/results/summary.tap"
}
