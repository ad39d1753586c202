# SPDX-License-Identifier: GPL-2.0-only
#
# What the toolbox needs of the machine it is made and entered on; sourced after lib.sh by
# scripts that run outside it.
#
# Two kinds of user have a test bed: root, and anybody whom the machine gives user
# namespaces and subordinate ids. The second is root in a namespace of its own: file owners
# differ, so each has a cache and a build/ of its own. Nothing is mounted but in namespaces
# that end with the process they were made for, even if that is killed.

is_root() {
	[ "$(id -u)" = 0 ]
}

# What unshare needs to make root of who calls it.
user_namespace=
is_root || user_namespace="--user --map-root-user --map-auto"

# isolated <program>...: as root, with mounts and processes of its own, which end with it, and no
# file open but 0 to 2
isolated() {
	# shellcheck disable=SC2086 # one word per option
	only_stdio unshare $user_namespace --mount --pid --fork --kill-child --propagation private "$@"
}

# setting <name>: a sysctl, nothing if this kernel has none of that name
setting() {
	cat "/proc/sys/$(echo "$1" | tr . /)" 2>/dev/null || :
}

has_subordinate_ids() {
	for file in /etc/subuid /etc/subgid; do
		grep -qs -e "^$(id -un):" -e "^$(id -u):" "$file" || return 1
	done
}

# without_root <reason and next step>
without_root() {
	die "without root the test bed needs user namespaces: $*; or run it as root"
}

# why_no_namespace <what unshare said>: ends with the first reason that applies
why_no_namespace() {
	unshare --help | grep -q -e --map-auto ||
		without_root "unshare of util-linux 2.38 or newer is needed, this is $(unshare --version)"
	command -v newuidmap >/dev/null ||
		without_root "newuidmap is missing;" \
			"install the package uidmap (Fedora: shadow-utils, Arch: shadow)"
	has_subordinate_ids || without_root "you have no subordinate ids;" \
		"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $(id -un) gives you some"
	[ "$(setting kernel.unprivileged_userns_clone)" != 0 ] ||
		without_root "they are switched off; sudo sysctl kernel.unprivileged_userns_clone=1 allows them"
	[ "$(setting user.max_user_namespaces)" != 0 ] ||
		without_root "they are switched off; sudo sysctl user.max_user_namespaces=10000 allows them"
	[ "$(setting kernel.apparmor_restrict_unprivileged_userns)" != 1 ] ||
		without_root "AppArmor restricts them;" \
			"sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 allows them"
	without_root "$1"
}

# Some machines give namespaces in which nothing is allowed.
need_namespaces() {
	! is_root || return 0
	said=$(isolated mount -t tmpfs tmpfs /tmp 2>&1) || why_no_namespace "$said"
}

# need_own <directory> <how to get one's own>: root's files are in the way of a user, and a user's
# of root
need_own() {
	[ -e "$1" ] || return 0
	owner=$(stat -c %u "$1")
	[ "$owner" = "$(id -u)" ] || die "$1 belongs to $(stat -c %U "$1"), and you are $(id -un): $2"
}

need_own_places() {
	need_own "$cache_dir" "NVGRACE_CACHE=<directory> names a cache of your own"
	need_own "$src_dir/build" "remove it, or use a checkout of your own"
	mkdir -p "$src_dir/build" 2>/dev/null ||
		die "you cannot write to $src_dir/build: use a checkout of your own"
}

# as_root <command>...: may do what it likes with files of subordinate ids
as_root() {
	if is_root; then "$@"; else isolated "$@"; fi
}

remove() {
	as_root rm -rf "$@"
}

# need_made_here: a directory that NVGRACE_CACHE names may be anybody's
need_made_here() {
	[ -z "${NVGRACE_CACHE:-}" ] || grep -qsxF "$cache_tag" "$cache_dir/CACHEDIR.TAG" ||
		die "$cache_dir was not made by the test bed, nothing in it is removed"
}

# use_cache: one that is there and the user's own; until this process and its children have
# ended nobody takes entries away
use_cache() {
	need_namespaces
	need_own_places
	make_cache
	exec 7>"$cache_dir/.lock-use"
	flock -s 7
}

# lock_cache: entries can be taken away, until this process has ended
lock_cache() {
	exec 7>"$cache_dir/.lock-use"
	flock -n 7 || die "a test bed is running with $cache_dir: try again when it has ended"
}
