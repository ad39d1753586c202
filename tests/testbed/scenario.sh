# SPDX-License-Identifier: GPL-2.0-only
#
# What a scenario file (tests/scenarios/<name>) says; sourced after lib.sh.
#
#   DESC    one line for people
#   CPU     a CPU model of QEMU's            SMP, MEM  CPUs and memory
#   APPEND  more kernel parameters           INIT      script or systemd
#   GPUS    one word per GPU: coherent-gpu's options, mem-base= only if it matters
#   BIND    numbers of the GPUs that driverctl binds first (default: all)
#   LIMIT   seconds for the whole scenario
#   TESTS   one per line: name, seconds, command; see inside/host

driver_name=nvgrace_gpu_vfio_pci

load_scenario() {
	scenario_file=$src_dir/tests/scenarios/$1
	[ -f "$scenario_file" ] || die "there is no scenario $1; see tests/scenarios"
	unset BIND
	DESC='' CPU=neoverse-n2 SMP=2 MEM=4G APPEND='' INIT=script LIMIT=300
	GPUS='mem-size=5G' TESTS=''
	# shellcheck source=/dev/null
	. "$scenario_file"
	[ -n "$TESTS" ] || die "scenario $1 has no TESTS"
	[ -n "${BIND+set}" ] || BIND=$(seq -s ' ' 0 $(($(echo "$GPUS" | wc -w) - 1)))
}

scenario_environment() {
	index=0
	for gpu in $GPUS; do
		index=$((index + 1))
		printf 'GPU%d=0000:%02x:00.0\n' $((index - 1)) $index
	done
	echo "GPU_COUNT=$index"
	echo "BIND='$BIND'"
	echo "CPU=$CPU"
	echo "DRIVER=${DRIVER:-ours}"
	echo "DRIVER_NAME=$driver_name"
}

scenario_tests() {
	printf '%s\n' "$TESTS" | sed '/^[ \t]*\(#.*\)\{0,1\}$/d;s/^[ \t]*//'
}
