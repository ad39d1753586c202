// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtual machine; see vm.h.
 *
 * Copyright (C) The nvgrace-gpu authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest_code.h"
#include "vm.h"

#define CODE_SLOT		0
#define CODE_BYTES		0x200000UL
#define TABLE_OFFSET		0x10000UL	/* stage-1 table, from VM_CODE_GPA */

#define CAP_CACHEABLE_PFNMAP	243

/* Stage 1: 4K granule, 39-bit addresses: one table of 1 GiB blocks. */
#define BLOCK_SHIFT		30
#define BLOCK_VALID		(1ULL << 0)
#define BLOCK_ATTR(index)	((uint64_t)(index) << 2)
#define BLOCK_INNER_SHAREABLE	(3ULL << 8)
#define BLOCK_ACCESSED		(1ULL << 10)
#define ATTR_NORMAL_WB		0
#define ATTR_DEVICE		1
#define MAIR_VALUE		(0xffULL << (8 * ATTR_NORMAL_WB) | \
				 0x04ULL << (8 * ATTR_DEVICE))
#define TCR_VALUE		(25ULL |	/* T0SZ: 39 bits */	\
				 1ULL << 8 | 1ULL << 10 | /* walks are write-back */ \
				 3ULL << 12 |	/* and inner shareable */ \
				 1ULL << 23 |	/* no TTBR1 */		\
				 2ULL << 32)	/* 40-bit addresses out */
#define SCTLR_MMU_CACHES	(1ULL << 0 | 1ULL << 2 | 1ULL << 12)

/*
 * Stage 2 of a guest that is a hypervisor itself: one table of blocks, with the host's
 * granule, since KVM offers no other.
 */
#define STAGE2_BITS		39
#define VTCR_VALUE		((64ULL - STAGE2_BITS) | 1ULL << 6 | /* first block level */ \
				 1ULL << 8 | 1ULL << 10 | 3ULL << 12 | /* as TCR_VALUE */ \
				 2ULL << 16 |	/* 40-bit addresses out */	\
				 1ULL << 31)	/* RES1 */
#define VTCR_64K		(1ULL << 14)
#define STAGE2_DEVICE		(0x1ULL << 2)
#define STAGE2_NORMAL_WB	(0xfULL << 2)
#define STAGE2_READ_WRITE	(3ULL << 6)
#define PSTATE_EL2H		0x3c9ULL	/* everything masked */

#define GIC_DISTRIBUTOR_GPA	0x08000000ULL
#define GIC_REDISTRIBUTOR_GPA	0x080a0000ULL

#define SCTLR_EL1		ARM64_SYS_REG(3, 0, 1, 0, 0)
#define TTBR0_EL1		ARM64_SYS_REG(3, 0, 2, 0, 0)
#define TCR_EL1			ARM64_SYS_REG(3, 0, 2, 0, 2)
#define MAIR_EL1		ARM64_SYS_REG(3, 0, 10, 2, 0)
#define VBAR_EL1		ARM64_SYS_REG(3, 0, 12, 0, 0)

#define CORE_REG(name)		(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | \
				 KVM_REG_ARM_CORE | KVM_REG_ARM_CORE_REG(name))
#define CORE_REG_X(i)		(CORE_REG(regs.regs[0]) + \
				 (i) * sizeof(__u64) / sizeof(__u32))

static int failed(const char *step)
{
	int error = errno;

	fprintf(stderr, "# %s: %s\n", step, strerror(error));
	errno = error;
	return -1;
}

static int set_reg(int vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return ioctl(vcpu, KVM_SET_ONE_REG, &reg);
}

static int get_reg(int vcpu, uint64_t id, uint64_t *value)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	return ioctl(vcpu, KVM_GET_ONE_REG, &reg);
}

int vm_set_slot(struct vm *vm, int slot, uint64_t gpa, void *host,
		uint64_t bytes, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)host,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static void fill_table(uint64_t *table)
{
	uint64_t i, attr;

	for (i = 0; i < 512; i++) {
		attr = i ? ATTR_NORMAL_WB : ATTR_DEVICE;
		table[i] = i << BLOCK_SHIFT | BLOCK_ACCESSED |
			   BLOCK_INNER_SHAREABLE | BLOCK_ATTR(attr) |
			   BLOCK_VALID;
	}
}

static int create_code(struct vm *vm)
{
	vm->code = mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->code == MAP_FAILED) {
		vm->code = NULL;
		return failed("memory for the guest's code");
	}
	memcpy(vm->code, guest_code, guest_code_end - guest_code);
	fill_table((void *)((char *)vm->code + TABLE_OFFSET));
	vm->shared = (void *)((char *)vm->code + GUEST_SHARED_OFFSET);
	if (vm_set_slot(vm, CODE_SLOT, VM_CODE_GPA, vm->code, CODE_BYTES, 0))
		return failed("memory slot for the guest's code");
	return 0;
}

static int set_mmu(int vcpu)
{
	uint64_t sctlr;

	if (get_reg(vcpu, SCTLR_EL1, &sctlr) ||
	    set_reg(vcpu, MAIR_EL1, MAIR_VALUE) ||
	    set_reg(vcpu, TCR_EL1, TCR_VALUE) ||
	    set_reg(vcpu, TTBR0_EL1, VM_CODE_GPA + TABLE_OFFSET) ||
	    set_reg(vcpu, VBAR_EL1, VM_CODE_GPA) ||
	    set_reg(vcpu, SCTLR_EL1, sctlr | SCTLR_MMU_CACHES))
		return failed("guest system registers");
	return 0;
}

static int create_vcpu(struct vm *vm, unsigned int index, uint32_t features)
{
	struct kvm_vcpu_init init;
	void *run;
	int vcpu;

	vcpu = ioctl(vm->fd, KVM_CREATE_VCPU, index);
	if (vcpu < 0)
		return failed("KVM_CREATE_VCPU");
	vm->vcpu[index].fd = vcpu;
	run = mmap(NULL, vm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		   vcpu, 0);
	if (run == MAP_FAILED)
		return failed("kvm_run");
	vm->vcpu[index].run = run;
	if (ioctl(vm->fd, KVM_ARM_PREFERRED_TARGET, &init))
		return failed("KVM_ARM_PREFERRED_TARGET");
	init.features[0] |= features;
	if (ioctl(vcpu, KVM_ARM_VCPU_INIT, &init))
		return failed("KVM_ARM_VCPU_INIT");
	return set_mmu(vcpu);
}

static int create_empty(struct vm *vm)
{
	unsigned int i;
	int bytes;

	*vm = (struct vm){ .kvm = -1, .fd = -1 };
	for (i = 0; i < VM_VCPUS_MAX; i++)
		vm->vcpu[i].fd = -1;

	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		return failed("/dev/kvm");
	bytes = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (bytes < 0)
		return failed("KVM_GET_VCPU_MMAP_SIZE");
	vm->run_size = bytes;
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		return failed("KVM_CREATE_VM");
	return 0;
}

int vm_create_smp(struct vm *vm, unsigned int vcpus)
{
	unsigned int i;

	if (create_empty(vm) || create_code(vm))
		return -1;
	for (i = 0; i < vcpus; i++)
		if (create_vcpu(vm, i, 0))
			return -1;
	return 0;
}

int vm_create(struct vm *vm)
{
	return vm_create_smp(vm, 1);
}

int vm_enable_mte(struct vm *vm)
{
	struct kvm_enable_cap mte = { .cap = KVM_CAP_ARM_MTE };

	return ioctl(vm->fd, KVM_ENABLE_CAP, &mte) ? failed("KVM_CAP_ARM_MTE") : 0;
}

int vm_add_vcpu(struct vm *vm)
{
	return create_vcpu(vm, 0, 0);
}

static int set_gic(int gic, uint32_t group, uint64_t attribute, uint64_t value)
{
	struct kvm_device_attr attr = {
		.group = group, .attr = attribute, .addr = (uintptr_t)&value,
	};

	return ioctl(gic, KVM_SET_DEVICE_ATTR, &attr);
}

/* KVM wants one for a vCPU with an EL2 of its own. It stays for as long as the VM. */
static int create_gic(struct vm *vm)
{
	struct kvm_create_device gic = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
	int ret;

	if (ioctl(vm->fd, KVM_CREATE_DEVICE, &gic))
		return failed("GICv3");
	ret = set_gic(gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST,
		      GIC_DISTRIBUTOR_GPA) ||
	      set_gic(gic.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST,
		      GIC_REDISTRIBUTOR_GPA) ||
	      set_gic(gic.fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, 0);
	close(gic.fd);
	return ret ? failed("GICv3") : 0;
}

static bool has_64k_pages(void)
{
	return sysconf(_SC_PAGESIZE) == 0x10000;
}

static void fill_stage2(uint64_t *table)
{
	unsigned int shift = has_64k_pages() ? 29 : 30;
	uint64_t i, type;

	for (i = 0; i < 1ULL << (STAGE2_BITS - shift); i++) {
		type = i << shift < VM_CODE_GPA ? STAGE2_DEVICE : STAGE2_NORMAL_WB;
		table[i] = i << shift | BLOCK_ACCESSED | BLOCK_INNER_SHAREABLE |
			   STAGE2_READ_WRITE | type | BLOCK_VALID;
	}
}

int vm_add_hypervisor(struct vm *vm)
{
	fill_stage2((void *)((char *)vm->code + GUEST_STAGE2_OFFSET));
	return create_vcpu(vm, 0, 1U << KVM_ARM_VCPU_HAS_EL2) || create_gic(vm) ? -1 : 0;
}

struct vm_result vm_run_nested(struct vm *vm, const char *routine, uint64_t gpa,
			       uint64_t value)
{
	uint64_t args[VM_ARGUMENTS] = {
		gpa, value, [3] = VTCR_VALUE | (has_64k_pages() ? VTCR_64K : 0),
		[4] = VM_CODE_GPA + (uint64_t)(routine - guest_code),
	};

	if (set_reg(vm->vcpu[0].fd, CORE_REG(regs.pstate), PSTATE_EL2H))
		return (struct vm_result){ VM_RUN_FAILED, errno };
	return vm_run_vcpu(vm, 0, guest_enter_nested, args);
}

void vm_destroy(struct vm *vm)
{
	unsigned int i;

	for (i = 0; i < VM_VCPUS_MAX; i++) {
		if (vm->vcpu[i].run)
			munmap(vm->vcpu[i].run, vm->run_size);
		if (vm->vcpu[i].fd >= 0)
			close(vm->vcpu[i].fd);
	}
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm >= 0)
		close(vm->kvm);
	if (vm->code)
		munmap(vm->code, CODE_BYTES);
}

int vm_set_window(struct vm *vm, void *host, uint64_t bytes)
{
	if (bytes > VM_WINDOW_MAX)
		bytes = VM_WINDOW_MAX;
	return vm_set_slot(vm, VM_WINDOW_SLOT, VM_WINDOW_GPA, host, bytes, 0);
}

int vm_get_dirty_log(struct vm *vm, int slot, void *bitmap)
{
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bitmap };

	return ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log);
}

static struct vm_result read_exit(struct kvm_run *run)
{
	struct vm_result result = { VM_UNEXPECTED, run->exit_reason };

	if (run->exit_reason != KVM_EXIT_MMIO || !run->mmio.is_write)
		return result;
	switch (run->mmio.phys_addr) {
	case VM_MMIO_GPA + GUEST_DONE_OFFSET:
		result.outcome = VM_DONE;
		break;
	case VM_MMIO_GPA + GUEST_EXCEPTION_OFFSET:
		result.outcome = VM_EXCEPTION;
		break;
	case VM_MMIO_GPA + GUEST_MISMATCH_OFFSET:
		result.outcome = VM_MISMATCH;
		break;
	default:
		return (struct vm_result){ VM_MMIO_STORE, run->mmio.phys_addr };
	}
	memcpy(&result.value, run->mmio.data, sizeof(result.value));
	return result;
}

/* An MMIO exit ends at the next KVM_RUN, which must not run any further. */
static void complete_exit(int vcpu, struct kvm_run *run)
{
	run->immediate_exit = 1;
	ioctl(vcpu, KVM_RUN, 0);
	run->immediate_exit = 0;
}

static int set_start(int vcpu, const char *routine,
		     const uint64_t args[VM_ARGUMENTS])
{
	uint64_t pc = VM_CODE_GPA + (routine - guest_code);
	unsigned int i;

	for (i = 0; i < VM_ARGUMENTS; i++)
		if (set_reg(vcpu, CORE_REG_X(i), args[i]))
			return -1;
	if (set_reg(vcpu, CORE_REG_X(20), VM_MMIO_GPA))
		return -1;
	return set_reg(vcpu, CORE_REG(regs.pc), pc);
}

static bool again(struct vm *vm)
{
	if (errno == EFAULT && vm->retry_faults) {
		vm->retried++;
		return true;
	}
	return errno == EINTR;
}

struct vm_result vm_run_vcpu(struct vm *vm, unsigned int index,
			     const char *routine,
			     const uint64_t args[VM_ARGUMENTS])
{
	struct kvm_run *run = vm->vcpu[index].run;
	int vcpu = vm->vcpu[index].fd;
	struct vm_result result;
	int ret;

	if (set_start(vcpu, routine, args))
		return (struct vm_result){ VM_RUN_FAILED, errno };
	do {
		ret = ioctl(vcpu, KVM_RUN, 0);
	} while (ret && again(vm));
	if (ret)
		return (struct vm_result){ VM_RUN_FAILED, errno };
	result = read_exit(run);
	complete_exit(vcpu, run);
	return result;
}

struct vm_result vm_run(struct vm *vm, const char *routine, uint64_t gpa,
			uint64_t value)
{
	uint64_t args[VM_ARGUMENTS] = { gpa, value };

	return vm_run_vcpu(vm, 0, routine, args);
}

int vm_cacheable_pfnmap(struct vm *vm)
{
	return ioctl(vm->fd, KVM_CHECK_EXTENSION, CAP_CACHEABLE_PFNMAP);
}

int vm_system_cacheable_pfnmap(struct vm *vm)
{
	return ioctl(vm->kvm, KVM_CHECK_EXTENSION, CAP_CACHEABLE_PFNMAP);
}
