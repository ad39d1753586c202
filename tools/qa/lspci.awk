# SPDX-License-Identifier: GPL-2.0-only
#
# From what "lspci -vvv" says of one device, which numbers its maker gave it, as lines of
# key=value: the Device Serial Number capability, and its Vital Product Data, the maker's
# own fields (V0 to VZ) included.

function say(key, text)
{
	sub(/^[ \t]+/, "", text)
	sub(/[ \t]+$/, "", text)
	if (text != "")
		print key "=" text
}

function after_colon(line)
{
	sub(/^[^:]*:/, "", line)
	return line
}

/^\tCapabilities:/ { in_vpd = /Vital Product Data/ }
/Device Serial Number / { sub(/.*Device Serial Number /, ""); say("device_serial_number", $0) }
!in_vpd { next }
/^[ \t]+Product Name:/ { say("product_name", after_colon($0)) }
/^[ \t]+\[PN\]/ { say("part_number", after_colon($0)) }
/^[ \t]+\[SN\]/ { say("serial_number", after_colon($0)) }
/^[ \t]+\[EC\]/ { say("engineering_changes", after_colon($0)) }
/^[ \t]+\[V[0-9A-Z]\]/ { say("vpd_" tolower(substr($1, 2, 2)), after_colon($0)) }
