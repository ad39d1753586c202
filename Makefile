# SPDX-License-Identifier: GPL-2.0-only
#
# nvgrace-gpu: what a person types. `make help` lists it.
#
# Modules are built for the running kernel, or for the one KDIR= names. Tests and
# the demo need nothing of the machine but root or user namespaces: compilers, emulator and
# kernels come into a Debian root of their own, see tests/testbed.

KDIR ?= /lib/modules/$(shell uname -r)/build
testbed := tests/testbed

modules:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

modules_install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules_install
	depmod -a $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) \
		$$($(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease)

tools:
	$(MAKE) -C tools
	$(MAKE) -C tools/state

tools_install:
	$(MAKE) -C tools install
	$(MAKE) -C tools/state install

qa qa_install:
	$(MAKE) -C tools/qa $(patsubst qa_%,%,$(filter qa_%,$@))

deb:
	@packaging/build

demo:
	@tests/demo/demo

check:
	@$(testbed)/run check

check-quick:
	@$(testbed)/run quick

# make promise P=P2
promise:
	@$(testbed)/run $(P)

promises census:
	@$(testbed)/publish $@

check-unit check-static check-intree check-packages check-dkms check-install check-host check-guest \
check-refusal check-libvirt check-tool check-qa check-kvm check-migration check-peer check-lts \
check-64k check-bench check-testbed:
	@$(testbed)/run $(@:check-%=%)

check-debug:
	@JOBS=$${JOBS:-2} $(testbed)/run debug

check-arm64:
	@$(testbed)/arm64

fuzz-unit:
	@$(testbed)/enter $(MAKE) -s -C tests/unit fuzz-long

fuzz:
	@$(testbed)/run host-fuzz

soak:
	@OPERATIONS=$${OPERATIONS:-1000000} ROUNDS=$${ROUNDS:-1000} JOBS=$${JOBS:-1} $(testbed)/run soak

# make new-test NAME=mmap_bounds
new-test:
	@tests/host/new-test "$(NAME)"

check-howto:
	@tests/howto/follow

coverage:
	@$(testbed)/coverage

htmldocs:
	@$(testbed)/enter sphinx-build -qaEW -b html Documentation build/htmldocs
	@echo build/htmldocs/index.html

mutate-kvm:
	@tests/kvm/mutate

check-steps:
	@tests/kvm/steps

mutate-driver:
	@tests/host/mutate

check-weaknesses:
	@tests/in-tree/check

mutate-list:
	@tests/mutants/list --print

mutate-sample:
	@tests/mutants/mutate

coverage-map:
	@tests/mutants/map

bench:
	@tests/bench/bench

# make compare A=<results or report> B=<results or report>
compare:
	@tools/qa/compare $(if $(RATIO),--ratio $(RATIO)) "$(A)" "$(B)"

# make run S="guest-one host-*"
run:
	@$(testbed)/run $(S)

shell:
	@$(testbed)/shell

clean:
	rm -rf build
	$(MAKE) -s -C tools clean
	$(MAKE) -s -C tools/state clean
	-$(MAKE) -s -C $(KDIR) M=$(CURDIR) clean 2>/dev/null

prune:
	@$(testbed)/prune $(DAYS)

distclean: clean
	@$(testbed)/distclean

help:
	@echo 'The driver:'
	@echo '  make                  build the module for the running kernel (KDIR=<headers> for another)'
	@echo '  make modules_install  install it (INSTALL_MOD_PATH=, as in the kernel)'
	@echo
	@echo '  make tools            build nvgrace-gpu-check and nvgrace-gpu-state (libpci-dev, libjson-c-dev)'
	@echo '  make tools_install    install them, with man pages, udev rule, unit (DESTDIR=, PREFIX=/usr)'
	@echo '  make qa               build nvgrace-gpu-qa, which tests this machine (KSRC=<kernel source>)'
	@echo '  make qa_install       install it (KSRC=, DESTDIR=, PREFIX=/usr)'
	@echo '  make deb              Debian packages of both and of the kernel patches (build/packages/)'
	@echo
	@echo 'Without a Grace machine (as root, or as a user who has user namespaces; the first run'
	@echo 'fetches and builds what it needs, and says how much that is):'
	@echo '  make demo             watch a GPU pass to a guest that uses its memory, and a refusal'
	@echo '                        (KERNEL=6.12: on 6.12 with the KVM series)'
	@echo '  make shell            a prompt on the emulated host (CPU= KERNEL= GPUS= MEM= DRIVER=)'
	@echo '  make check-quick      what is worth running before every commit'
	@echo '  make run S="..."      scenarios, one test or one case of a scenario, as S=host-main:reset or'
	@echo '                        S=host-main:reset:file_access_goes_on; V=1 with their output'
	@echo '  make check            all tests; parts:'
	@echo '  make check-unit       the driver'"'"'s pure files in user space: tests, fuzzers'
	@echo '  make check-static     warnings, sparse, checkpatch, documentation, scripts'
	@echo '  make check-packages   the Debian packages; the module built by dkms'
	@echo '  make check-host       the driver'"'"'s interfaces, driverctl, reboots'
	@echo '  make check-guest      guests that use GPU memory, two at once'
	@echo '  make check-refusal    hosts that cannot guarantee cacheable memory'
	@echo '  make check-libvirt    Debian'"'"'s libvirt passes the GPU through, with the domain of the guide'
	@echo '  make check-tool       what nvgrace-gpu-check says of hosts, GPUs and faults'
	@echo '  make check-qa         nvgrace-gpu-qa, as on real hardware'
	@echo '  make check-kvm        what KVM makes of the memory, by kernel and kind of host'
	@echo '  make check-migration  a guest is migrated to a host that must refuse it'
	@echo '  make check-peer       upstream'"'"'s vfio and KVM selftests'
	@echo '  make check-lts        the interfaces and a guest on 6.12 with the KVM series'
	@echo '  make check-64k        the interfaces and KVM on kernels with 64K pages (in check: 7.x)'
	@echo '  make check-bench      what the driver costs beside the in-tree one: within limits?'
	@echo '  make check-testbed    the test bed itself'
	@echo '  make new-test NAME=x  a skeleton of a test of the driver; see Documentation/how-to'
	@echo '  make htmldocs         Documentation/ as pages, in build/htmldocs/'
	@echo '  make promise P=P2     the tests that stand for one promise of the threat model'
	@echo '  make promises         after a green make check: write Documentation/testing/promises.rst'
	@echo '  make census           after make check: write tests/census, the number of cases of each test'
	@echo '  make compare A= B=    what is different in the second of two build/results/: new red, new'
	@echo '                        green, vanished, added, slower (RATIO=1.5 times)'
	@echo
	@echo '  Not in make check, since they take long:'
	@echo '  make check-intree     the driver, built inside the source of the newest kernel'
	@echo '  make check-dkms       the module built by dkms for every kernel whose headers Debian has'
	@echo '  make check-howto      what Documentation/how-to says, done literally in copies of the checkout'
	@echo '  make check-install    the packages, installed on the emulated host by the guide'
	@echo '  make check-debug      host, guests and KVM under KASAN, lockdep and kmemleak'
	@echo '  make check-weaknesses the kernel'"'"'s own driver, of 7.x and of 6.12: does it fail what it is'
	@echo '                        said to fail in Documentation/driver-api/nvgrace-gpu.rst'
	@echo '  make check-arm64      the test bed as on an arm64 machine, its programs emulated: toolbox,'
	@echo '                        modules, packages, unit tests'
	@echo '  make coverage         after make check-debug: lines of the driver that did not run, and why'
	@echo '  make bench            what the driver costs beside the in-tree one, in instructions, faults'
	@echo '                        and page tables: a table, build/bench/figures.{csv,svg}'
	@echo '  make fuzz-unit        fuzz the pure files for FUZZ_SECONDS each (60), keep what is new'
	@echo '  make fuzz             random use of the device, checked against a model of it'
	@echo '                        (OPERATIONS=n of each test, SEED=n repeats a run)'
	@echo '  make soak             hours of fuzzing, of users and host at odds, of VMs that come and'
	@echo '                        go, of four guests at once, on the debug kernels (OPERATIONS= ROUNDS=)'
	@echo '  make check-steps      every patch for kernels 6.12 and 7.x: does the kernel build, boot, and'
	@echo '                        keep what is promised for this step'
	@echo '  make mutate-kvm       break the KVM series one rule at a time; tests must notice'
	@echo '  make mutate-driver    the same with the driver, in places where data could get out'
	@echo '  make mutate-sample    break the driver in COUNT= places (20) that SEED= or NUMBERS= chooses, count what'
	@echo '                        the tests notice'
	@echo '  make mutate-list      every place where make mutate-sample can break it'
	@echo '  make coverage-map     which tests run which line of the driver, for make mutate-sample'
	@echo
	@echo '  KERNEL=<id>           on another kernel: 7 (default), 6.12, 6.12-series, ...; see'
	@echo '                        Documentation/testing/testbed.rst'
	@echo '  KERNEL=<path>         on the kernel that is built from your own tree (run, demo, shell)'
	@echo '  QEMU=<path>           with your own emulator that has the model, tests/testbed/qemu'
	@echo '  JOBS=1                one test after the other, their output as it comes; by default one'
	@echo '                        more at a time than there are CPUs'
	@echo '  DRIVER=in-tree        test the kernel'"'"'s own driver instead'
	@echo '  NVGRACE_CACHE=<dir>   where downloads and builds are kept (~/.cache/nvgrace-gpu)'
	@echo '  DEBIAN_MIRROR=<URL> DEBIAN_SECURITY_MIRROR=<URL>'
	@echo '                        where Debian comes from, where apt here does not say it'
	@echo
	@echo '  make clean            remove build/ and what make and make tools left'
	@echo '  make prune            remove from the cache what was not used for DAYS days (30), and what is'
	@echo '                        superseded; says what'
	@echo '  make distclean        remove the cache too; one that NVGRACE_CACHE= names only if it'
	@echo '                        was made by the test bed'

.PHONY: modules modules_install tools tools_install qa qa_install deb demo check check-unit check-static \
	check-intree check-packages check-dkms check-install check-host check-guest \
	check-refusal check-libvirt check-tool check-qa check-kvm check-migration check-peer check-lts check-64k \
	check-debug check-bench check-testbed check-steps bench compare fuzz-unit fuzz soak promises coverage htmldocs mutate-kvm \
	mutate-driver run shell clean prune distclean help new-test check-howto check-quick promise census check-weaknesses \
	check-arm64 mutate-sample mutate-list coverage-map
