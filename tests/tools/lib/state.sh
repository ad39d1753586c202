# SPDX-License-Identifier: GPL-2.0-only
#
# A GPU's list of bad pages, and what nvgrace-gpu-bad-pages saves of it, on a host that booted
# with systemd; sourced.
#
# Environment: GPU0 = the GPU's PCI address, DRIVER_NAME = the driver's name.
# shellcheck disable=SC2034 # for who sources it

gpu=/sys/bus/pci/devices/$GPU0
state=/var/lib/nvgrace-gpu
unit=nvgrace-gpu-bad-pages@$GPU0.service

# eventually <command>...: true within 30 s
eventually() {
	tries=150
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.2
	done
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

install_package() {
	cp /payload/bin/nvgrace-gpu-bad-pages /usr/sbin
	cp -r /payload/bad-pages/usr/lib/. /usr/lib
	systemctl daemon-reload
	udevadm control --reload
	systemd-analyze verify --man=no "/usr/lib/systemd/system/nvgrace-gpu-bad-pages@.service"
}

bind_it() {
	driverctl --nosave set-override "$GPU0" "$DRIVER_NAME"
}
