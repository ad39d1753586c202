# SPDX-License-Identifier: GPL-2.0-only
#
# Writes the report of nvgrace-gpu-qa: one HTML page that needs nothing else. Reads what
# "report --describe" prints: lines of about, fact, test, figure, case and check, with tabs
# between. After text.awk; QA_DIR in the environment is where the tests' output is.

BEGIN {
	FS = "\t"
	GOOD = "#1a7f37"; BAD = "#b42318"; IDLE = "#8a94a3"; BLUE = "#2563a8"; PALE = "#a9c4e4"
}

function escape(text)
{
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	return text
}

function add_gpu(gpu)
{
	if (gpu in has_gpu)
		return
	has_gpu[gpu] = 1
	gpus[++gpu_count] = gpu
}

$1 == "about" { about_key[++abouts] = $2; about[$2] = $3 }
$1 == "fact" {
	add_gpu($2)
	fact[$2, $3] = $4
	fact_key[$2, ++facts[$2]] = $3
}
$1 == "test" {
	add_gpu($2)
	test_gpu[++tests] = $2
	test[tests] = $3
	split($4, part, " ")
	seconds[tests] = part[1] ~ /^[0-9]+$/ ? part[2] " s" : ""
}
$1 == "figure" {
	if (!(($2, $3) in figure))
		key[$2, ++keys[$2]] = $3
	figure[$2, $3] = $4
}
$1 == "case" {
	n = ++cases[$3, $4]
	case_verdict[$3, $4, n] = $2
	case_name[$3, $4, n] = $5
	case_reason[$3, $4, n] = $6
	count[$3, $4, $2]++
	total[$2]++
}
$1 == "check" { check = check escape(substr($0, 7)) "\n" }

# bytes(n): as people say it
function bytes(n,    unit, units)
{
	split("bytes KiB MiB GiB TiB", units, " ")
	for (unit = 1; unit < 5 && n >= 1024; unit++)
		n /= 1024
	return (n == int(n) ? sprintf("%d", n) : sprintf("%.2f", n)) " " units[unit]
}

# 1234567 -> 1,234,567
function thousands(n,    text)
{
	text = sprintf("%d", n)
	while (text ~ /[0-9][0-9][0-9][0-9]/ && match(text, /[0-9][0-9][0-9][0-9](,|$)/))
		text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
	return text
}

# A bar chart: bar() for each, then draw().
function bar(label, value, text, colour)
{
	bars++
	bar_label[bars] = label
	bar_value[bars] = value
	bar_text[bars] = text
	bar_colour[bars] = colour
	if (value > longest)
		longest = value
}

function draw(title,    i, width, y)
{
	printf "<figure><figcaption>%s</figcaption>\n", title
	printf "<svg viewBox=\"0 0 1040 %d\" role=\"img\" aria-label=\"%s\">\n", bars * 30 + 6, title
	for (i = 1; i <= bars; i++) {
		y = (i - 1) * 30 + 4
		width = longest ? bar_value[i] / longest * 560 : 0
		printf "<text x=\"250\" y=\"%d\" text-anchor=\"end\">%s</text>", y + 16, escape(bar_label[i])
		printf "<rect x=\"262\" y=\"%d\" width=\"%.1f\" height=\"22\" rx=\"2\" fill=\"%s\"/>", \
			y, width < 1 ? 1 : width, bar_colour[i]
		printf "<text x=\"%.1f\" y=\"%d\">%s</text>\n", 272 + width, y + 16, escape(bar_text[i])
	}
	print "</svg></figure>"
	bars = longest = 0
}

function of(gpu, name)
{
	return figure[gpu, name]
}

function sizes(gpu,    usemem, resmem)
{
	usemem = fact[gpu, "usemem_size"]
	resmem = fact[gpu, "resmem_size"]
	bar("USEMEM (cacheable)", usemem, bytes(usemem), BLUE)
	bar("its BAR", fact[gpu, "usemem_bar_size"], bytes(fact[gpu, "usemem_bar_size"]), PALE)
	if (resmem > 0) {
		bar("RESMEM (uncached)", resmem, bytes(resmem), BLUE)
		bar("its BAR", fact[gpu, "resmem_bar_size"], bytes(fact[gpu, "resmem_bar_size"]), PALE)
	}
	draw("Memory, and the BARs that a guest sees it behind")
}

function faults(gpu,    region, name, any)
{
	for (region = 4; region >= 2; region -= 2) {
		name = "faults.region" region "."
		if (!((gpu, name "counted") in figure))
			continue
		any = 1
		bar((region == 4 ? "USEMEM" : "RESMEM") ", counted", of(gpu, name "counted"), \
			thousands(of(gpu, name "counted")) " for " bytes(of(gpu, name "bytes")), BLUE)
		bar("one per page table or rest page", of(gpu, name "wanted"), thousands(of(gpu, name "wanted")), PALE)
	}
	if (any)
		draw("Page faults of the host's CPU to touch all of it")
}

function bandwidth(gpu,    i, part, what, any)
{
	for (i = 1; i <= keys[gpu]; i++) {
		if (split(key[gpu, i], part, ".") != 3 || part[1] != "bandwidth")
			continue
		any = 1
		what = part[2] == "ram" ? "host RAM" : part[2] == "region4" ? "USEMEM" : "RESMEM"
		bar(what ", " part[3], of(gpu, key[gpu, i]), thousands(of(gpu, key[gpu, i])) " MB/s", \
			part[2] == "ram" ? PALE : BLUE)
	}
	if (any)
		draw("Bandwidth of one CPU")
	else
		printf "<p class=\"note\">Bandwidth was not measured: %s.</p>\n", \
			escape(case_reason[gpu, "bandwidth", 1] == "" ? "the test was not run" : case_reason[gpu, "bandwidth", 1])
}

function stage2_row(gpu, name, label,    prefix)
{
	prefix = "stage2." name "."
	if (!((gpu, prefix "entry") in figure))
		return
	printf "<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\n", label, \
		of(gpu, prefix "behaviour"), of(gpu, prefix "entry"), of(gpu, prefix "executable"), \
		bytes(of(gpu, prefix "block"))
}

function stage2(gpu,    i, any)
{
	for (i = 1; i <= keys[gpu]; i++)
		if (key[gpu, i] ~ /^stage2\./)
			any = 1
	if (!any)
		return
	print "<h3>Stage 2: what a guest gets</h3><table>"
	print "<tr><th>memory</th><th>type by behaviour</th><th>type by its entry</th><th>executable</th><th>block</th></tr>"
	stage2_row(gpu, "region4", "USEMEM, by the driver")
	stage2_row(gpu, "region2", "RESMEM, by the driver")
	stage2_row(gpu, "ungated-write-back", "mapped write-back past the driver")
	stage2_row(gpu, "ungated-uncached", "mapped uncached past the driver")
	stage2_row(gpu, "ungated-device", "mapped as Device past the driver")
	print "</table>"
}

function matrix(gpu,    i, k, part, row, rows)
{
	for (i = 1; i <= keys[gpu]; i++) {
		if (key[gpu, i] !~ /^cell\./ || key[gpu, i] == "cell.host")
			continue
		split(of(gpu, key[gpu, i]), part, " ")
		row = "<td>" escape(substr(key[gpu, i], 6)) "</td>"
		for (k = 1; k <= 7; k++)
			row = row "<td" (part[k] == "UNEXPECTED" ? " class=\"bad\"" : "") ">" escape(part[k]) "</td>"
		rows = rows "<tr>" row "</tr>\n"
	}
	if (rows == "")
		return
	print "<h3>What KVM makes of a mapping, by the host's type</h3><table>"
	print "<tr><th>host's type</th><th>memory slot</th><th>fault</th><th>by behaviour</th><th>by entry</th>" \
		"<th>executable</th><th>block</th><th></th></tr>"
	printf "%s</table>\n", rows
}

# file(gpu, name, what): the text of that file of a test; one that is not there is empty
function file(gpu, name, what,    command, line, text)
{
	command = "tr '\\000' '\\001' 2>/dev/null <\"$QA_DIR/" gpu "/" name "/" what "\""
	while ((command | getline line) > 0)
		text = text escape(printable(line)) "\n"
	close(command)
	return text
}

function log_of(gpu, name,    text, kernel, command)
{
	text = file(gpu, name, "output")
	kernel = file(gpu, name, "kernel")
	command = file(gpu, name, "command")
	if (text kernel == "")
		return ""
	return "<details><summary>output</summary><pre>$ " command text "</pre>" \
		(kernel == "" ? "" : "<p>kernel log</p><pre>" kernel "</pre>") "</details>"
}

# What a reader must not have to look for: the failed ones; why something was skipped.
function remarks(gpu, name,    i, text, verdict, skipped)
{
	for (i = 1; i <= cases[gpu, name]; i++) {
		verdict = case_verdict[gpu, name, i]
		if (verdict == "not ok")
			text = text "<div class=\"bad\">" escape(case_name[gpu, name, i]) \
				(case_reason[gpu, name, i] == "" ? "" : ": " escape(case_reason[gpu, name, i])) "</div>"
		if (verdict == "skip" && skipped == "")
			skipped = case_reason[gpu, name, i]
	}
	return text (skipped == "" ? "" : "<div class=\"note\">skipped: " escape(skipped) "</div>")
}

function verdict_of(gpu, name)
{
	return count[gpu, name, "not ok"] ? "failed" : count[gpu, name, "ok"] ? "passed" : "skipped"
}

function results_of(gpu,    i, name, verdict)
{
	print "<h3>Tests</h3><table class=\"tests\">"
	print "<tr><th>test</th><th></th><th>passed</th><th>failed</th><th>skipped</th><th>time</th><th>remarks</th></tr>"
	for (i = 1; i <= tests; i++) {
		if (test_gpu[i] != gpu)
			continue
		name = test[i]
		verdict = verdict_of(gpu, name)
		printf "<tr><td>%s</td><td><span class=\"chip %s\">%s</span></td><td class=\"n\">%d</td><td class=\"n\">%d</td>" \
			"<td class=\"n\">%d</td><td class=\"n\">%s</td><td>%s%s</td></tr>\n", name, verdict, verdict, \
			count[gpu, name, "ok"], count[gpu, name, "not ok"], count[gpu, name, "skip"], seconds[i], \
			remarks(gpu, name), log_of(gpu, name)
	}
	print "</table>"
}

function head()
{
	print "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	printf "<title>nvgrace-gpu QA: %s</title>\n<style>\n", escape(about["host"])
	print "body { font: 15px/1.45 system-ui, sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; color: #1c2430 }"
	print "h1 { font-size: 1.7em; margin-bottom: 0 } h2 { margin-top: 2em; border-bottom: 2px solid #d5dbe3 } h3 { margin: 1.6em 0 .4em }"
	print "table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3em .7em; border-bottom: 1px solid #e3e7ec; vertical-align: top }"
	print "th { background: #f3f5f8; font-weight: 600 } td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }"
	print "table.about td:first-child { width: 11em; color: #556070 } table.about td { overflow-wrap: anywhere }"
	print ".chip { padding: .1em .6em; border-radius: 1em; color: #fff; font-size: .85em }"
	printf ".passed { background: %s } .failed { background: %s } .skipped { background: %s }\n", GOOD, BAD, "#667085"
	printf ".bad { color: %s } .note { color: #556070 } .verdict { font-size: 1.3em; margin: .3em 0 1.2em }\n", BAD
	print "figure { margin: 1.2em 0 } figcaption { font-weight: 600; margin-bottom: .3em } svg { width: 100%; font: 14px system-ui, sans-serif }"
	print "pre { background: #f7f8fa; padding: .8em; overflow-x: auto; font-size: 12.5px; max-height: 40em } summary { cursor: pointer; color: #2563a8 }"
	print "@media print { details { display: none } }\n</style></head><body>"
}

function introduction(    i)
{
	printf "<h1>nvgrace-gpu QA: %s</h1>\n", escape(about["host"])
	if (total["not ok"])
		printf "<p class=\"verdict bad\">%d of %d cases failed</p>\n", total["not ok"], total["ok"] + total["not ok"]
	else if (!total["ok"])
		print "<p class=\"verdict bad\">Nothing was tested</p>"
	else
		printf "<p class=\"verdict\">All %d cases passed; %d were skipped</p>\n", total["ok"], total["skip"]
	bar("passed", total["ok"], total["ok"] + 0, GOOD)
	bar("failed", total["not ok"], total["not ok"] + 0, BAD)
	bar("skipped", total["skip"], total["skip"] + 0, IDLE)
	draw("Cases")
	print "<h2>What was tested</h2><table class=\"about\">"
	for (i = 1; i <= abouts; i++)
		printf "<tr><td>%s</td><td>%s</td></tr>\n", escape(about_key[i]), escape(about[about_key[i]])
	print "</table>"
}

# What the drawing of sizes does not show.
function inventory(gpu,    i, name)
{
	print "<table class=\"about\">"
	for (i = 1; i <= facts[gpu]; i++) {
		name = fact_key[gpu, i]
		if (name ~ /_size$/ || fact[gpu, name] ~ /^[?]?$/)
			continue
		printf "<tr><td>%s</td><td>%s</td></tr>\n", escape(name), escape(fact[gpu, name])
	}
	print "</table>"
}

function about_gpu(gpu)
{
	printf "<h2>GPU %s</h2>\n", gpu
	inventory(gpu)
	sizes(gpu)
	faults(gpu)
	bandwidth(gpu)
	stage2(gpu)
	matrix(gpu)
	results_of(gpu)
}

END {
	head()
	introduction()
	for (i = 1; i <= gpu_count; i++)
		about_gpu(gpus[i])
	printf "<h2>What nvgrace-gpu-check said</h2>\n<pre>%s</pre>\n</body></html>\n", check
}
