/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A list of bad pages.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Pure: no device, no locks, no allocation; also compiled in user space.
 *
 * Pages are added where nothing can be allocated, and must not be forgotten. So
 * the list has a fixed size, and one that has run over holds every page there is:
 * a memory with that many bad pages is not to be used at all.
 */
#ifndef NVGRACE_GPU_BADPAGES_H
#define NVGRACE_GPU_BADPAGES_H

#include <linux/types.h>

/*
 * As many as one sysfs attribute can list, a line of 15 bytes each below 2^48; a
 * multiple of what a GPU repairs.
 */
#define NVGRACE_GPU_BADPAGES_MAX	256

/**
 * struct nvgrace_gpu_badpages - bad pages in the order in which they were found
 * @count: valid entries of @pfn
 * @full: there were more
 * @pfn: each once
 */
struct nvgrace_gpu_badpages {
	unsigned int count;
	bool full;
	u64 pfn[NVGRACE_GPU_BADPAGES_MAX];
};

bool nvgrace_gpu_badpages_add(struct nvgrace_gpu_badpages *list, u64 pfn);
u64 nvgrace_gpu_badpages_first(const struct nvgrace_gpu_badpages *list,
			       u64 start, u64 end);

#endif
