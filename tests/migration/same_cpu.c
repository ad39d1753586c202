// SPDX-License-Identifier: GPL-2.0-only
/*
 * same_cpu: a library to preload into QEMU, so that a guest is told nothing about
 * its CPU by a migration.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The registers that describe a CPU differ between hosts with and without FWB:
 * ID_AA64MMFR2_EL1.FWB itself is one of them, and KVM does not let it be written.
 * QEMU migrates all registers that KVM lists, and refuses the guest when one of
 * them cannot be set. This library stands in for a VMM that presents the same
 * CPU on both hosts: it takes them out of KVM's list.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/kvm.h>

static unsigned int field(__u64 reg, __u64 mask, unsigned int shift)
{
	return (reg & mask) >> shift;
}

/* Identification and cache geometry, and what firmware does about errata. */
static bool describes_the_cpu(__u64 reg)
{
	switch (reg & KVM_REG_ARM_COPROC_MASK) {
	case KVM_REG_ARM64_SYSREG:
		return field(reg, KVM_REG_ARM64_SYSREG_OP0_MASK,
			     KVM_REG_ARM64_SYSREG_OP0_SHIFT) == 3 &&
		       field(reg, KVM_REG_ARM64_SYSREG_CRN_MASK,
			     KVM_REG_ARM64_SYSREG_CRN_SHIFT) == 0;
	case KVM_REG_ARM_DEMUX:
	case KVM_REG_ARM_FW:
	case KVM_REG_ARM_FW_FEAT_BMAP:
		return true;
	default:
		return false;
	}
}

static void shorten(struct kvm_reg_list *list)
{
	__u64 from, to = 0;

	for (from = 0; from < list->n; from++)
		if (!describes_the_cpu(list->reg[from]))
			list->reg[to++] = list->reg[from];
	list->n = to;
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int fd, unsigned long request, void *argument);
	void *argument;
	va_list list;
	int ret;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);

	if (!next)
		next = (typeof(next))dlsym(RTLD_NEXT, "ioctl");
	ret = next(fd, request, argument);
	if (!ret && request == KVM_GET_REG_LIST)
		shorten(argument);
	return ret;
}
