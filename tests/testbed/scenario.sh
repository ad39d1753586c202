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
#   SWITCH    further devices, likewise, below one PCIe switch with all GPUs
#   DISKS     further disks, one word each: a program of tests/ that prints the image's path
#             ($KREL is the kernel); its serial number is the last part of the word
#   STATE     size of a disk (serial number "state", ext4) that the boots of the scenario share;
#             its /boot/initrd.img, once there is one, is booted
#   BIND      numbers of the GPUs that driverctl binds first (default: all)
#   PEERS     CPU models of further hosts, all else being equal; see bin/on-peer
#   LIMIT     seconds for the whole scenario
#   ICOUNT    not empty: the clock counts instructions, 1 ns each (SMP must be 1)
#   URGENT    not empty: goes before other scenarios that run at the same time
#   TESTS     one per line: name, seconds, command; see inside/host
#   SUBJECT   "tool" where the tools of this project are tested, whatever the host has
#   VARIANTS  words: the file describes one scenario for each, $VARIANT tells which
#
# A job is a scenario and what is wanted of it: <file>[@<variant>][+<kernel id>][:<test>[:<case>]].
# With +<kernel id> the scenario runs on that kernel instead of its own. With :<test> only
# the tests run whose name matches one of these patterns, with :<case> only those cases of
# them: names as in results.tap, or the last parts of some. Commas separate several.

driver_name=nvgrace_gpu_vfio_pci

# variants_of <file>: what its VARIANTS says
variants_of() {
	# shellcheck source=/dev/null
	(VARIANTS='' VARIANT='' && . "$src_dir/tests/scenarios/$1" && echo "$VARIANTS")
}

# split_job <job>: sets job_file, VARIANT, override, only_test and only_case. A variant may
# hold any character that separates: the longest one that fits is meant.
split_job() {
	job_file=${1%%[@+:]*}
	job_rest=${1#"$job_file"}
	[ -f "$src_dir/tests/scenarios/$job_file" ] || die "there is no scenario $1; see tests/scenarios"
	VARIANT='' override='' only_test='' only_case=''
	case $job_rest in
	@*)
		for word in $(variants_of "$job_file"); do
			case $job_rest in
			"@$word" | "@$word"[+:]*) [ ${#word} -le ${#VARIANT} ] || VARIANT=$word ;;
			esac
		done
		[ -n "$VARIANT" ] || die "scenario $job_file has no variant ${job_rest#@}; it has:" \
			"$(variants_of "$job_file" | tr '\n' ' ')"
		job_rest=${job_rest#"@$VARIANT"}
		;;
	esac
	case $job_rest in
	+*) override=${job_rest#+} override=${override%%:*} job_rest=${job_rest#"+$override"} ;;
	esac
	case $job_rest in
	:*) only_test=${job_rest#:} only_test=${only_test%%:*} job_rest=${job_rest#":$only_test"} ;;
	esac
	only_case=${job_rest#:}
}

load_scenario() {
	split_job "$1"
	unset BIND
	DESC='' KERNEL='' URGENT='' SUBJECT='' CPU=neoverse-n2 SMP=2 MEM=4G MACHINE='' APPEND='' INIT=script
	LIMIT=300 GPUS='mem-size=5G' ICOUNT='' DEVICES='' SWITCH='' DISKS='' STATE='' PEERS='' TESTS='' VARIANTS=''
	# shellcheck source=/dev/null
	. "$src_dir/tests/scenarios/$job_file"
	[ -n "$TESTS" ] || die "scenario $1 has no TESTS"
	[ -n "${BIND+set}" ] || BIND=$(seq -s ' ' 0 $(($(echo "$GPUS" | wc -w) - 1)))
	own_kernel=$KERNEL
	KERNEL=${override:-${KERNEL:-7}}
}

# every_scenario: their names
every_scenario() {
	for file in "$src_dir"/tests/scenarios/*; do
		file=${file##*/}
		variants=$(variants_of "$file")
		for name in ${variants:-''}; do
			echo "$file${name:+@$name}"
		done
	done
}

# scenario_names <pattern>: those whose name, or whose file's name, matches
scenario_names() {
	every_scenario=${every_scenario:-$(every_scenario)}
	for name in $every_scenario; do
		# shellcheck disable=SC2254 # patterns
		case $name in $1 | $1@*) echo "$name" ;; esac
	done
}

# use_kernel <id>: takes what ./prepare left; KIND is what tests are told of the kernel
use_kernel() {
	KIND=$1
	prepared=$src_dir/build/prepared/${DRIVER:-ours}-$1
	[ -f "$prepared" ] || die "kernel $1 has not been prepared"
	# shellcheck source=/dev/null
	. "$prepared"
}

# option <name> <options>: its value in a=b,c=d
option() {
	echo ",$2" | sed -n "s/.*,$1=\([^,]*\).*/\1/p"
}

# What tests find in their environment: GPU0 is the first GPU's address, GPU0_MEM the memory
# that it was built with.
scenario_environment() {
	index=0
	# A switch has two buses of its own.
	bus=$((${SWITCH:+2} + 1))
	for gpu in $GPUS; do
		printf 'GPU%d=0000:%02x:00.0\n' $index $((bus + index))
		echo "GPU${index}_MEM=$(option mem-size "$gpu")"
		index=$((index + 1))
	done
	echo "GPU_COUNT=$index"
	[ -z "$SWITCH" ] || printf 'NEIGHBOUR=0000:%02x:00.0\n' $((bus + index))
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

# shellcheck source=tests/testbed/inside/wanted.sh
. "$testbed_dir/inside/wanted.sh"

# wanted_tests: those of the job
wanted_tests() {
	scenario_tests | wanted "$only_test"
}

# need_tests: the job has some
need_tests() {
	[ -n "$(wanted_tests)" ] || die "scenario $job_file has no test '$only_test'; it has:" \
		"$(scenario_tests | sed 's/[[:blank:]].*//' | tr '\n' ' ')"
}

# scenario_of_job: the scenario alone
scenario_of_job() {
	echo "$job_file${VARIANT:+@$VARIANT}"
}

# Hosts wait for resets now and then: one more than there are CPUs, and no more than there is
# memory for, reckoned at 3 GB a host.
default_jobs() {
	awk -v jobs="$(($(nproc) + 1))" '/^MemAvailable:/ { fit = int($2 / 3e6) }
		END { print fit < 1 ? 1 : fit < jobs ? fit : jobs }' /proc/meminfo
}
