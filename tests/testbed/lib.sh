# SPDX-License-Identifier: GPL-2.0-only
#
# Common ground of the test bed's shell scripts; sourced, never run.
#
# Vocabulary
#   cache    one directory that survives runs; everything in it can be deleted
#   entry    <cache>/<what>-<key>, complete or absent: it is built under a
#            temporary name, with a lock held, and renamed when it is whole
#   key      hash of everything that decides an entry's content
#   toolbox  the Debian root in which everything is built and run (./enter)
#
# Scripts print results on standard output and everything meant for a person
# on standard error, so that $(script) is always safe.

# Inside the toolbox checkout and cache have fixed names (see ./enter).
if [ -e /etc/nvgrace-toolbox ]; then
	src_dir=/src
	cache_dir=/cache
else
	src_dir=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
	while [ ! -e "$src_dir/tests/testbed/lib.sh" ]; do
		[ "$src_dir" != / ] || { echo "error: $0 is not inside the checkout" >&2; exit 1; }
		src_dir=$(dirname -- "$src_dir")
	done
	cache_dir=${NVGRACE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/nvgrace-gpu}
	# Programs in it are for one architecture; a home may serve machines of both.
	case ${NVGRACE_CACHE:-}${NVGRACE_MACHINE:-$(uname -m)} in
	aarch64) cache_dir=$cache_dir-arm64 ;;
	esac
	# Scripts change directories, and call others.
	case $cache_dir in /*) ;; *) cache_dir=$PWD/$cache_dir ;; esac
	[ -z "${NVGRACE_CACHE:-}" ] || export NVGRACE_CACHE="$cache_dir"
fi
testbed_dir=$src_dir/tests/testbed
cache_tag="# made by nvgrace-gpu's test bed; make distclean removes the directory with all in it"
start_time=${NVGRACE_START:-$(date +%s)}
export NVGRACE_START="$start_time"

step() {
	now=$(($(date +%s) - start_time))
	printf '[%02d:%02d] %s\n' $((now / 60)) $((now % 60)) "$*" >&2
}

die() {
	echo "error: $*" >&2
	exit 1
}

in_toolbox() {
	[ -e /etc/nvgrace-toolbox ]
}

# architecture: Debian's name of what the toolbox is made for. NVGRACE_MACHINE names another
# machine than this one, whose programs run here all the same (see ./arm64).
architecture() {
	case ${NVGRACE_MACHINE:-$(uname -m)} in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) die "the test bed runs on x86-64 and arm64 machines, this one is $(uname -m)" ;;
	esac
}

# below_build <path>: of the checkout, where everything can be deleted
below_build() {
	case $1/ in
	*/../* | */./* | *//*) return 1 ;;
	build/*/) ;;
	*) return 1 ;;
	esac
}

# copy_checkout <directory>: the checkout as it is, without what was built in it
copy_checkout() {
	rm -rf "$1"
	mkdir -p "$1"
	tar -C "$src_dir" --exclude=./.git --exclude=./build --exclude-from="$src_dir/.gitignore" -cf - . |
		tar -C "$1" -xf -
}

# content_key <file or string>...: a short hash over files' contents and strings
content_key() {
	for item; do
		if [ -f "$item" ]; then cat -- "$item"; else echo "$item"; fi
	done | sha256sum | cut -c1-16
}

# run_logged <title> <log> <command>...: output goes to the log, a person sees
# one line at the start, one a minute, and the end of the log on failure, which
# ends the script with status 1 or $failure_status.
run_logged() {
	title=$1 log=$2
	shift 2
	mkdir -p "$(dirname -- "$log")"
	step "$title"
	(
		trap 'kill $!; exit' TERM
		while sleep 60 & wait $!; do
			step "$title: $(tail -n 1 "$log" 2>/dev/null | tr -d '\r' | cut -c1-100)"
		done
	) >/dev/null &
	heartbeat=$!
	# Not "if command": the shell would ignore -e in everything below it.
	set +e
	(set -e; "$@") >"$log" 2>&1 </dev/null
	status=$?
	set -e
	kill "$heartbeat" 2>/dev/null || :
	wait "$heartbeat" 2>/dev/null || :
	[ "$status" = 0 ] && return 0
	tail -n 25 "$log" >&2
	echo "error: $title failed (status $status); the whole log is $log" >&2
	exit "${failure_status:-1}"
}

# only_stdio <program>...: with no file open but 0 to 2. mmdebstrap lets a shell write to a
# descriptor of its own; if others are open that has a number of two digits, which dash cannot.
only_stdio() {
	perl -MPOSIX -e '$_ > 2 and POSIX::close($_) for map { m{(\d+)$} } glob "/proc/self/fd/*";
		exec {$ARGV[0]} @ARGV or die "$ARGV[0]: $!\n"' -- "$@"
}

# make_cache: a directory that is the test bed's alone is tagged, which tells backups to
# pass it over, too (see bford.info/cachedir).
make_cache() {
	[ -z "$(ls -A "$cache_dir" 2>/dev/null)" ] || return 0
	mkdir -p "$cache_dir"
	printf '%s\n' 'Signature: 8a477f597d28d172789f06886806bc55' "$cache_tag" >"$cache_dir/CACHEDIR.TAG"
}

# remove <path>...: what was built; outside the toolbox see ./outside.sh
remove() {
	rm -rf "$@"
}

# need_space <directory> <MB> <what for>: it has so much free, or nothing is begun
need_space() {
	space=$(df -Pm -- "$1" | awk 'NR == 2 { print $4 }')
	place=$1
	! in_toolbox || place=$(echo "$1" | sed "s,^/cache,the cache,;s,^/src/,,")
	[ "$space" -ge "$2" ] || die "$3 needs $2 MB in $place, which has $space MB left:" \
		"free some (make prune), or name a directory that has more: NVGRACE_CACHE=<directory>"
}

# cache_entry <what> <key> <builder>: prints the entry's path; the builder is
# called with a fresh directory when the entry does not exist yet ($entry is
# the name that directory will have).
cache_entry() {
	entry=$cache_dir/$1-$2
	if [ ! -d "$entry" ]; then
		mkdir -p "$cache_dir"
		set +e
		(
			set -e
			flock 9
			[ ! -d "$entry" ] || exit 0
			remove "$cache_dir/tmp.$1".[0-9]*
			mkdir "$cache_dir/tmp.$1.$$"
			"$3" "$cache_dir/tmp.$1.$$"
			mv "$cache_dir/tmp.$1.$$" "$entry"
		) 9>"$cache_dir/.lock-$1"
		built=$?
		set -e
		[ "$built" = 0 ] || exit "$built"
	fi
	touch -c "$entry"
	echo "$entry"
}

# reachable: of the URIs on standard input those that the toolbox reaches too; for a list
# of mirrors in a file of this machine, what stands in it
reachable() {
	while read -r uri; do
		case $uri in
		mirror+file:*)
			list=/${uri#mirror+file:}
			sed 's/[[:space:]].*//' "${list%/}"
			;;
		*) echo "$uri" ;;
		esac
	done | grep -E '^https?:'
}

# archives <option or "Field: value">...: what apt on this machine gets packages from
archives() {
	# shellcheck disable=SC2016 # a format of apt's, not of the shell's
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "$@" 2>/dev/null | reachable
}

# mirror_uri main|security: where this machine gets Debian from. An archive says in its
# Release file what it is; before the first apt-get update only the path tells.
mirror_uri() {
	case $1 in
	main) uri=${DEBIAN_MIRROR:-} label=Debian path='/debian/*$' ;;
	security) uri=${DEBIAN_SECURITY_MIRROR:-} label=Debian-Security path='security/*$' ;;
	esac
	if [ -z "$uri" ] && command -v apt-get >/dev/null; then
		uri=$(archives 'Origin: Debian' "Label: $label" | grep -m 1 .) ||
			uri=$(archives --no-release-info | grep -m 1 -e "$path") || :
	fi
	[ -n "$uri" ] || die "apt on this machine names no Debian $1 mirror;" \
		"set DEBIAN_MIRROR and DEBIAN_SECURITY_MIRROR to their addresses"
	echo "${uri%/}"
}

# apt_settings: the machine's own ways of reaching a mirror, as an apt.conf
apt_settings() {
	if command -v apt-config >/dev/null; then
		apt-config dump |
			grep -iE '^Acquire::(http|https|Check-Valid-Until|Check-Date|Retries|ForceIPv[46])\b' |
			grep -v ' "";$' || :
	fi
	echo 'Acquire::Languages "none";'
	echo 'Acquire::Retries "3";'
	echo 'APT::Install-Recommends "false";'
}

# debian_sources <suite>: one-line sources of a suite with what keeps it current
debian_sources() {
	opt="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
	main=$(mirror_uri main)
	security=$(mirror_uri security)
	for type in deb deb-src; do
		echo "$type $opt $main $1 main"
		echo "$type $opt $main $1-updates main"
		echo "$type $opt $main $1-backports main"
		echo "$type $opt $security $1-security main"
	done
}

# Inside the toolbox: apt with its state in the cache, since the toolbox itself
# never changes. Indexes are fetched again when they are older than six hours;
# an unreachable mirror is fatal only when there are none.
apt_cached() {
	tool=$1
	shift
	"$tool" -o Dir::State::lists="$cache_dir/apt/lists" -o Dir::Cache="$cache_dir/apt" \
		-o APT::Sandbox::User=root "$@"
}

apt_update() {
	in_toolbox || die "apt_update is for scripts that run in the toolbox"
	mkdir -p "$cache_dir/log" "$cache_dir/apt/lists/partial" "$cache_dir/apt/archives/partial"
	(
		flock 9
		if [ -n "$(find "$cache_dir/apt/updated" -mmin -360 2>/dev/null)" ]; then
			exit 0
		fi
		# By default what may pass, such as no answer, is no error to apt-get.
		if apt_cached apt-get update -qq -o APT::Update::Error-Mode=any \
			>"$cache_dir/log/apt-update.log" 2>&1; then
			touch "$cache_dir/apt/updated"
		elif [ -e "$cache_dir/apt/updated" ]; then
			step "mirror not reachable: going on with the package lists of" \
				"$(date -r "$cache_dir/apt/updated" +%F)"
		else
			cat "$cache_dir/log/apt-update.log" >&2
			die "apt cannot fetch package lists; check this machine's mirror and proxy settings"
		fi
	) 9>"$cache_dir/.lock-apt" || exit 1
}

# apt_unpack <directory> <package[:arch]>...: downloads and unpacks packages
apt_unpack() {
	into=$1
	shift
	debs=$into.debs
	mkdir -p "$into" "$debs"
	(cd "$debs" && apt_cached apt-get download -q "$@") ||
		die "apt cannot fetch $*, whole and as the index has it: try again," \
			"or name another mirror (DEBIAN_MIRROR=)"
	for deb in "$debs"/*.deb; do
		dpkg -x "$deb" "$into"
	done
	rm -rf "$debs"
}

# relocate_headers <root> <place>: those of Debian name two places by absolute path
relocate_headers() {
	sed -i "s,/usr/src/,$2/usr/src/,g;s,/usr/lib/linux-kbuild,$2/usr/lib/linux-kbuild,g" \
		"$1"/usr/src/linux-headers-*/Makefile
}

# version_of <package[:arch]>: the newest one the index has
version_of() {
	apt_cached apt-cache show "$1" | sed -n 's/^Version: //p' | sort -rV | head -n 1
}
