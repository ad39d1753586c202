# SPDX-License-Identifier: GPL-2.0-only
#
# What nvgrace-gpu-check says, for tests; sourced. A fact is asked for by subject ("host",
# or a PCI address) and key. Every answer is kept, and outputs_fit_the_schema looks at all.

outputs=/run/outputs
schema=/payload/tools/usr/share/nvgrace-gpu-tools/nvgrace-gpu-check.schema.json

# said: what it says, as JSON
said() {
	mkdir -p $outputs
	nvgrace-gpu-check --json >/tmp/said || :
	cp /tmp/said "$outputs/$(sha256sum </tmp/said | cut -c1-16).json"
	cat /tmp/said
}

# facts <subject>: lines "key<tab>level<tab>the fact as JSON"
facts() {
	said | jq -r --arg subject "$1" '.subjects[] | select(.name == $subject) | .facts |
		to_entries[] | [.key, .value.level, (.value | tojson)] | join("\t")'
}

# is <subject> <key> <level> [<text in the fact>]
is() {
	facts "$1" | grep "^$2	" >/tmp/fact || { echo "$1 has no $2"; return 1; }
	cut -f3 /tmp/fact
	[ "$(cut -f2 /tmp/fact)" = "$3" ] || return
	grep -q -F -e "${4:-}" /tmp/fact
}

# has_data <subject> <key> <what jq makes of the fact's data> <value>
has_data() {
	found=$(facts "$1" | sed -n "s/^$2	[a-z]*	//p" | jq -c ".data | $3")
	echo "$found"
	[ "$found" = "$4" ]
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
	said | jq -e --arg subject "$1" --arg level "$2" '[.subjects[] | select(.name == $subject) |
		.facts[] | select(.level == $level) | has("text") and has("next")] | all'
}

exit_status_is() {
	status=0
	nvgrace-gpu-check >/tmp/text || status=$?
	tail -n 1 /tmp/text
	[ "$status" = "$1" ]
}

# The schema lets names be added, which is for those who read; here each has to be in it.
outputs_fit_the_schema() {
	said >/dev/null
	set --
	for file in "$outputs"/*.json; do set -- "$@" -i "$file"; done
	echo "$(($# / 2)) outputs"
	jsonschema "$@" $schema
	for kind in host gpu; do
		jq -r ".[\"\$defs\"].$kind.properties | keys[]" $schema | sort >/tmp/described
		jq -r --arg kind $kind '.subjects[] | select((.name == "host") == ($kind == "host")) |
			.facts | keys[]' $outputs/*.json | sort -u | comm -23 - /tmp/described >/tmp/others
		cat /tmp/others
		[ ! -s /tmp/others ]
	done
}
