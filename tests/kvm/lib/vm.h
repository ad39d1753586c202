/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual machine as small as the question it answers.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * The guest's stage-1 MMU is on and maps everything flat: below 1 GiB as Device
 * (nothing is there, stores leave the guest as MMIO exits), above as Normal
 * write-back. What the guest sees is therefore decided by stage 2 alone, on
 * real hardware as in emulation.
 */
#ifndef VM_H
#define VM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_shared;

#define VM_MMIO_GPA	0x09000000ULL		/* nothing is mapped here */
#define VM_CODE_GPA	0x40000000ULL		/* code and page table */
#define VM_WINDOW_GPA	0x100000000ULL		/* what is being measured */
#define VM_WINDOW_MAX	0x7f00000000ULL		/* bytes of it at most */
#define VM_WINDOW_SLOT	1			/* memory slots from here on are free */
#define VM_VCPUS_MAX	8
#define VM_ARGUMENTS	5

enum vm_outcome {
	VM_DONE,	/* value: the routine's result */
	VM_EXCEPTION,	/* value: ESR_EL1 */
	VM_MISMATCH,	/* value: what the guest read and did not expect */
	VM_MMIO_STORE,	/* value: guest address of a store that met no memory */
	VM_RUN_FAILED,	/* value: errno of KVM_RUN */
	VM_UNEXPECTED,	/* value: exit reason */
};

struct vm_result {
	enum vm_outcome outcome;
	uint64_t value;
};

/**
 * struct vm - a virtual machine
 * @kvm: /dev/kvm
 * @fd: the VM
 * @vcpu: its vCPUs and their shared memory; unused ones have no @fd
 * @run_size: length of that memory
 * @code: host address of VM_CODE_GPA
 * @shared: words that guest_watch goes by
 * @retry_faults: run again when KVM_RUN fails with EFAULT, and count it. Stock kernels
 *	fault device memory in and then look it up; what was taken away between the
 *	two ends KVM_RUN like memory that cannot be had. See struct kvm_kind's
 *	@looks_again: elsewhere the count must be 0.
 * @retried: how often that was done
 */
struct vm {
	int kvm;
	int fd;
	struct {
		int fd;
		struct kvm_run *run;
	} vcpu[VM_VCPUS_MAX];
	size_t run_size;
	void *code;
	struct guest_shared *shared;
	bool retry_faults;
	_Atomic unsigned long retried;
};

/*
 * Creates a VM with one vCPU, or with so many: 0, or -1 with errno and a line on
 * stderr saying which step failed.
 */
int vm_create(struct vm *vm);
int vm_create_smp(struct vm *vm, unsigned int vcpus);
void vm_destroy(struct vm *vm);

/* For a VM without vCPUs: gives it memory tags, then one vCPU. As above. */
int vm_enable_mte(struct vm *vm);
int vm_add_vcpu(struct vm *vm);

/*
 * For a VM without vCPUs: one with an EL2 of its own, for guests of the guest, as above.
 * errno is EINVAL where KVM has no nested virtualization.
 */
int vm_add_hypervisor(struct vm *vm);

/* Gives the guest @bytes of host memory at VM_WINDOW_GPA: 0 or -1 with errno. */
int vm_set_window(struct vm *vm, void *host, uint64_t bytes);

/* Any slot, anywhere; @bytes = 0 deletes it; @flags: KVM_MEM_*. */
int vm_set_slot(struct vm *vm, int slot, uint64_t gpa, void *host,
		uint64_t bytes, uint32_t flags);

/* Dirty pages of a slot since the last call, one bit each: 0 or -1 with errno. */
int vm_get_dirty_log(struct vm *vm, int slot, void *bitmap);

/* Runs @routine (of guest_code.h) on @gpa until it ends one way or another. */
struct vm_result vm_run(struct vm *vm, const char *routine, uint64_t gpa,
			uint64_t value);

/* The same in a guest of this guest, which gives it all it has, as write-back memory. */
struct vm_result vm_run_nested(struct vm *vm, const char *routine, uint64_t gpa,
			       uint64_t value);

/* The same on any vCPU, one caller each; @args become x0, x1, … */
struct vm_result vm_run_vcpu(struct vm *vm, unsigned int vcpu,
			     const char *routine,
			     const uint64_t args[VM_ARGUMENTS]);

/* What the file says of KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED. */
int vm_cacheable_pfnmap(struct vm *vm);		/* the VM */
int vm_system_cacheable_pfnmap(struct vm *vm);	/* /dev/kvm */

#endif
