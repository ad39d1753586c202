# SPDX-License-Identifier: GPL-2.0-only
#
# Turns what inside/host prints into results, one per line:
#	ok|not ok|skip <tab> test <tab> case <tab> reason
# and tells a person how it goes on standard error. A test whose output is
# (K)TAP has one result per case and must run as many as it planned; any other
# has one, by exit status (0 passed, 4 skipped).
#
# Variables: scenario (name for messages), verbose.

function result(verdict, what, reason)
{
	printf "%s\t%s\t%s\t%s\n", verdict, name, what, reason
	count[verdict]++
	if (verdict == "not ok")
		say("  FAIL  " name ": " what (reason == "" ? "" : " (" reason ")") comments)
}

function say(text)
{
	print text >"/dev/stderr"
}

function begin_test(number, seconds, title)
{
	name = title
	limit = seconds
	running = 1
	tap = planned = seen = failed_cases = 0
	comments = ""
	delete count
}

function case_line(line,    verdict, what)
{
	verdict = line ~ /^not ok/ ? "not ok" : "ok"
	what = line
	sub(/^(not )?ok[ \t]*[0-9]*[ \t]*(-[ \t]*)?/, "", what)
	if (verdict == "ok" && what ~ /#[ \t]*SKIP/)
		verdict = "skip"
	seen++
	result(verdict, what, "")
	comments = ""
}

function output_line(line)
{
	if (line ~ /^(TAP|KTAP) version/) {
		tap = 1
	} else if (line ~ /^1\.\.[0-9]+/) {
		tap = 1
		sub(/^1\.\./, "", line)
		planned += line + 0
	} else if (tap && line ~ /^(not )?ok([ \t]|$)/) {
		case_line(line)
	} else if (line != "") {
		comments = comments "\n        " line
		if (gsub(/\n/, "\n", comments) > 12)
			sub(/^\n[^\n]*/, "", comments)
	}
}

function end_test(status, ms,    timed_out)
{
	running = 0
	timed_out = status == 124 || status == 137
	if (timed_out)
		result("not ok", "finishes in " limit " s", "stopped")
	else if (!tap || (status == 4 && !seen))
		result(status == 0 ? "ok" : status == 4 ? "skip" : "not ok", "", \
			status == 0 || status == 4 ? "" : "exit status " status)
	else if (seen != planned || !seen)
		result("not ok", "runs all " planned " cases", "ran " seen ", exit status " status)
	else if (status != 0 && !count["not ok"])
		result("not ok", "exit status", status " although no case failed")
	say(sprintf("  %-4s  %-28s %3d passed%s%s  %.1f s", count["not ok"] ? "FAIL" : "ok", name,
		count["ok"], count["not ok"] ? ", " count["not ok"] " failed" : "",
		count["skip"] ? ", " count["skip"] " skipped" : "", ms / 1000))
}

{
	sub(/\r$/, "")
	if (verbose)
		say("  | " $0)
}
/^##testbed up/ { say("  host of " scenario " is up"); next }
/^##testbed bindfailed/ { name = "bind"; result("not ok", $3, "driverctl could not bind it"); next }
/^##testbed start/ { begin_test($3, $4, $5); next }
/^##testbed end/ { if (running) end_test($4 + 0, $5); next }
/^##testbed/ { next }
running { output_line($0); next }
{ comments = comments "\n        " $0 }
