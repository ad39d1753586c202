/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A range of GPU memory, and what is known of it for as long as the module is loaded.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef NVGRACE_GPU_MEMORY_H
#define NVGRACE_GPU_MEMORY_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "badpages.h"

struct inode;

/**
 * struct nvgrace_gpu_memory - a range of GPU memory; no driver need have the GPU
 * @start: first PFN
 * @end: exclusive
 * @inode: whoever has the memory mapped has mapped this inode's i_mapping
 * @lock: protects what follows; taken with any lock held, and in any context
 * @bad: bad pages; PFNs
 * @told: so many of @bad have been withdrawn and reported
 * @told_full: the same for a list that has run over
 * @restored: @bad has what was saved when the module was loaded last
 */
struct nvgrace_gpu_memory {
	u64 start;
	u64 end;
	struct inode *inode;
	raw_spinlock_t lock; /* the list of bad pages */
	struct nvgrace_gpu_badpages bad;
	unsigned int told;
	bool told_full;
	bool restored;
};

int nvgrace_gpu_memory_init(struct nvgrace_gpu_memory *memory, u64 start, u64 end);
void nvgrace_gpu_memory_destroy(struct nvgrace_gpu_memory *memory);
bool nvgrace_gpu_memory_add(struct nvgrace_gpu_memory *memory, u64 pfn);
void nvgrace_gpu_memory_give_up(struct nvgrace_gpu_memory *memory);
unsigned int nvgrace_gpu_memory_forget(struct nvgrace_gpu_memory *memory);
u64 nvgrace_gpu_memory_first_bad(struct nvgrace_gpu_memory *memory, u64 start, u64 end);
unsigned int nvgrace_gpu_memory_count(struct nvgrace_gpu_memory *memory);
bool nvgrace_gpu_memory_is_given_up(struct nvgrace_gpu_memory *memory);
bool nvgrace_gpu_memory_page(struct nvgrace_gpu_memory *memory, unsigned int i, u64 *pfn);
bool nvgrace_gpu_memory_next_untold(struct nvgrace_gpu_memory *memory, u64 *pfn);
bool nvgrace_gpu_memory_untold_full(struct nvgrace_gpu_memory *memory);
void nvgrace_gpu_memory_set_restored(struct nvgrace_gpu_memory *memory);
bool nvgrace_gpu_memory_is_restored(struct nvgrace_gpu_memory *memory);

#endif
