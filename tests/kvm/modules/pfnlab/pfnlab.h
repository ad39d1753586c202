/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * pfnlab: what /dev/pfnlab offers to tests.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Maps physical memory that is not this kernel's RAM with a memory type, a page
 * size and defects of the test's choice. It is the ungated counterpart of the
 * driver's mapping: open on every platform, so that KVM's own checks are seen.
 *
 * PFNLAB_SETUP says what this file shows (@phys at offset 0) and how later
 * mmap()s of it look. mmap()'s offset is an offset from @phys.
 *
 * PFNLAB_SHOW makes the file show other memory: existing mappings are taken away
 * and filled again by faults. When it returns nobody reaches the old memory
 * through this file any more.
 *
 * PFNLAB_ZAP takes the mappings of a range away; faults bring them back.
 *
 * PFNLAB_WITHHOLD makes faults in a range fail (SIGBUS), as a driver does for
 * memory that went bad. It replaces the range withheld before and zaps the new.
 *
 * PFNLAB_ATTRINDX gives the mapping at an address of the caller a memory type
 * that mmap() cannot give: an index into MAIR_EL1.
 *
 * PFNLAB_REMAP fills the page tables at mmap() time; what was zapped then stays
 * away. It is the only one that can be mapped privately: mm has a BUG() for
 * inserting into private PFNMAPs by fault.
 */
#ifndef PFNLAB_H
#define PFNLAB_H

#include <linux/ioctl.h>
#include <linux/types.h>

enum pfnlab_type {
	PFNLAB_NORMAL_WB,
	PFNLAB_NORMAL_NC,
	PFNLAB_DEVICE,	/* Device-nGnRE */
};

enum pfnlab_populate {
	PFNLAB_BLOCKS,	/* by fault, a PMD at once where the alignment allows */
	PFNLAB_PAGES,	/* by fault, page by page */
	PFNLAB_REMAP,	/* at mmap() time, page by page */
};

#define PFNLAB_MIXEDMAP		(1U << 0) /* VM_MIXEDMAP instead of VM_PFNMAP */
#define PFNLAB_WRITE_NOTIFY	(1U << 1) /* read-only until the first write */
#define PFNLAB_ALLOW_UNCACHED	(1U << 2) /* VM_ALLOW_ANY_UNCACHED */
#define PFNLAB_ALLOW_TAGS	(1U << 3) /* VM_MTE_ALLOWED */

/* As @phys: RAM that belongs to the file, PFNLAB_RAM_PAGES pages of it. */
#define PFNLAB_RAM		(~0ULL)
#define PFNLAB_RAM_PAGES	16

/**
 * struct pfnlab_setup - what a file shows and how
 * @phys: physical address of offset 0, or PFNLAB_RAM
 * @type: enum pfnlab_type
 * @populate: enum pfnlab_populate
 * @flags: PFNLAB_MIXEDMAP, PFNLAB_WRITE_NOTIFY, PFNLAB_ALLOW_UNCACHED,
 *	PFNLAB_ALLOW_TAGS
 * @unused: 0
 */
struct pfnlab_setup {
	__u64 phys;
	__u32 type;
	__u32 populate;
	__u32 flags;
	__u32 unused;
};

/* Offsets in the file, page-aligned. */
struct pfnlab_range {
	__u64 offset;
	__u64 bytes;
};

struct pfnlab_attrindx {
	__u64 address;
	__u64 index;
};

#define PFNLAB_SETUP		_IOW('3', 0, struct pfnlab_setup)
#define PFNLAB_SHOW		_IOW('3', 1, __u64)
#define PFNLAB_ZAP		_IOW('3', 2, struct pfnlab_range)
#define PFNLAB_WITHHOLD		_IOW('3', 3, struct pfnlab_range)
#define PFNLAB_ATTRINDX		_IOW('3', 4, struct pfnlab_attrindx)

#endif
