# SPDX-License-Identifier: GPL-2.0-only
#
# What a kernel's complaint is; see kernel-complaints. Variables: hardware (1: what the
# hardware reported counts, too), after (lines that are printed behind the first one).
#
# A complaint is its first line and what follows, up to 200 lines or the next one.
# Known are circles of locks of the kernel's own, by a function in them. No lock of this
# driver, and no other one, may be in them.
#
# pciehp takes pci_rescan_remove_lock below its reset_lock, drops that while it removes
# devices, and takes it again below the other; the core of VFIO, whose users may reset a
# slot or wake its port, takes part: seen at the first device torn out of its slot, in 6.12
# as in 7.3.
#
# Recovery from an error wakes the devices of a bus with pci_bus_sem held, and vfio-pci-core
# takes memory_lock then; for a user who writes a power state it takes pci_bus_sem with
# memory_lock held. It wakes ports, too, and pciehp takes reset_lock then, below which a reset
# of its slot takes pci_bus_sem. See Documentation/maintainer/upstream.rst.
BEGIN {
	know("pciehp_unconfigure_device", "pci_rescan_remove_lock &ctrl->reset_lock &dev->mutex " \
		"&new_dev_set->lock &group->group_lock &vfio.group_lock")
	know("pcie_do_recovery", "pci_bus_sem pci_slot_mutex &dev->mutex &ctrl->reset_lock " \
		"&vdev->memory_lock")
}

function know(where, locks,    list, i)
{
	split(locks, list, " ")
	for (i in list)
		circle[where, list[i]] = 1
	places[where] = 1
}

function is_complaint(line)
{
	return line ~ /WARNING: |(^|[^A-Za-z_])BUG(: | at | [^ ]+ \()|UBSAN: |refcount_t: / ||
		line ~ /INFO: (task |rcu|trying to register)|blocked for more than/ ||
		line ~ /self-detected stall|detected stalls|soft lockup|LOCKUP/ ||
		line ~ /Unable to handle|Internal error|Oops[ :-]|Kernel panic/ ||
		(hardware && line ~ /Hardware Error|Memory failure/)
}

function is_known_circle(text, where,    part, i, n)
{
	if (text !~ "circular locking.*" where)
		return 0
	n = split(text, part, /\)\{/)
	for (i = 1; i < n; i++) {
		sub(/.*\(/, "", part[i])
		if (!((where, part[i]) in circle))
			return 0
	}
	return n > 1
}

function is_known(text,    where)
{
	for (where in places)
		if (is_known_circle(text, where))
			return 1
	return 0
}

function judge()
{
	if (!said || is_known(report))
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
