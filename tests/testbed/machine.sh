# SPDX-License-Identifier: GPL-2.0-only
#
# The emulated Grace host as a QEMU command line; sourced by ./run-scenario and
# ./shell after lib.sh. Uses CPU, MEM, SMP, GPUS, SWITCH, DEVICES, MACHINE, APPEND and ICOUNT,
# and what use_kernel sets; DISKS here are words serial=image. HOST_KERNEL, when set, is booted
# instead of the kernel's own image.
#
# GPU number i is alone behind root port i (device 8 + i of bus 0), so that its
# address is 0000:0(i+1):00.0. With SWITCH there is one root port, below it a switch
# (buses 1 and 2), GPU i is 0000:0(i+3):00.0, and the other devices follow.
#
# Memory without a mem-base= follows the memory of the GPU before it, from 128 GiB,
# aligned to 512 MiB; what does not fit below the machine's own windows (256 GiB) goes
# above them (1 TiB).

block_size=$((512 << 20))
first_base=$((128 << 30))
windows_begin=$((256 << 30))
windows_end=$((1 << 40))

# The kernel stays as it is; only what the emulated CPU is slow at is left out, and KVM does
# not poll when a guest's CPU goes idle: what that waits for is emulated by the same CPUs.
# Debian's kernel is quiet on the console; its whole log goes to the port "log".
# Tracking of objects (debug_objects) is left to APPEND: it costs a factor of six. KASAN
# names what it found without the stacks of who allocated and freed it, which
# APPEND=kasan.stacktrace=on adds. SLUB's own checks are for what drivers allocate, and
# for what tests count (footprint_take()): for all caches they double a boot. Of large
# pages KASAN tags one in 32: a gigabyte of them takes it half a minute.
kernel_arguments() {
	echo "console=ttyAMA0 loglevel=5 panic=-1 panic_on_warn=1 oops=panic"
	echo "kfence.sample_interval=100 kvm.halt_poll_ns=0 arm64.nopauth nvgrace.kernel=$KIND"
	case $KERNEL in
	*-debug)
		echo "kmemleak=on slub_debug=FZP,kmalloc-*,pool_workqueue"
		echo "kasan.stacktrace=off kasan.page_alloc.sample=32"
		# Services have 90 s otherwise, in which its journal may not start.
		echo "systemd.default_timeout_start_sec=600"
		;;
	esac
	echo "${SEED:+nvgrace.seed=$SEED} ${OPERATIONS:+nvgrace.operations=$OPERATIONS} ${ROUNDS:+nvgrace.rounds=$ROUNDS}"
	echo "${only_test:+nvgrace.only=$only_test} ${only_case:+nvgrace.case=$only_case}"
	echo "$APPEND"
}

# Tag-based KASAN is what memory tagging of the CPU makes of it; on CPUs without that a
# debug kernel has its other checks.
machine_options() {
	echo "virt,virtualization=on,gic-version=3,iommu=smmuv3,acpi=on"
	case $KERNEL:$CPU in
	*-debug:neoverse-n1 | *-debug:cortex-a72) ;;
	*-debug:*) echo ",mte=on" ;;
	esac
	echo "${MACHINE:+,$MACHINE}"
}

# bytes <size>: 4096, 0x1000, 64K, 5G
bytes() {
	case $1 in
	*[kK]) echo $((${1%?} << 10)) ;;
	*[mM]) echo $((${1%?} << 20)) ;;
	*[gG]) echo $((${1%?} << 30)) ;;
	*[tT]) echo $((${1%?} << 40)) ;;
	*) echo $(($1)) ;;
	esac
}

round_up() {
	echo $((($1 + $2 - 1) / $2 * $2))
}

# port_arguments <index>: port<index>, a slot of the root complex or of the switch
port_arguments() {
	if [ -z "${SWITCH:-}" ]; then
		printf '%s\n' -device "pcie-root-port,id=port$1,bus=pcie.0,addr=$(printf %x $((8 + $1))),chassis=$(($1 + 1)),slot=$(($1 + 1))"
	else
		printf '%s\n' -device "xio3130-downstream,id=port$1,bus=switch,addr=$(printf %x "$1"),chassis=$(($1 + 1)),slot=$(($1 + 1))"
	fi
}

# What the ports of GPUs hang on.
switch_arguments() {
	[ -n "${SWITCH:-}" ] || return 0
	printf '%s\n' -device "pcie-root-port,id=root,bus=pcie.0,addr=8,chassis=0,slot=0"
	printf '%s\n' -device "x3130-upstream,id=switch,bus=root"
}

# neighbour_arguments <first index>
neighbour_arguments() {
	index=$1
	for device in ${SWITCH:-}; do
		port_arguments "$index"
		printf '%s\n' -device "$device,bus=port$index"
		index=$((index + 1))
	done
}

gpu_arguments() {
	index=0
	next=$first_base
	for gpu in $GPUS; do
		base=$(option mem-base "$gpu")
		if [ -z "$base" ]; then
			size=$(bytes "$(option mem-size "$gpu")")
			if [ "$next" -lt $windows_end ] && [ $((next + size)) -gt $windows_begin ]; then
				next=$windows_end
			fi
			gpu=$gpu,mem-base=$next
			next=$(round_up $((next + size)) $block_size)
		fi
		port_arguments "$index"
		printf '%s\n' -device "coherent-gpu,id=gpu$index,bus=port$index,$gpu"
		index=$((index + 1))
	done
}

# wire_arguments <peer> <end> <socket>: one end of the wire between the first host
# (end 1) and a peer (end 2); see inside/wire. The first host has to be there first.
wire_arguments() {
	server=on
	[ "$2" = 1 ] || server=off
	printf '%s\n' -netdev "stream,id=wire$1,server=$server,addr.type=unix,addr.path=$3" \
		-device "virtio-net-pci,netdev=wire$1,mac=52:54:00:00:0$1:0$2,romfile="
}

# With ICOUNT the machine's clock counts its instructions: 1 ns is one. Nobody waits for
# anything then, and one CPU of the host's is all that is used.
accelerator_arguments() {
	if [ -n "${ICOUNT:-}" ]; then
		printf '%s\n' -accel tcg,thread=single,tb-size=512 -icount shift=0,sleep=off
	else
		printf '%s\n' -accel tcg,thread=multi,tb-size=512
	fi
}

gpu_count() {
	echo "$GPUS" | wc -w
}

# machine_arguments <directory for what the machine writes> <payload image>
machine_arguments() {
	cp /usr/share/AAVMF/AAVMF_VARS.fd "$1/firmware-variables.fd"
	printf '%s\n' \
		-nodefaults -no-user-config -display none -no-reboot -monitor none \
		-M "$(machine_options | tr -d '\n')" \
		-cpu "$CPU" -smp "$SMP" -m "$MEM" \
		-drive if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd \
		-drive "if=pflash,unit=1,format=raw,file=$1/firmware-variables.fd" \
		-kernel "${HOST_KERNEL:-$KROOT/boot/vmlinuz}" -initrd "$INITRD" \
		-drive "if=none,id=root,format=raw,readonly=on,file=$ROOT_IMAGE" \
		-device virtio-blk-pci,drive=root,serial=root \
		-drive "if=none,id=payload,format=raw,readonly=on,file=$2" \
		-device virtio-blk-pci,drive=payload,serial=payload \
		-device virtio-serial-pci
	accelerator_arguments
	switch_arguments
	gpu_arguments
	neighbour_arguments "$(gpu_count)"
	for device in ${DEVICES:-}; do
		printf '%s\n' -device "$device"
	done
	for disk in ${DISKS:-}; do
		printf '%s\n' -drive "if=none,id=${disk%%=*},format=raw,readonly=on,file=${disk#*=}" \
			-device "virtio-blk-pci,drive=${disk%%=*},serial=${disk%%=*}"
	done
}
