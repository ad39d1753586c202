# SPDX-License-Identifier: GPL-2.0-only
#
# Counts results: tests, cases and runs with this project's code, and those without any of
# it apart. Prints, as the last line, what became of the tests with it; a failure counts
# wherever it was.

# The worse verdict stays.
function remember(verdicts, id, verdict)
{
	if (verdicts[id] == "not ok" || verdicts[id] == "ok" && verdict == "skip")
		return
	verdicts[id] = verdict
}

{
	apart = without_us($3)
	passed += $2 == "ok"
	runs[apart]++
	id = case_identity($1, $4, $5, $6)
	if (!((apart, id) in seen_case))
		cases[apart]++
	seen_case[apart, id]
	id = test_identity($1, $4, $5, $6)
	if (!((apart, id) in seen_test))
		tests[apart]++
	seen_test[apart, id]
	if (!apart || $2 == "not ok")
		remember(verdict_of, id, $2)
}

function figures(apart)
{
	return sprintf("%d tests, %d cases, %d runs", tests[apart], cases[apart], runs[apart])
}

END {
	for (id in verdict_of)
		count[verdict_of[id]]++
	print "          with this project's code: " figures(0) >"/dev/stderr"
	if (runs[1])
		print "          about kernels and drivers without it: " figures(1) >"/dev/stderr"
	printf "%d passed, %d failed, %d skipped\n", count["ok"], count["not ok"], count["skip"]
	exit !(passed && !count["not ok"])
}
