/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a kernel answers whose memory_failure() knows no memory without struct
 * pages.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef NVGRACE_GPU_COMPAT_MEMORY_FAILURE_H
#define NVGRACE_GPU_COMPAT_MEMORY_FAILURE_H

#include <linux/errno.h>
#include <linux/interval_tree.h>

struct vm_area_struct;

struct pfn_address_space {
	struct interval_tree_node node;
	struct address_space *mapping;
	int (*pfn_to_vma_pgoff)(struct vm_area_struct *vma, unsigned long pfn,
				pgoff_t *pgoff);
};

static inline int
register_pfn_address_space(struct pfn_address_space *pfn_space)
{
	return -EOPNOTSUPP;
}

static inline void
unregister_pfn_address_space(struct pfn_address_space *pfn_space)
{
}

#endif
