# SPDX-License-Identifier: GPL-2.0-only
#
# Figures (figures.awk) as data and sizes for gnuplot, in its own language; figures.gp draws
# them. $bars has a block per kernel, "name" <ratio>: what this driver needs of what the
# in-tree one does. $curves has a block per thing that grows with size, vCPUs or GPUs: at
# what, what is written below it, this driver, the in-tree one, what is possible at best. A
# figure that there is not is NaN. Two empty lines end a block.

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
			curves[++curve_count] = curve
		x_of[curve, ++points[curve]] = at
		row_of[curve, points[curve]] = order[i]
	}
}

function bars(    i, part, kernel)
{
	for (i = 1; i <= rows; i++) {
		split(order[i], part, SUBSEP)
		if (!(value[order[i], "in-tree"] > 0) || value[order[i], "ours"] == "")
			continue
		if (part[1] != kernel) {
			if (kernel != "")
				print "\n"
			kernel = part[1]
			kernels[++kernel_count] = kernel
		}
		bar_count[kernel_count]++
		printf "\"%s, %s\" %.9f\n", part[2], part[3], value[order[i], "ours"] / value[order[i], "in-tree"]
	}
}

function shown(n)
{
	if (!(n > 0))
		return "NaN"
	if (low == 0 || n < low)
		low = n
	if (n > high)
		high = n
	return sprintf("%.9g", n)
}

# Where the next label would run into this one, it is left empty.
function label_at(c, i,    gap)
{
	gap = x_of[c, points[c]] / x_of[c, 1]
	if (i > 1 && gap > 1 && log(x_of[c, i] / labelled) / log(gap) < 0.07)
		return ""
	labelled = x_of[c, i]
	return labelled
}

function draw(c,    i, row, part)
{
	low = high = 0
	split(c, part, SUBSEP)
	panels++
	for (i = 1; i <= points[c]; i++) {
		row = row_of[c, i]
		printf "%s \"%s\" %s %s %s\n", x_of[c, i], label_at(c, i), shown(value[row, "ours"]), \
			shown(value[row, "in-tree"]), shown(best[row])
	}
	print "\n"
	# What differs by little is to look like it.
	if (low > high / 8)
		low = high / 8
	title[panels] = part[2] ", " part[3] " (Linux " part[1] ")"
	range[panels] = sprintf("%.9g", low) "," sprintf("%.9g", high)
}

# array(name, list, n, quote): gnuplot's
function array(name, list, n, quote,    i)
{
	printf("array %s[%d] = [", name, (n > 0 ? n : 1))
	for (i = 1; i <= n; i++)
		printf("%s%s%s%s", (i > 1 ? ", " : ""), quote, list[i], quote)
	print (n > 0 ? "]" : "\"\"]")
}

END {
	print "$bars << EOD"
	bars()
	print "EOD\n$curves << EOD"
	collect()
	for (i = 1; i <= curve_count; i++)
		if (points[curves[i]] >= 3)
			draw(curves[i])
	print "EOD"
	for (i = 1; i <= panels; i++) {
		split(range[i], bound, ",")
		lows[i] = bound[1]
		highs[i] = bound[2]
	}
	print "kernels = " kernel_count + 0 "\npanels = " panels + 0
	array("kernel", kernels, kernel_count, "\"")
	array("bar_count", bar_count, kernel_count, "")
	array("panel_title", title, panels, "\"")
	array("panel_low", lows, panels, "")
	array("panel_high", highs, panels, "")
}
