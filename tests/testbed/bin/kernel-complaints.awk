# SPDX-License-Identifier: GPL-2.0-only
#
# What a kernel's complaint is; see kernel-complaints. Variables: hardware (1: what the
# hardware reported counts, too), after (lines that are printed behind the first one).
#
# A complaint is its first line and what follows, up to 200 lines or the next one.
BEGIN {
	split("pci_rescan_remove_lock &ctrl->reset_lock &dev->mutex " \
		"&new_dev_set->lock &group->group_lock &vfio.group_lock", list, " ")
	for (i in list)
		of_the_core[list[i]] = 1
}

function is_complaint(line)
{
	return line ~ /WARNING: |(^|[^A-Za-z_])BUG(: | at | [^ ]+ \()|UBSAN: |refcount_t: / ||
		line ~ /INFO: (task |rcu|trying to register)|blocked for more than/ ||
		line ~ /self-detected stall|detected stalls|soft lockup|LOCKUP/ ||
		line ~ /Unable to handle|Internal error|Oops[ :-]|Kernel panic/ ||
		(hardware && line ~ /Hardware Error|Memory failure/)
}

# pciehp takes pci_rescan_remove_lock below its reset_lock, drops that while it removes
# devices, and takes it again below the other; the core of VFIO, whose users may reset a
# slot or wake its port, takes part: seen at the first device torn out of its slot, in 6.12
# as in 7.3. No lock of this driver may be in that circle.
function of_pciehp(text,    part, i, n)
{
	if (text !~ /circular locking.*pciehp_unconfigure_device/)
		return 0
	n = split(text, part, /\)\{/)
	for (i = 1; i < n; i++) {
		sub(/.*\(/, "", part[i])
		if (!(part[i] in of_the_core))
			return 0
	}
	return n > 1
}

function judge()
{
	if (!said || of_pciehp(report))
		return
	printf "%s", shown
	found = 1
}

{
	sub(/\r$/, "")
	sub(/^(<[0-9]+>)?\[ *[0-9.]+\] */, "")
}

is_complaint($0) {
	judge()
	report = shown = ""
	said = 1
	lines = 0
}

said && lines <= 200 {
	report = report " " $0
	if (lines <= after)
		shown = shown $0 "\n"
	lines++
}

END {
	judge()
	exit found
}
