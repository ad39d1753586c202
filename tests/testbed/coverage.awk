# SPDX-License-Identifier: GPL-2.0-only
#
# Reads coverage.exceptions, then what gcov says about each source line, any number of
# times ("count:number:text", "#####" for one that did not run); see coverage.

BEGIN { FS = "\t" }

# file <tab> function <tab> reason
FNR == NR {
	if (/^[^#]/) {
		reason[$1, $2] = $3
	}
	next
}

# Names are absolute or not, depending on the kernel.
/^ *-: *0:Source:/ {
	file = $0
	sub(/^ *-: *0:Source:/, "", file)
	sub(/^.*\/driver\//, "", file)
	# Of trace.h the compiler knows macros only, not what is in them.
	ours = file ~ /^(drivers|compat)\// && file !~ /\/trace\.h$/
	sub(/^.*\//, "", file)
	name = ""
	next
}

ours && match($0, /^ *[^:]*: *[0-9]+:/) {
	split($0, part, ":")
	line = part[2] + 0
	text = substr($0, RLENGTH + 1)
	if (text ~ /^[a-z].*\(/ && text !~ /;$/) {
		name = text
		sub(/\(.*/, "", name)
		sub(/.*[ *]/, "", name)
	}
	if (part[1] ~ /[0-9]/)
		ran[file, line] = 1
	if (part[1] ~ /[0-9#=]/ && !((file, line) in source)) {
		source[file, line] = text
		function_of[file, line] = name
		last[file] = line > last[file] ? line : last[file]
	}
}

function judge(passed, what)
{
	printf "%sok %d - %s\n", passed ? "" : "not ", ++cases, what
	failed += !passed
}

# Counts the lines of @name; those that did not run are told, with the reason.
function weigh(name,    n, lines, runs, key)
{
	for (n = 1; n <= last[name]; n++) {
		if (!((name, n) in source))
			continue
		lines++
		if ((name, n) in ran) {
			runs++
			continue
		}
		key = name SUBSEP function_of[name, n]
		if (!(key in reason))
			unexplained++
		told = told sprintf("# %s:%d: %s(): %s\n#     %s\n", name, n, function_of[name, n],
			(key in reason) ? reason[key] : "NO REASON GIVEN", source[name, n])
	}
	printf "# |%-14s %4d of %4d lines ran, %5.1f in 100\n", name, runs, lines, 100 * runs / lines
	all_lines += lines
	all_runs += runs
}

END {
	print "KTAP version 1"
	print "1..2"
	for (name in last)
		names[++count] = name
	for (i = 1; i <= count; i++)
		for (j = i + 1; j <= count; j++)
			if (names[j] < names[i]) {
				name = names[i]
				names[i] = names[j]
				names[j] = name
			}
	for (i = 1; i <= count; i++)
		weigh(names[i])
	printf "%s", told
	printf "# |%-14s %4d of %4d lines ran, %5.1f in 100\n", "all", all_runs, all_lines,
		all_lines ? 100 * all_runs / all_lines : 0
	judge(all_lines && all_runs * 100 >= all_lines * 95, "95 lines in 100 ran")
	judge(all_lines && !unexplained, "each other line is explained in coverage.exceptions")
	exit failed != 0
}
