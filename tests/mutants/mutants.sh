# SPDX-License-Identifier: GPL-2.0-only
#
# Drivers of one's own making on the emulated host; sourced, after lib.sh and scenario.sh.
# The kernel must have been prepared.
#
# Vocabulary
#   driver    a module, named as bin/with-mutant has it: a mutant's number, ours, blocks
#   line      a line of TESTS for the scenario "mutants": one test of another scenario, with
#             one driver; its name is <driver>.<test>

mutants_dir=$src_dir/tests/mutants
mutants_out=$src_dir/build/mutants
# As sysfs and as kbuild have it.
module_file=drivers/vfio/pci/nvgrace-gpu/nvgrace-gpu-vfio-pci.ko

mutants_scenarios() {
	(load_scenario mutants && echo "$VARIANTS")
}

# tests_of <scenario>: lines of name and seconds
tests_of() {
	(load_scenario "$1" && scenario_tests) | awk '{ print $1, $2 }'
}

# map_key <scenario>: of what its coverage map was made with, but for libraries of the tests
map_key() {
	(
		cd "$src_dir" || exit
		set -- "tests/scenarios/$1"
		for source in tests/host/*.c tests/kvm/*.c; do
			! grep -q -w "$(basename "$source" .c)" "$1" || set -- "$@" "$source"
		done
		content_key "$@"
	)
}

# copy_driver <directory>: all that a driver is built from
copy_driver() {
	rm -rf "$1"
	mkdir -p "$1"
	(cd "$src_dir" && cp -r Kbuild VERSION include drivers compat "$1")
}

# build_driver <directory> <module to be>
build_driver() {
	make -C "$KDIR" M="$1" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- -j"$(nproc)" \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$1.log" 2>&1 </dev/null || return
	cp "$1/$module_file" "$2"
}

# line <driver> <scenario> <test> <seconds>
line() {
	echo "$1.$3 $4 with-mutant $1 $2 $3"
}

# The kernel of every host; what the drivers were built for.
mutants_kernel=7

# run_lines <scenario> <directory>: boots its host with the drivers (<name>.ko) and the
# lines ("tests") of the directory. What came out is then in $results.
run_lines() {
	results=$2.results/mutants@$1
	RESULTS=$2.results MUTANTS=$2 "$testbed_dir/run-scenario" "mutants@$1+$mutants_kernel" "mutants@$1" || :
	[ -s "$results/results.tap" ] || die "the host of $1 was not run"
	! grep -E '^not ok .*: runs \(' "$results/results.tap" >&2 ||
		die "not every test was run, see $results"
}
