# SPDX-License-Identifier: GPL-2.0-only
#
# The user's own kernel tree (KERNEL=<path>) and emulator (QEMU=<path>); sourced after lib.sh by
# what starts outside the toolbox. Both are looked at before anything is built. In the toolbox
# the tree is /run/kernel, read-only, and the kernel's id is tree.<name of its directory>; the
# emulator's directory is /run/emulator.
#
# Environment for the toolbox: NVGRACE_TREE, NVGRACE_EMULATOR (the directories, as they are
# called outside), KERNEL, QEMU (as they are called inside).

# tree_version <tree>: 6.12
tree_version() {
	sed -n 's/^VERSION = //p;s/^PATCHLEVEL = //p' "$1/Makefile" 2>/dev/null | head -n 2 | paste -s -d .
}

# tree_can_map <tree>: its KVM can map GPU memory as RAM
tree_can_map() {
	grep -qs KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED "$1/include/uapi/linux/kvm.h"
}

# need_kernel_tree <tree>: one whose kernel can be tested here
need_kernel_tree() {
	tree_is=$(tree_version "$1")
	case $tree_is in
	*[0-9].[0-9]*) [ -e "$1/init/main.c" ] ;;
	*) false ;;
	esac || die "KERNEL=$1 is no kernel source: name the top directory of one, or an id of make help"
	[ -e "$1/arch/arm64/Kconfig" ] ||
		die "KERNEL=$1 has no arch/arm64: the emulated host is arm64, name a tree that has it"
	if [ "${tree_is%%.*}" -lt 6 ] || { [ "${tree_is%%.*}" = 6 ] && [ "${tree_is#*.}" -lt 12 ]; }; then
		die "KERNEL=$1 is Linux $tree_is: the driver needs 6.12 or newer"
	fi
	[ ! -e "$1/.config" ] || grep -qs '^CONFIG_ARM64=y' "$1/.config" ||
		die "KERNEL=$1 is configured for another architecture than arm64: name a tree without" \
			".config, of git worktree add for example, or configure it with ARCH=arm64"
}

# Names of scenarios and files have the id in them, and -debug at its end a meaning.
find_own_kernel() {
	case ${KERNEL:-} in
	*/* | . | ..) ;;
	*) return 0 ;;
	esac
	[ -d "$KERNEL" ] || die "KERNEL=$KERNEL: there is no such directory"
	NVGRACE_TREE=$(CDPATH='' cd -- "$KERNEL" && pwd)
	need_kernel_tree "$NVGRACE_TREE"
	KERNEL=tree.$(basename "$NVGRACE_TREE" | tr -c 'A-Za-z0-9._\n' _)
	export NVGRACE_TREE KERNEL
}

no_model="has no device coherent-gpu: add tests/testbed/qemu to its source as hw/coherent-gpu"

# One that runs in the toolbox only is asked there, see ./prepare.
find_own_emulator() {
	case ${QEMU:-} in
	'' | /run/emulator/*) return 0 ;;
	esac
	emulator=$(readlink -f "$QEMU" || :)
	if [ ! -f "$emulator" ] || [ ! -x "$emulator" ]; then
		die "QEMU=$QEMU: there is no such program"
	fi
	if devices=$("$emulator" -device help 2>/dev/null) && ! has_model "$devices"; then
		die "QEMU=$QEMU $no_model"
	fi
	NVGRACE_EMULATOR=$(dirname "$emulator")
	QEMU=/run/emulator/$(basename "$emulator")
	export NVGRACE_EMULATOR QEMU
}

has_model() {
	case $1 in *'"coherent-gpu"'*) ;; *) return 1 ;; esac
}

# need_own_emulator: in the toolbox
need_own_emulator() {
	shown=${NVGRACE_EMULATOR:-}/${QEMU##*/}
	devices=$("$QEMU" -device help 2>&1) ||
		die "QEMU=$shown does not run in the toolbox ($(echo "$devices" | head -n 1)):" \
			"build it with tests/testbed/enter, or with --static"
	has_model "$devices" || die "QEMU=$shown $no_model"
}
