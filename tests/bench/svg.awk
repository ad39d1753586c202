# SPDX-License-Identifier: GPL-2.0-only
#
# Figures (figures.awk) as a picture. Above, for each kernel, what this driver needs of what
# the in-tree one does, as bars to the left (less) or to the right (more) of 1; below, how
# what grows with size, vCPUs or GPUs grows: both axes logarithmic, a dashed line for what
# is possible at best.

BEGIN {
	width = 1000; middle = 690; octave = 36; bar = 19; smallest = 1 / 512; largest = 64
	panel = 480; panel_height = 250
}

function log2(x)
{
	return log(x) / log(2)
}

function text(x, y, anchor, class, s)
{
	return sprintf("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">%s</text>\n", x, y, anchor, class, s)
}

function within(x, low, high)
{
	return x < low ? low : x > high ? high : x
}

# What the axis of the bars says, over all of them.
function scale(y,    times, s)
{
	for (times = smallest; times <= largest; times *= 8) {
		s = s text(middle + octave * log2(times), y - 4, "middle", "small", times < 1 ? "1/" 1 / times : times)
	}
	return s
}

function one_bar(y, label, ratio,    x, s)
{
	for (x = smallest; x <= largest; x *= 8)
		s = s sprintf("<path class=\"grid\" d=\"M%.1f %.1fv%d\"/>\n", middle + octave * log2(x), y, bar)
	x = octave * log2(within(ratio, smallest, largest))
	s = s text(middle - octave * 9 - 12, y + 14, "end", "", label)
	s = s sprintf("<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"/>\n", ratio > 1.1 ? "more" : "less", \
		x < 0 ? middle + x : middle, y + 3, (x < 0 ? -x : x) + 1, bar - 6)
	return s text(x < 0 ? middle + 6 : middle + x + 6, y + 14, "start", "small", sprintf(ratio < 0.1 ? "%.4f" : "%.2f", ratio))
}

function bars(    i, part, kernel, body)
{
	for (i = 1; i <= rows; i++) {
		split(order[i], part, SUBSEP)
		if (!(value[order[i], "in-tree"] > 0) || value[order[i], "ours"] == "")
			continue
		if (part[1] != kernel) {
			kernel = part[1]
			top += 46
			body = body text(12, top, "start", "head", "Linux " kernel ": this driver / in-tree")
			body = body scale(top)
			top += 8
		}
		body = body one_bar(top, part[2] ", " part[3], value[order[i], "ours"] / value[order[i], "in-tree"])
		top += bar
	}
	return body
}

# Sorts a row into a curve by the number in its name; 0 if it belongs to none.
function curve_of(name, unit, kernel)
{
	if (name ~ /-vcpus$/) {
		at = name
		sub(/^.*[.]/, "", at)
		sub(/[.][0-9]+-vcpus$/, " by vCPUs", name)
	} else if (name ~ /^use[.]gpu-/) {
		at = name
		sub(/^.*-/, "", at)
		name = "use: one more GPU"
	} else if (name ~ /[.][0-9.]+G$/ && name !~ /^(read|write|kept)/) {
		match(name, /[.][0-9.]+G$/)
		at = substr(name, RSTART + 1)
		name = substr(name, 1, RSTART - 1) " by GiB"
	} else {
		return 0
	}
	at += 0
	curve = kernel SUBSEP name SUBSEP unit
	return 1
}

function collect(    i, part)
{
	for (i = 1; i <= rows; i++) {
		split(order[i], part, SUBSEP)
		if (!curve_of(part[2], part[3], part[1]) || !(value[order[i], "ours"] > 0))
			continue
		if (!(curve in points))
			curves[++panels] = curve
		x_of[curve, ++points[curve]] = at
		row_of[curve, points[curve]] = order[i]
	}
}

function widen(y)
{
	if (y > 0 && (low == 0 || y < low))
		low = y
	if (y > high)
		high = y
}

# Three digits and a suffix.
function short(n,    power)
{
	while (n >= 1000 && power < 4) {
		n /= 1000
		power++
	}
	return sprintf("%.3g%s", n, substr(" kMGT", power + 1, power > 0))
}

function px(x)
{
	return left + 70 + (panel - 110) * (right == first ? 0.5 : log2(x / first) / log2(right / first))
}

function py(y)
{
	return above + panel_height - 45 - (panel_height - 90) * log2(y / low) / log2(high / low)
}

function line_of(c, which, class,    i, y, d, s)
{
	for (i = 1; i <= points[c]; i++) {
		y = which == "best" ? best[row_of[c, i]] : value[row_of[c, i], which]
		if (!(y > 0))
			continue
		d = d (d == "" ? "M" : "L") sprintf("%.1f %.1f", px(x_of[c, i]), py(y))
		if (which != "ours")
			continue
		s = s sprintf("<circle class=\"ours\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>\n", px(x_of[c, i]), py(y))
		# The next one would run into this one.
		if (i == 1 || px(x_of[c, i]) - labelled > 26) {
			labelled = px(x_of[c, i])
			s = s text(labelled, above + panel_height - 26, "middle", "small", x_of[c, i])
		}
	}
	return d == "" ? s : sprintf("<path class=\"%s\" d=\"%s\"/>\n", class, d) s
}

function draw(c,    i, part, s)
{
	low = high = 0
	first = x_of[c, 1]
	right = x_of[c, points[c]]
	for (i = 1; i <= points[c]; i++) {
		widen(value[row_of[c, i], "ours"])
		widen(value[row_of[c, i], "in-tree"])
		widen(best[row_of[c, i]])
	}
	# What differs by little is to look like it.
	low = within(low, 0, high / 8)
	split(c, part, SUBSEP)
	s = text(left + 12, above + 20, "start", "head", part[2] ", " part[3])
	s = s text(left + 12, above + 36, "start", "small", "Linux " part[1])
	s = s text(left + 62, py(high) + 4, "end", "small", short(high)) text(left + 62, py(low) + 4, "end", "small", short(low))
	s = s sprintf("<path class=\"axis\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n", left + 66, above + 40, above + panel_height - 40, left + panel - 30)
	return s line_of(c, "best", "best") line_of(c, "in-tree", "theirs") line_of(c, "ours", "line")
}

function growth(    i, shown, body)
{
	collect()
	top += 40
	for (i = 1; i <= panels; i++) {
		if (points[curves[i]] < 3)
			continue
		left = shown % 2 ? 510 : 10
		above = top + int(shown / 2) * panel_height
		body = body draw(curves[i])
		shown++
	}
	top += int((shown + 1) / 2) * panel_height
	return body
}

END {
	body = bars() growth()
	body = body "<path class=\"line\" d=\"M20 " top + 12 "h30\"/>" text(56, top + 16, "start", "small", "this driver")
	body = body "<path class=\"theirs\" d=\"M150 " top + 12 "h30\"/>" text(186, top + 16, "start", "small", "in-tree")
	body = body "<path class=\"best\" d=\"M260 " top + 12 "h30\"/>" text(296, top + 16, "start", "small", "possible at best")
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"DejaVu Sans, Helvetica, sans-serif\" font-size=\"13\" role=\"img\">\n", width, top + 34
	print "<title>What the driver costs, beside the in-tree one</title>"
	print "<style>text { fill: #222 } .head { font-weight: bold } .small { font-size: 11px; fill: #555 } .grid { stroke: #dde2e7 } .axis { stroke: #777; fill: none }"
	print ".less { fill: #2e7d46 } .more { fill: #c77d17 } .line { stroke: #2e7d46; stroke-width: 2; fill: none } .ours { fill: #2e7d46 }"
	print ".theirs { stroke: #7a4fa3; stroke-width: 2; fill: none } .best { stroke: #777; stroke-dasharray: 5 4; fill: none }</style>"
	print "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
	printf "%s</svg>\n", body
}
