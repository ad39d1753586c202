# SPDX-License-Identifier: GPL-2.0-only
#
# What a scenario file (tests/scenarios/<name>) says; sourced after lib.sh.
#
#   DESC      one line for people
#   KERNEL    the kernel's id, see ./kernels
#   CPU       a CPU model of QEMU's            SMP, MEM  CPUs and memory
#   MACHINE   more options of the machine      APPEND    more kernel parameters
#   INIT      script or systemd
#   GPUS      one word per GPU: coherent-gpu's options, mem-base= only if it matters
#   DEVICES   further devices, one word each, as QEMU's -device has them
#   DISKS     further disks, one word each: a program of tests/ that prints the image's path
#             ($KREL is the kernel); its serial number is the last part of the word
#   BIND      numbers of the GPUs that driverctl binds first (default: all)
#   PEERS     CPU models of further hosts, all else being equal; see bin/on-peer
#   LIMIT     seconds for the whole scenario
#   ICOUNT    not empty: the clock counts instructions, 1 ns each (SMP must be 1)
#   URGENT    not empty: goes before other scenarios that run at the same time
#   TESTS     one per line: name, seconds, command; see inside/host
#   VARIANTS  words: the file describes one scenario for each, $VARIANT tells which
#
# A scenario is called <file>, or <file>@<variant>. With +<kernel id> behind it, it
# is run on that kernel instead of its own.

driver_name=nvgrace_gpu_vfio_pci

load_scenario() {
	scenario=${1%%+*}
	scenario_file=$src_dir/tests/scenarios/${scenario%%@*}
	[ -f "$scenario_file" ] || die "there is no scenario $1; see tests/scenarios"
	override=
	case $1 in *+*) override=${1#*+} ;; esac
	VARIANT=
	case $scenario in *@*) VARIANT=${scenario#*@} ;; esac
	unset BIND
	DESC='' KERNEL='' URGENT='' CPU=neoverse-n2 SMP=2 MEM=4G MACHINE='' APPEND='' INIT=script LIMIT=300
	GPUS='mem-size=5G' ICOUNT='' DEVICES='' DISKS='' PEERS='' TESTS='' VARIANTS=''
	# shellcheck source=/dev/null
	. "$scenario_file"
	[ -n "$TESTS" ] || die "scenario $1 has no TESTS"
	[ -n "${BIND+set}" ] || BIND=$(seq -s ' ' 0 $(($(echo "$GPUS" | wc -w) - 1)))
	own_kernel=$KERNEL
	KERNEL=${override:-${KERNEL:-7}}
}

# scenario_names <pattern>: those whose name, or whose file's name, matches
scenario_names() {
	for file in "$src_dir"/tests/scenarios/*; do
		file=$(basename "$file")
		variants=$(load_scenario "$file" && echo "$VARIANTS")
		for name in ${variants:-''}; do
			name=$file${name:+@$name}
			# shellcheck disable=SC2254 # patterns
			case $name in $1 | $1@*) echo "$name" ;; esac
		done
	done
}

# use_kernel <id>: takes what ./prepare left
use_kernel() {
	prepared=$src_dir/build/prepared/${DRIVER:-ours}-$1
	[ -f "$prepared" ] || die "kernel $1 has not been prepared"
	# shellcheck source=/dev/null
	. "$prepared"
}

scenario_environment() {
	index=0
	for gpu in $GPUS; do
		index=$((index + 1))
		printf 'GPU%d=0000:%02x:00.0\n' $((index - 1)) $index
	done
	echo "GPU_COUNT=$index"
	echo "BIND='$BIND'"
	echo "PEERS='$PEERS'"
	echo "CPU=$CPU"
	echo "VARIANT=$VARIANT"
	echo "DRIVER=${DRIVER:-ours}"
	echo "DRIVER_NAME=$driver_name"
}

scenario_tests() {
	printf '%s\n' "$TESTS" | sed '/^[ \t]*\(#.*\)\{0,1\}$/d;s/^[ \t]*//'
}
