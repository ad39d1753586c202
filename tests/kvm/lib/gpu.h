/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A GPU opened through VFIO's group interface, as VMMs on stock kernels do.
 *
 * Copyright (C) The nvgrace-gpu authors
 */
#ifndef GPU_H
#define GPU_H

#include <stdint.h>

struct gpu {
	const char *bdf;
	int container;
	int group;
	int device;
};

struct gpu_map {
	void *start;
	uint64_t bytes;
	void *reserved;		/* address space that holds it, aligned */
	uint64_t reserved_bytes;
};

/* 0, or -1 with errno (of VFIO_GROUP_GET_DEVICE_FD if it was that). */
int gpu_open(struct gpu *gpu, const char *bdf);
void gpu_close(struct gpu *gpu);

/*
 * Maps what region @index allows to be mapped at an address aligned to
 * GPU_MAP_ALIGN: 0, or -1 with errno; ENODEV when there is no such region.
 */
#define GPU_MAP_ALIGN	(2UL << 20)
int gpu_map(struct gpu *gpu, int index, struct gpu_map *map);

/* The same for any file and offset. */
int map_aligned(int fd, uint64_t offset, uint64_t bytes, struct gpu_map *map);
void gpu_unmap(struct gpu_map *map);

/* Physical address and length of a PCI resource, from sysfs: 0 or -1. */
int gpu_resource(const char *bdf, int index, uint64_t *start, uint64_t *bytes);

#endif
