// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM's stage 2 makes of guest memory; see leaf.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "guest_code.h"
#include "leaf.h"

#define PTE_S2AP_WRITE	(1ULL << 7)
#define PTE_XN		(1ULL << 54)
#define PTE_ADDRESS	0x0000fffffffff000ULL
#define PROBE		0x0123456789abcdefULL

#define ESR_EC(esr)		((esr) >> 26 & 0x3f)
#define EC_INSTRUCTION_ABORT	0x21

int leaf_get(const struct vm *vm, uint64_t gpa, struct s2leaf *leaf)
{
	int fd = open("/dev/s2leaf", O_RDWR | O_CLOEXEC);
	int ret, error;

	if (fd < 0) {
		error = errno;
		fprintf(stderr, "# /dev/s2leaf: %s; is the module loaded?\n",
			strerror(error));
		errno = error;
		return -1;
	}
	*leaf = (struct s2leaf){ .vm_fd = vm->fd, .gpa = gpa };
	ret = ioctl(fd, S2LEAF_GET, leaf);
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

const char *leaf_type(const struct s2leaf *leaf)
{
	switch (leaf->memattr) {
	case 0xf:
		return leaf->fwb ? "reserved" : "normal-wb";
	case 6:
		return leaf->fwb ? "normal-wb" : "other";
	case 5:
		return "normal-nc";
	case 1:
		return "device";
	default:
		return "other";
	}
}

bool leaf_is_executable(const struct s2leaf *leaf)
{
	return !(leaf->pte & PTE_XN);
}

bool leaf_is_writable(const struct s2leaf *leaf)
{
	return leaf->pte & PTE_S2AP_WRITE;
}

/* Of the address asked for, not of the block. */
uint64_t leaf_physical(const struct s2leaf *leaf)
{
	return (leaf->pte & PTE_ADDRESS & -leaf->block) |
	       (leaf->gpa & (leaf->block - 1));
}

const char *type_by_behaviour(struct vm *vm, uint64_t gpa, uint64_t distance)
{
	struct vm_result unaligned, fetch;

	unaligned = vm_run(vm, guest_store_load, gpa + 1, PROBE);
	if (vm_run(vm, guest_load, gpa, 0).outcome != VM_DONE)
		return "none";
	if (unaligned.outcome != VM_DONE || unaligned.value != PROBE) {
		printf("# an unaligned access ended as outcome %d, value %#llx\n",
		       unaligned.outcome, (unsigned long long)unaligned.value);
		return "device";
	}
	fetch = vm_run(vm, guest_call, gpa + distance, 0);
	if (fetch.outcome == VM_DONE && fetch.value == GUEST_CALL_RESULT)
		return "normal-wb";
	return is_instruction_abort(&fetch) ? "normal-nc" : "other";
}

bool is_instruction_abort(const struct vm_result *result)
{
	return result->outcome == VM_EXCEPTION &&
	       ESR_EC(result->value) == EC_INSTRUCTION_ABORT;
}
