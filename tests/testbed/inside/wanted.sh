# SPDX-License-Identifier: GPL-2.0-only
#
# Which tests of a scenario a job wants; the same on both sides of the emulated host.

# wanted <patterns, separated by commas, or nothing for all>: of the tests on standard input,
# one a line, those whose name matches one
wanted() {
	while read -r line; do
		rest=${1:-*},
		while [ -n "$rest" ]; do
			pattern=${rest%%,*} rest=${rest#*,}
			# shellcheck disable=SC2254 # a pattern
			case ${line%%[[:blank:]]*} in $pattern) printf '%s\n' "$line" && break ;; esac
		done
	done
}
