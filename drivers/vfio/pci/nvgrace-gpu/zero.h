/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Zeroes in all of a GPU's memory.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef NVGRACE_GPU_ZERO_H
#define NVGRACE_GPU_ZERO_H

#include <linux/spinlock.h>
#include <linux/wait.h>

struct nvgrace_gpu;

/**
 * struct nvgrace_gpu_zero - one run over the memory, or the last one
 * @gpu: whose memory
 * @lock: protects what follows, up to @left_out
 * @forbidden: so many do not want that anything begins or goes on
 * @error: what stopped the run; 0 or -errno
 * @claimed: bytes that threads have taken, from the start of the memory on
 * @done: bytes that they are through with
 * @left_out: bad pages among them
 * @running: threads that have not ended
 * @wait: for @running to become 0
 */
struct nvgrace_gpu_zero {
	struct nvgrace_gpu *gpu;
	spinlock_t lock; /* progress */
	unsigned int forbidden;
	int error;
	u64 claimed;
	u64 done;
	u64 left_out;
	atomic_t running;
	wait_queue_head_t wait;
};

int nvgrace_gpu_zero_module_init(void);
void nvgrace_gpu_zero_module_exit(void);
void nvgrace_gpu_zero_init(struct nvgrace_gpu_zero *zero,
			   struct nvgrace_gpu *gpu);
void nvgrace_gpu_zero_forbid(struct nvgrace_gpu_zero *zero);
void nvgrace_gpu_zero_allow(struct nvgrace_gpu_zero *zero);
bool nvgrace_gpu_zero_is_forbidden(struct nvgrace_gpu_zero *zero);
u64 nvgrace_gpu_zero_done(struct nvgrace_gpu_zero *zero);
void nvgrace_gpu_zero_begin(struct nvgrace_gpu_zero *zero);
int nvgrace_gpu_zero_enabled(struct nvgrace_gpu_zero *zero);
int nvgrace_gpu_zero_closed(struct nvgrace_gpu_zero *zero);

#endif
