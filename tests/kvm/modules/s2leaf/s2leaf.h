/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * s2leaf: what /dev/s2leaf offers to tests.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * S2LEAF_GET reads the stage-2 entry that maps a guest address of a VM. It
 * changes nothing: -ENOENT when the guest has not touched the address yet,
 * -EOPNOTSUPP where the kernel cannot see VMs' tables.
 *
 * S2LEAF_PLATFORM tells what decides whether KVM can map device memory as memory.
 */
#ifndef S2LEAF_H
#define S2LEAF_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct s2leaf - one stage-2 entry
 * @vm_fd: in: the VM's file descriptor
 * @level: out: level of the table that holds the entry (3: page)
 * @gpa: in: guest physical address
 * @pte: out: the entry
 * @block: out: bytes the entry maps
 * @memattr: out: MemAttr[3:0] of the entry
 * @fwb: out: 1 when @memattr has FEAT_S2FWB's meaning
 */
struct s2leaf {
	__s32 vm_fd;
	__s32 level;
	__u64 gpa;
	__u64 pte;
	__u64 block;
	__u32 memattr;
	__u32 fwb;
};

/**
 * struct s2leaf_platform - what the kernel found on every CPU
 * @fwb: FEAT_S2FWB: stage 2 alone decides the memory type
 * @dic: instruction fetch needs no cache invalidation
 * @vhe: the kernel runs at EL2
 * @protected_kvm: a hypervisor below the kernel guards what is whose
 * @tables_hidden: VMs' tables belong to that hypervisor
 */
struct s2leaf_platform {
	__u32 fwb;
	__u32 dic;
	__u32 vhe;
	__u32 protected_kvm;
	__u32 tables_hidden;
};

#define S2LEAF_GET		_IOWR('2', 0, struct s2leaf)
#define S2LEAF_PLATFORM		_IOR('2', 1, struct s2leaf_platform)

#endif
