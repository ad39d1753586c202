# SPDX-License-Identifier: GPL-2.0-only
#
# Writes report.json of nvgrace-gpu-qa. Reads what "report --describe" prints, which is
# UTF-8 without control characters. nvgrace-gpu-qa(8) says what is in it: a key's type
# does not change within a version of the schema, new keys may come.

BEGIN {
	FS = "\t"
	SCHEMA = 1
	split("page_size usemem_size usemem_bar_size resmem_size resmem_bar_size numa_node " \
		"iommu_group link_width bad_page_count runs cpus", list, " ")
	for (i in list)
		is_number_key[list[i]] = 1
	result["ok"] = "passed"
	result["not ok"] = "failed"
	result["skip"] = "skipped"
}

# string(text): awks differ in what gsub() makes of a backslash
function string(text,    i, char, json)
{
	if (text !~ /["\\]/)
		return "\"" text "\""
	for (i = 1; i <= length(text); i++) {
		char = substr(text, i, 1)
		json = json (char == "\"" || char == "\\" ? "\\" : "") char
	}
	return "\"" json "\""
}

function is_number(text)
{
	return text ~ /^-?(0|[1-9][0-9]*)([.][0-9]+)?$/
}

# value(key, text): of the type that the key has; null where it is not known
function value(key, text)
{
	if (key in is_number_key)
		return is_number(text) ? text : "null"
	return text == "" || text == "?" ? "null" : string(text)
}

# member(list, key, json): the list and one more
function member(list, key, json)
{
	return list (list == "" ? "" : ", ") string(key) ": " json
}

function element(list, json)
{
	return list (list == "" ? "" : ",\n") json
}

function add_gpu(gpu)
{
	if (!(gpu in facts)) {
		gpus[++gpu_count] = gpu
		facts[gpu] = ""
	}
}

$1 == "about" {
	key = tolower($2)
	gsub(/[^a-z0-9]+/, "_", key)
	about = member(about, key, value(key, $3))
}

$1 == "fact" {
	add_gpu($2)
	facts[$2] = member(facts[$2], $3, value($3, $4))
}

# What was measured several times is what was measured last.
$1 == "figure" {
	if (!(($2, $3) in figure))
		figure_key[$2, ++figures[$2]] = $3
	figure[$2, $3] = is_number($4) ? $4 : string($4)
}

# The status: see nvgrace-gpu-qa. A test that did not come to its end has no seconds.
$1 == "test" {
	add_gpu($2)
	test[$2, ++tests[$2]] = $3
	n = split($4, part, " ")
	ended[$2, $3] = part[1] ~ /^[0-9]+$/
	status[$2, $3] = part[1]
	seconds[$2, $3] = part[2]
	limit[$2, $3] = part[3]
}

$1 == "case" {
	total[$2]++
	had[$3, $4, $2] = 1
	cases[$3, $4] = element(cases[$3, $4], "        {" \
		member(member(member("", "name", string($5)), "result", string(result[$2])), "reason", \
		$6 == "" ? "null" : string($6)) "}")
}

function test_object(gpu, name,    json, plain, run)
{
	plain = name
	run = 1
	if (match(name, /[.][0-9]+$/)) {
		plain = substr(name, 1, RSTART - 1)
		run = substr(name, RSTART + 1)
	}
	json = member(json, "name", string(plain))
	json = member(json, "run", run)
	json = member(json, "result", string((gpu, name, "not ok") in had ? "failed" : (gpu, name, "ok") in had ? "passed" : "skipped"))
	json = member(json, "exit_status", ended[gpu, name] ? status[gpu, name] : "null")
	json = member(json, "seconds", ended[gpu, name] ? seconds[gpu, name] : "null")
	json = member(json, "limit", ended[gpu, name] ? limit[gpu, name] : "null")
	return "      {" json ", \"cases\": [\n" cases[gpu, name] "]}"
}

function gpu_object(gpu,    i, list, measured)
{
	for (i = 1; i <= figures[gpu]; i++)
		measured = member(measured, figure_key[gpu, i], figure[gpu, figure_key[gpu, i]])
	for (i = 1; i <= tests[gpu]; i++)
		list = element(list, test_object(gpu, test[gpu, i]))
	return "    {" member("", "address", string(gpu)) ",\n    \"facts\": {" facts[gpu] "},\n    \"figures\": {" \
		measured "},\n    \"tests\": [\n" list "]}"
}

END {
	for (i = 1; i <= gpu_count; i++)
		list_of_gpus = element(list_of_gpus, gpu_object(gpus[i]))
	printf "{\"schema\": \"nvgrace-gpu-qa\", \"schema_version\": %d,\n", SCHEMA
	printf "  \"about\": {%s},\n", about
	printf "  \"totals\": {\"passed\": %d, \"failed\": %d, \"skipped\": %d},\n", total["ok"], total["not ok"], total["skip"]
	printf "  \"gpus\": [\n%s]}\n", list_of_gpus
}
