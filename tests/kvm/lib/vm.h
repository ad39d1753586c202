/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual machine with one vCPU, as small as the question it answers.
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
#include <stddef.h>
#include <stdint.h>

#define VM_MMIO_GPA	0x09000000ULL		/* nothing is mapped here */
#define VM_CODE_GPA	0x40000000ULL		/* code and page table */
#define VM_WINDOW_GPA	0x100000000ULL		/* what is being measured */
#define VM_WINDOW_MAX	0x4000000000ULL		/* bytes of it at most */

enum vm_outcome {
	VM_DONE,	/* value: the routine's result */
	VM_EXCEPTION,	/* value: ESR_EL1 */
	VM_RUN_FAILED,	/* value: errno of KVM_RUN */
	VM_UNEXPECTED,	/* value: exit reason */
};

struct vm_result {
	enum vm_outcome outcome;
	uint64_t value;
};

struct vm {
	int kvm;
	int fd;
	int vcpu;
	struct kvm_run *run;
	size_t run_size;
	void *code;		/* host address of VM_CODE_GPA */
};

/* 0, or -1 with errno and a line on stderr saying which step failed. */
int vm_create(struct vm *vm);
void vm_destroy(struct vm *vm);

/* Gives the guest @bytes of host memory at VM_WINDOW_GPA: 0 or -1 with errno. */
int vm_set_window(struct vm *vm, void *host, uint64_t bytes);

/* Runs @routine (of guest_code.h) on @gpa until it ends one way or another. */
struct vm_result vm_run(struct vm *vm, const char *routine, uint64_t gpa,
			uint64_t value);

/* KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED of the VM. */
int vm_cacheable_pfnmap(struct vm *vm);

#endif
