// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region of an open GPU, as memory for a guest; see region.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <errno.h>

#include "region.h"

int map_region(struct mapping *map, const struct gpu *gpu, unsigned int region)
{
	const struct gpu_region *info = &gpu->region[region];

	if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP) || !info->real) {
		errno = ENODEV;
		return -1;
	}
	return map_aligned(map, gpu->device, info->offset, info->real);
}
