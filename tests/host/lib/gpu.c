// SPDX-License-Identifier: GPL-2.0-only
/* Opening a GPU by group and type1 container; its regions, read and written as a file. */

#include "gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "clock.h"
#include "testblock.h"

/* How long a dying predecessor may keep the group busy. */
#define BUSY_LIMIT_MS	8000

static int open_when_free(const char *path)
{
	uint64_t deadline = now_ms() + BUSY_LIMIT_MS;
	int fd;

	for (;;) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		if (errno != EBUSY || now_ms() > deadline)
			return -errno;
		sleep_ms(20);
	}
}

/* The number of the device's IOMMU group, or -errno. */
static int group_of(const char *bdf)
{
	char link[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	return atoi(basename(target));
}

static int group_open(int group)
{
	char path[40];

	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	return open_when_free(path);
}

/* Groups are opened once, and join one container. */
static int attach_same_group(struct gpu *gpu, const struct gpu *beside)
{
	gpu->group = fcntl(beside->group, F_DUPFD_CLOEXEC, 0);
	gpu->container = fcntl(beside->container, F_DUPFD_CLOEXEC, 0);
	return gpu->group < 0 || gpu->container < 0 ? -errno : 0;
}

/* One's own container, or a part in another GPU's. */
static int attach_container(struct gpu *gpu, const struct gpu *beside)
{
	if (beside) {
		gpu->container = fcntl(beside->container, F_DUPFD_CLOEXEC, 0);
		return ioctl(gpu->group, VFIO_GROUP_SET_CONTAINER, &gpu->container) ? -errno : 0;
	}
	gpu->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (gpu->container < 0)
		return -errno;
	if (ioctl(gpu->group, VFIO_GROUP_SET_CONTAINER, &gpu->container))
		return -errno;
	if (ioctl(gpu->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	return 0;
}

static int attach(struct gpu *gpu, const struct gpu *beside)
{
	int group = group_of(gpu->bdf);

	if (group < 0)
		return group;
	if (beside && group == group_of(beside->bdf))
		return attach_same_group(gpu, beside);
	gpu->group = group_open(group);
	return gpu->group < 0 ? gpu->group : attach_container(gpu, beside);
}

static void take_areas(struct gpu_region *region,
		       const struct vfio_region_info_cap_sparse_mmap *sparse)
{
	unsigned int i;

	region->areas = sparse->nr_areas < GPU_AREAS ? sparse->nr_areas : GPU_AREAS;
	for (i = 0; i < region->areas; i++)
		region->area[i] = (struct gpu_area){
			sparse->areas[i].offset, sparse->areas[i].size,
		};
}

static void learn_areas(struct gpu_region *region, const struct vfio_region_info *info)
{
	const struct vfio_info_cap_header *cap;
	const char *base = (const char *)info;
	const struct gpu_area *last;
	uint32_t at;

	region->areas = 1;
	region->area[0] = (struct gpu_area){ 0, info->size };
	for (at = info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0; at;
	     at = cap->next) {
		cap = (const void *)(base + at);
		if (cap->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			take_areas(region, (const void *)cap);
	}
	last = &region->area[region->areas - 1];
	region->real = last->at + last->len;
}

int gpu_learn_regions(struct gpu *gpu)
{
	union {
		struct vfio_region_info info;
		char room[1024];
	} u;
	unsigned int i;

	for (i = 0; i <= GPU_CONFIG; i++) {
		memset(&u, 0, sizeof(u));
		u.info.argsz = sizeof(u);
		u.info.index = i;
		if (ioctl(gpu->device, VFIO_DEVICE_GET_REGION_INFO, &u.info))
			return -errno;
		gpu->region[i].offset = u.info.offset;
		gpu->region[i].size = u.info.size;
		gpu->region[i].flags = u.info.flags;
		learn_areas(&gpu->region[i], &u.info);
	}
	return 0;
}

int gpu_device_again(const struct gpu *gpu)
{
	int fd = ioctl(gpu->group, VFIO_GROUP_GET_DEVICE_FD, gpu->bdf);

	return fd < 0 ? -errno : fd;
}

static int open_beside(struct gpu *gpu, const char *bdf, const struct gpu *beside)
{
	int ret;

	*gpu = GPU_CLOSED;
	snprintf(gpu->bdf, sizeof(gpu->bdf), "%s", bdf);
	ret = attach(gpu, beside);
	if (ret >= 0)
		ret = gpu->device = gpu_device_again(gpu);
	if (ret >= 0)
		ret = gpu_learn_regions(gpu);
	if (ret < 0)
		gpu_close(gpu);
	return ret;
}

int gpu_open_raw(struct gpu *gpu, const char *bdf)
{
	return open_beside(gpu, bdf, NULL);
}

int gpu_open(struct gpu *gpu, const char *bdf)
{
	return gpu_open_beside(gpu, bdf, NULL);
}

int gpu_open_beside(struct gpu *gpu, const char *bdf, const struct gpu *beside)
{
	int ret = open_beside(gpu, bdf, beside);

	if (ret)
		return ret;
	ret = gpu_command(gpu, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	if (!ret)
		ret = testblock_rest(gpu);
	if (ret)
		gpu_close(gpu);
	return ret;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void gpu_close(struct gpu *gpu)
{
	close_one(&gpu->device);
	close_one(&gpu->group);
	close_one(&gpu->container);
}

ssize_t gpu_read(const struct gpu *gpu, unsigned int region, uint64_t at,
		 void *buf, size_t len)
{
	off_t offset = (off_t)(gpu->region[region].offset + at);
	ssize_t n = pread(gpu->device, buf, len, offset);

	return n < 0 ? -errno : n;
}

ssize_t gpu_write(const struct gpu *gpu, unsigned int region, uint64_t at,
		  const void *buf, size_t len)
{
	off_t offset = (off_t)(gpu->region[region].offset + at);
	ssize_t n = pwrite(gpu->device, buf, len, offset);

	return n < 0 ? -errno : n;
}

int gpu_feature(const struct gpu *gpu, uint32_t feature)
{
	struct vfio_device_feature arg = {
		.argsz = sizeof(arg),
		.flags = VFIO_DEVICE_FEATURE_SET | feature,
	};

	return ioctl(gpu->device, VFIO_DEVICE_FEATURE, &arg) ? -errno : 0;
}
