# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel source tree with our patches and configuration; sourced after lib.sh
# by what builds one. The tree is built in place (no O=).

# describe_tree <id> <release of the stock kernel>: sets id, series, version,
# patches (directory), fragments, suffix and log for the functions below.
describe_tree() {
	id=$1
	log=$cache_dir/log/kernel-$id.log
	kconfig=$testbed_dir/kconfig
	series=$(echo "$2" | cut -d. -f1,2)
	version=$(version_of "linux-source-$series")
	[ -n "$version" ] || die "Debian's index has no linux-source-$series"
	case $1 in
	6.12-*) patches=$src_dir/patches/linux-6.12 fragments="$kconfig/6.12.config" ;;
	7-*) patches=$src_dir/patches/linux-7.x fragments="$kconfig/7.config" ;;
	esac
	fragments="$fragments $kconfig/base.config"
	case $1 in
	*-series) fragments="$fragments $kconfig/4k.config" suffix=-series ;;
	*-64k) fragments="$fragments $kconfig/64k.config" suffix=-series-64k ;;
	*-debug) fragments="$fragments $kconfig/4k.config $kconfig/debug.config" suffix=-debug ;;
	6.12-rt) fragments="$fragments $kconfig/rt.config" suffix=-rt ;;
	*) die "kernel-build does not know '$1'" ;;
	esac
}

# Patches of selftests change no kernel; the peers build them.
series_patches() {
	sed '/^ *\(#.*\)\{0,1\}$/d' "$patches/series" | while read -r patch; do
		if grep '^+++ b/' "$patches/$patch" | grep -q -v '^+++ b/tools/'; then
			echo "$patches/$patch"
		fi
	done
}

# What the result depends on. "2" stands for the code here and in kernel-build.
tree_key() {
	# shellcheck disable=SC2046,SC2086 # file names without blanks
	content_key "$version" $fragments $(series_patches) \
		"$(dpkg-query -W -f '${Version}' gcc-14-aarch64-linux-gnu)" 2
}

# Another patch or option compiles little anew: objects are kept by what goes into them.
tree_make() {
	dir=$1
	shift
	CCACHE_DIR=$cache_dir/ccache CCACHE_MAXSIZE=2G CCACHE_DEPEND=1 \
		make -C "$dir" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- \
		CC="ccache aarch64-linux-gnu-gcc" LOCALVERSION="$suffix" \
		KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=nvgrace-gpu KBUILD_BUILD_HOST=testbed "$@"
}

unpack_tree() {
	apt_unpack "$1.pkg" "linux-source-$series"
	mkdir -p "$1"
	tar -C "$1" --strip-components=1 --exclude='*/include/asic_reg' \
		-xf "$1.pkg/usr/src/linux-source-$series.tar.xz"
	rm -rf "$1.pkg"
}

patch_tree() {
	series_patches | while read -r patch; do
		patch -d "$1" -p1 -s --no-backup-if-mismatch <"$patch" ||
			die "$patch does not apply to Debian's linux-source-$series $version"
	done
}

# Of each symbol the last line counts, and must come out as it went in.
configure_tree() {
	# shellcheck disable=SC2086 # file names without blanks
	cat $fragments | tac | awk -F = '!/^CONFIG_/ || !seen[$1]++' | tac >"$1/.allconfig"
	tree_make "$1" -s KCONFIG_ALLCONFIG="$1/.allconfig" allnoconfig >"$1/.conflog" 2>&1 ||
		{ cat "$1/.conflog" >&2; die "the configuration of kernel $series cannot be made"; }
	grep '^CONFIG_' "$1/.allconfig" | while read -r line; do
		case $line in
		*=n) ! grep -q "^${line%=n}=" "$1/.config" ;;
		*) grep -qxF "$line" "$1/.config" ;;
		esac || die "kernel $series does not take $line; see $kconfig"
	done
}

compile_tree() {
	tree_make "$1" -j"$(nproc)" Image modules
}

# take_image <tree> <file>: the tree's kernel, and no longer in it; the next one is then
# written to a file of its own
take_image() {
	tree_make "$1" -j"$(nproc)" Image && mv "$1/arch/arm64/boot/Image" "$2"
}

tree_release() {
	tree_make "$1" -s kernelrelease
}

# build_tree <directory>: all of the above
build_tree() {
	need_space "$cache_dir" 3500 "building kernel $id"
	step "kernel $id: linux-source-$series $version with $(series_patches | wc -l) patches"
	run_logged "kernel $id: unpacking" "$log" unpack_tree "$1"
	patch_tree "$1"
	configure_tree "$1"
	run_logged "kernel $id: building (about 10 minutes)" "$log" compile_tree "$1"
}

# tree_entry: where a built tree is kept, if it is
tree_entry() {
	echo "$cache_dir/tree-$id-$(tree_key)"
}
