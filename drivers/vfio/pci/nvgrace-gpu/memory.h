/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A range of GPU memory, and what is known of it for as long as the module is loaded.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef NVGRACE_GPU_MEMORY_H
#define NVGRACE_GPU_MEMORY_H

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "badpages.h"

struct inode;

/**
 * enum nvgrace_gpu_event - what is counted of a range, for who watches hosts
 * @NVGRACE_GPU_OPENED: the device was opened by its first user
 * @NVGRACE_GPU_OPEN_FAILED: it was not, for whatever reason
 * @NVGRACE_GPU_WAS_RESET: it was reset, by whomever
 * @NVGRACE_GPU_SCRUBBED: the memory was zeroed from end to end
 * @NVGRACE_GPU_SCRUB_FAILED: it was not, or was stopped
 * @NVGRACE_GPU_PAGE_WENT_BAD: a page was put on the list
 * @NVGRACE_GPU_WAITED: an access had to wait until the memory was ready
 * @NVGRACE_GPU_EVENTS: how many there are
 */
enum nvgrace_gpu_event {
	NVGRACE_GPU_OPENED,
	NVGRACE_GPU_OPEN_FAILED,
	NVGRACE_GPU_WAS_RESET,
	NVGRACE_GPU_SCRUBBED,
	NVGRACE_GPU_SCRUB_FAILED,
	NVGRACE_GPU_PAGE_WENT_BAD,
	NVGRACE_GPU_WAITED,
	NVGRACE_GPU_EVENTS,
};

/**
 * struct nvgrace_gpu_memory - a range of GPU memory; no driver need have the GPU
 * @start: first PFN
 * @end: exclusive
 * @inode: whoever has the memory mapped has mapped this inode's i_mapping
 * @events: how often, since the module was loaded
 * @records: how many records of its use were given out
 * @scrub_policy: what scrub.c was told for it; meaningless until @has_scrub_policy
 * @has_scrub_policy: it was told; both are written and read by who has the GPU bound
 * @wait: for @restored
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
	atomic64_t events[NVGRACE_GPU_EVENTS];
	atomic64_t records;
	int scrub_policy;
	bool has_scrub_policy;
	wait_queue_head_t wait;
	raw_spinlock_t lock; /* the list of bad pages */
	struct nvgrace_gpu_badpages bad;
	unsigned int told;
	bool told_full;
	bool restored;
};

int nvgrace_gpu_memory_init(struct nvgrace_gpu_memory *memory, u64 start, u64 end);
void nvgrace_gpu_memory_destroy(struct nvgrace_gpu_memory *memory);
int nvgrace_gpu_memory_add(struct nvgrace_gpu_memory *memory, u64 pfn);
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
int nvgrace_gpu_memory_wait_restored(struct nvgrace_gpu_memory *memory, unsigned long timeout);

static inline void nvgrace_gpu_memory_saw(struct nvgrace_gpu_memory *memory,
					  enum nvgrace_gpu_event event)
{
	atomic64_inc(&memory->events[event]);
}

static inline u64 nvgrace_gpu_memory_has_seen(const struct nvgrace_gpu_memory *memory,
					      enum nvgrace_gpu_event event)
{
	return atomic64_read(&memory->events[event]);
}

#endif
