# SPDX-License-Identifier: GPL-2.0-only
#
# What nvgrace-gpu-check says, for tests; sourced. A fact is asked for by subject ("host",
# or a PCI address) and key.

# facts <subject>: lines "key<tab>level<tab>the fact as JSON"
facts() {
	nvgrace-gpu-check --json | awk -v subject="$1" '
		match($0, /{ "name": "[^"]*"/) { inside = index($0, "\"" subject "\"") }
		/"commands": {/ { inside = 0 }
		inside && match($0, /"[a-z_0-9]+": { "level": "[a-z]+"/) {
			split(substr($0, RSTART, RLENGTH), part, "\"")
			print part[2] "\t" part[6] "\t" $0
		}'
}

# is <subject> <key> <level> [<text in the fact>]
is() {
	facts "$1" | grep "^$2	" >/tmp/fact || { echo "$1 has no $2"; return 1; }
	cut -f3 /tmp/fact
	[ "$(cut -f2 /tmp/fact)" = "$3" ] || return
	grep -q -F -e "${4:-}" /tmp/fact
}

# are_exactly <subject> <level> <keys>
are_exactly() {
	found=$(facts "$1" | awk -F '\t' -v level="$2" '
		$2 == level { printf "%s%s", n++ ? " " : "", $1 }')
	echo "$found"
	[ "$found" = "$3" ]
}

# are_explained <subject> <level>
are_explained() {
	facts "$1" | awk -F '\t' -v level="$2" '
		$2 == level && !($3 ~ /"text": "/ && $3 ~ /"next": "/) { print; bad = 1 }
		END { exit bad }'
}

exit_status_is() {
	status=0
	nvgrace-gpu-check >/tmp/text || status=$?
	tail -n 1 /tmp/text
	[ "$status" = "$1" ]
}
