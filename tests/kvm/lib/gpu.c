// SPDX-License-Identifier: GPL-2.0-only
/*
 * A GPU opened through VFIO's group interface; see gpu.h.
 *
 * Copyright (C) The nvgrace-gpu authors
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gpu.h"

static int open_group(const char *bdf)
{
	char link[128], target[256], path[300];
	ssize_t len;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return -1;
	target[len] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(target, '/') + 1);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* Memory decode is VFIO users' own business. */
static int enable_memory(int device)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t command;

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info) ||
	    pread(device, &command, 2, info.offset + PCI_COMMAND) != 2)
		return -1;
	command |= PCI_COMMAND_MEMORY;
	if (pwrite(device, &command, 2, info.offset + PCI_COMMAND) != 2)
		return -1;
	return 0;
}

int gpu_open(struct gpu *gpu, const char *bdf)
{
	*gpu = GPU_CLOSED;
	gpu->bdf = bdf;
	gpu->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (gpu->container < 0)
		return -1;
	gpu->group = open_group(bdf);
	if (gpu->group < 0 ||
	    ioctl(gpu->group, VFIO_GROUP_SET_CONTAINER, &gpu->container) ||
	    ioctl(gpu->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -1;
	gpu->device = ioctl(gpu->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (gpu->device < 0)
		return -1;
	return enable_memory(gpu->device);
}

void gpu_close(struct gpu *gpu)
{
	if (gpu->device >= 0)
		close(gpu->device);
	if (gpu->group >= 0)
		close(gpu->group);
	if (gpu->container >= 0)
		close(gpu->container);
}

/* Region information with its capabilities; the caller frees it. */
static struct vfio_region_info *region_info(int device, int index)
{
	struct vfio_region_info *info = calloc(1, sizeof(*info));
	uint32_t bytes = sizeof(*info);

	while (info) {
		info->argsz = bytes;
		info->index = index;
		if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, info))
			break;
		if (info->argsz <= bytes)
			return info;
		bytes = info->argsz;
		free(info);
		info = calloc(1, bytes);
	}
	free(info);
	return NULL;
}

/* What may be mapped from the region's start: the first sparse area, or all. */
static uint64_t mappable(struct vfio_region_info *info)
{
	struct vfio_info_cap_header *cap;
	uint32_t at = info->cap_offset;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_MMAP))
		return 0;
	if (!(info->flags & VFIO_REGION_INFO_FLAG_CAPS))
		at = 0;
	for (; at; at = cap->next) {
		struct vfio_region_info_cap_sparse_mmap *sparse;

		cap = (void *)((char *)info + at);
		sparse = (void *)cap;
		if (cap->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			return sparse->nr_areas && !sparse->areas[0].offset ?
			       sparse->areas[0].size : 0;
	}
	return info->size;
}

int gpu_map(struct gpu *gpu, int index, struct mapping *map)
{
	struct vfio_region_info *info = region_info(gpu->device, index);
	uint64_t bytes, offset;

	if (!info)
		return -1;
	bytes = mappable(info);
	offset = info->offset;
	free(info);
	if (!bytes) {
		errno = ENODEV;
		return -1;
	}
	return map_aligned(map, gpu->device, offset, bytes);
}

int gpu_resource(const char *bdf, int index, uint64_t *start, uint64_t *bytes)
{
	unsigned long long first = 0, last = 0;
	char path[128], line[128] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", bdf);
	file = fopen(path, "r");
	if (!file)
		return -1;
	while (index-- >= 0 && fgets(line, sizeof(line), file))
		;
	fclose(file);
	if (sscanf(line, "%llx %llx", &first, &last) != 2 || !first)
		return -1;
	*start = first;
	*bytes = last - first + 1;
	return 0;
}
