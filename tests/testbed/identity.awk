# SPDX-License-Identifier: GPL-2.0-only
#
# What a line of results is about; read before results.awk, count.awk and promises.awk. A
# line of build/results/results.tsv has a job, and then what results.awk prints.
BEGIN { FS = "\t" }

# Does the case come from the kselftest harness: fixture[.variant].function?
function of_harness(what)
{
	return what ~ /^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+){1,2}$/ && what !~ /^[0-9.]+$/
}

# The scenario's or part's name, without variant, kernel and selection.
function scenario_of(job)
{
	sub(/[@+:].*/, "", job)
	return job
}

# The case without the scenario it ran in: the same wherever it runs.
function case_identity(job, program, test, what)
{
	if (what == "")
		return scenario_of(job) ": " test
	return (program == "" ? test : program) ": " what
}

# The function, without its variant.
function test_identity(job, program, test, what,    part)
{
	if (of_harness(what) && split(what, part, ".") == 3)
		what = part[1] "." part[3]
	return case_identity(job, program, test, what)
}

# Did the test run without the driver and the patches of this project, and was it about
# neither its tools nor its sources?
function without_us(with)
{
	return with == "stock" || with == "in-tree"
}

# Does a pattern in which only * is special mean the text?
function glob(pattern, text)
{
	gsub(/[][.^$+?(){}|\\]/, "\\\\&", pattern)
	gsub(/\*/, ".*", pattern)
	return text ~ "^" pattern "$"
}
