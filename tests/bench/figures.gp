# SPDX-License-Identifier: GPL-2.0-only
#
# Draws what plot.awk prepared, as SVG on standard output. Above, for each kernel, bars to
# the left (less) or to the right (more) of 1, where this driver needs as much as the
# in-tree one; below, a panel for each thing that grows, both axes logarithmic. Places are
# pixels from the left and from the top.

width = 1000; row = 19; head = 56; panel = 250; legend = 50
height = legend
do for [k = 1:kernels] { height = height + head + row * bar_count[k] }
height = height + panel * ((panels + 1) / 2)

green = "#2e7d46"; orange = "#c77d17"; purple = "#7a4fa3"; grey = "#777777"

set terminal svg size width,height noenhanced font "DejaVu Sans,12" background "white"
set datafile missing "NaN"

across(pixel) = pixel / real(width)
down(pixel) = 1 - pixel / real(height)

set multiplot
set border 0
top = 0

least = 1 / 512.0
most = 64.0
within(r) = r < least ? least : r > most ? most : r
digits(r) = r < 0.1 ? sprintf("%.4f", r) : sprintf("%.2f", r)

set logscale x 2
set xrange [least:most]
set format x ""
set xtics (least, 1 / 64.0, 0.125, 1, 8, most) scale 0
set x2range [least:most]
set logscale x2 2
set x2tics ("1/512" least, "1/64" 1 / 64.0, "1/8" 0.125, "1" 1, "8" 8, "64" most) scale 0 offset 0,-0.4
set grid xtics noytics linetype 1 linecolor rgb "#dde2e7"
set ytics scale 0
set style fill solid noborder
set lmargin at screen across(360)
set rmargin at screen across(930)
do for [k = 1:kernels] {
	set label 1 "Linux ".kernel[k].": this driver / in-tree" at screen across(12), down(top + 28) \
		font "DejaVu Sans Bold,13"
	set tmargin at screen down(top + head)
	set bmargin at screen down(top + head + row * bar_count[k])
	set yrange [bar_count[k] - 0.5:-0.5]
	unset key
	plot $bars index (k - 1) \
		using ($2 > 1.1 ? NaN : 1):0:(within($2)):(1):($0 - 0.35):($0 + 0.35):ytic(1) \
			with boxxyerror linecolor rgb green, \
		"" index (k - 1) using ($2 > 1.1 ? 1 : NaN):0:(1):(within($2)):($0 - 0.35):($0 + 0.35) \
			with boxxyerror linecolor rgb orange, \
		"" index (k - 1) using ($2 > 1 ? within($2) : 1):0:(digits($2)) \
			with labels left offset 0.6,0 font ",10" textcolor "#555555"
	top = top + head + row * bar_count[k]
}

unset x2tics
unset grid
unset label 1
set border 3 linecolor rgb "#999999"
set yrange [1:2]
set logscale xy
set xtics auto scale 0.5 nomirror
set ytics auto scale 0.5 nomirror
set format x "%g"
set format y "%.0s%c"
set xrange [*:*]
# What the lines are is said once, below all of them.
set key at screen across(width / 2), down(height - legend / 2) center center horizontal samplen 3
do for [i = 1:panels] {
	left = i % 2 ? 0 : 500
	above = top + panel * ((i - 1) / 2)
	set lmargin at screen across(left + 70)
	set rmargin at screen across(left + 470)
	set tmargin at screen down(above + 56)
	set bmargin at screen down(above + panel - 24)
	set label 1 panel_title[i] at screen across(left + 12), down(above + 30) font "DejaVu Sans Bold,12"
	set yrange [panel_low[i] * 0.9:panel_high[i] * 1.15]
	plot $curves index (i - 1) using 1:5 with lines linewidth 1.5 dashtype 2 linecolor rgb grey \
			title (i == 1 ? "possible at best" : ""), \
		"" index (i - 1) using 1:4 with lines linewidth 2 linecolor rgb purple \
			title (i == 1 ? "in-tree" : ""), \
		"" index (i - 1) using 1:3:xtic(2) with linespoints linewidth 2 pointtype 7 pointsize 0.4 linecolor rgb green \
			title (i == 1 ? "this driver" : "")
}

unset multiplot
