# SPDX-License-Identifier: GPL-2.0-only
#
# A GPU, its driver, its list of bad pages, and what nvgrace-gpu-state saves of it, on a host
# that booted with systemd; sourced.
#
# Environment: GPU0 = the GPU's PCI address, DRIVER_NAME = the driver's name.
# shellcheck disable=SC2034 # for who sources it

gpu=/sys/bus/pci/devices/$GPU0
state=/var/lib/nvgrace-gpu
policy=/etc/nvgrace-gpu/scrub-policy
unit=nvgrace-gpu-state@$GPU0.service

bound_to() {
	[ "$(basename "$(readlink "$gpu/driver")")" = "$1" ]
}

# What the stand-in for a vendor's driver has added to the host's memory.
host_ram() {
	grep 'System RAM (gpu_holder)' /proc/iomem
}

attribute() {
	cat "$gpu/nvgrace_gpu/$1"
}

list_is() {
	[ "$(attribute bad_pages)" = "$1" ]
}

is_restored() {
	[ "$(attribute bad_pages_restored)" = 1 ]
}

# The file of the GPU, there is but one.
saved() {
	cat $state/*.bad-pages
}

# saved_pages <count>: that is how many the file has, whole
saved_pages() {
	saved | grep -q "^end $1 " && [ "$(saved | grep -c '^page ')" = "$1" ]
}

page() {
	printf '%#x\n' $(($(attribute usemem_base) + $1 * $(getconf PAGESIZE)))
}

goes_bad() {
	page "$1" >/sys/devices/system/memory/hard_offline_page
}

# A user of the GPU, who comes and goes.
used() {
	while_open true
}

# records <pattern>...: how many records have all of these
records() {
	nvgrace-gpu-state --history "$GPU0" >/run/records || return
	for pattern; do
		grep -- "$pattern" /run/records >/run/records.that || :
		mv /run/records.that /run/records
	done
	wc -l </run/records
}

has_records() {
	wanted=$1
	shift
	[ "$(records "$@")" = "$wanted" ]
}

policy_is() {
	[ "$(attribute scrub_policy)" = "$1" ]
}

# policy_file <line>...
policy_file() {
	mkdir -p "$(dirname $policy)"
	printf '%s\n' "$@" >$policy
}

install_package() {
	cp /payload/bin/nvgrace-gpu-state /payload/bin/nvgrace-gpu-check /usr/sbin
	cp -r /payload/tools/usr/. /usr
	systemctl daemon-reload
	udevadm control --reload
	systemd-analyze verify --man=no /usr/lib/systemd/system/nvgrace-gpu-*
}

bind_it() {
	driverctl --nosave set-override "$GPU0" "$DRIVER_NAME"
}
