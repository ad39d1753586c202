# SPDX-License-Identifier: GPL-2.0-only
#
# For ./differences: reads "report <tab> directory", then what "report --describe" prints,
# for each report. What is said of a machine is said of each of its GPUs.

BEGIN {
	FS = "\t"
	split("tested,host,runs,only,excluded,machine serial number,serial_number,device_serial_number," \
		"numa_node,iommu_group", list, ",")
	for (i in list)
		left_out[list[i]] = 1
}

function set_value(gpu, key, text)
{
	if (key in left_out)
		return
	if (!(key in known)) {
		known[key] = 1
		order[++keys] = key
	}
	value[gpu, key] = text
}

function add_gpu(address)
{
	gpu = report SUBSEP address
	if (gpu in name)
		return
	name[gpu] = host " " address
	gpus[++gpu_count] = gpu
	for (i = 1; i <= abouts; i++)
		set_value(gpu, about_key[i], about[i])
}

# add_test(key, test): one of those that failed, or were skipped; each once
function add_test(key, test)
{
	if ((gpu, key, test) in listed)
		return
	listed[gpu, key, test] = 1
	tests[gpu, key] = tests[gpu, key] (tests[gpu, key] == "" ? "" : ", ") test
}

$1 == "report" {
	report = ++reports
	host = $2
	abouts = 0
}
$1 == "about" && $2 == "host" { host = $3 }
$1 == "about" { about_key[++abouts] = $2; about[abouts] = $3 }
$1 == "fact" { add_gpu($2); set_value(gpu, $3, $4) }
$1 == "case" && $2 == "not ok" { gpu = report SUBSEP $3; add_test("failed tests", $4) }
$1 == "case" && $2 == "skip" && $5 == "" { gpu = report SUBSEP $3; add_test("skipped tests", $4) }

# gather(key): the different values of all GPUs, and who has each
function gather(key,    i, text)
{
	values = 0
	delete number
	delete owners
	for (i = 1; i <= gpu_count; i++) {
		text = value[gpus[i], key]
		if (text == "")
			text = "-"
		if (!(text in number))
			different[++values] = text
		number[text]++
		owners[text] = owners[text] (number[text] > 1 ? ", " : "") name[gpus[i]]
	}
}

function show(key,    i, k, best)
{
	print key
	for (i = 1; i <= values; i++) {
		best = ""
		for (k = 1; k <= values; k++)
			if (number[different[k]] > (best == "" ? 0 : number[best]))
				best = different[k]
		printf "  %-32s  %d: %s\n", best, number[best], owners[best]
		number[best] = 0
	}
}

END {
	for (i = 1; i <= gpu_count; i++) {
		set_value(gpus[i], "failed tests", tests[gpus[i], "failed tests"])
		set_value(gpus[i], "skipped tests", tests[gpus[i], "skipped tests"])
	}
	for (k = 1; k <= keys; k++) {
		gather(order[k])
		if (values > 1) {
			show(order[k])
			found++
		}
	}
	printf "%d GPUs of %d reports: %d attributes differ, %d are the same\n", gpu_count, reports, found, keys - found
}
