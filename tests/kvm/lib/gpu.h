/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A GPU opened through VFIO's group interface, as VMMs on stock kernels do.
 *
 * Copyright (C) The nvgrace-gpu authors
 */
#ifndef GPU_H
#define GPU_H

#include <stdint.h>

#include "mapping.h"

struct gpu {
	const char *bdf;
	int container;
	int group;
	int device;
};

#define GPU_CLOSED ((struct gpu){ .container = -1, .group = -1, .device = -1 })

/* 0, or -1 with errno (of VFIO_GROUP_GET_DEVICE_FD if it was that). */
int gpu_open(struct gpu *gpu, const char *bdf);
void gpu_close(struct gpu *gpu);

/*
 * Maps what region @index allows to be mapped: 0, or -1 with errno; ENODEV when
 * there is no such region.
 */
int gpu_map(struct gpu *gpu, int index, struct mapping *map);

/* Physical address and length of a PCI resource, from sysfs: 0 or -1. */
int gpu_resource(const char *bdf, int index, uint64_t *start, uint64_t *bytes);

#endif
