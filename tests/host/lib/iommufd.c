// SPDX-License-Identifier: GPL-2.0-only
/* VFIO's character devices, iommufd, and dma-bufs; see iommufd.h. */

#include "iommufd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "testblock.h"

#define COMMAND_MEMORY_AND_MASTER	0x6

int ioas_new(uint32_t *ioas)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (ioctl(fd, IOMMU_IOAS_ALLOC, &alloc)) {
		int saved = -errno;

		close(fd);
		return saved;
	}
	*ioas = alloc.out_ioas_id;
	return fd;
}

/* /dev/vfio/devices/vfio<n>, as vfio-dev/ below the device names it. */
static int open_character_device(const char *bdf)
{
	char path[300];
	struct dirent *entry;
	int fd = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (fd < 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
		break;
	}
	closedir(dir);
	return fd == -1 ? -ENOENT : fd;
}

static int attach(const struct gpu *gpu, int iommufd, uint32_t ioas)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = iommufd,
	};
	struct vfio_device_attach_iommufd_pt pt = {
		.argsz = sizeof(pt),
		.pt_id = ioas,
	};

	if (ioctl(gpu->device, VFIO_DEVICE_BIND_IOMMUFD, &bind) ||
	    ioctl(gpu->device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &pt))
		return -errno;
	return 0;
}

int gpu_open_iommufd(struct gpu *gpu, const char *bdf, int iommufd, uint32_t ioas)
{
	int ret;

	*gpu = GPU_CLOSED;
	snprintf(gpu->bdf, sizeof(gpu->bdf), "%s", bdf);
	ret = gpu->device = open_character_device(bdf);
	if (ret >= 0)
		ret = attach(gpu, iommufd, ioas);
	if (!ret)
		ret = gpu_learn_regions(gpu);
	if (!ret)
		ret = gpu_command(gpu, COMMAND_MEMORY_AND_MASTER, 0);
	if (!ret)
		ret = testblock_rest(gpu);
	if (ret)
		gpu_close(gpu);
	return ret;
}

int ioas_map_dmabuf(int iommufd, uint32_t ioas, int dmabuf, uint64_t iova,
		    uint64_t len)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
		.fd = dmabuf,
		.length = len,
		.iova = iova,
	};

	return ioctl(iommufd, IOMMU_IOAS_MAP_FILE, &map) ? -errno : 0;
}

int gpu_dmabuf_of(const struct gpu *gpu, unsigned int region,
		  const struct vfio_region_dma_range *ranges, unsigned int nr)
{
	struct {
		struct vfio_device_feature head;
		struct vfio_device_feature_dma_buf dmabuf;
		struct vfio_region_dma_range range[DMABUF_RANGES];
	} arg = {
		.head.argsz = offsetof(typeof(arg), range) + nr * sizeof(*ranges),
		.head.flags = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF,
		.dmabuf.region_index = region,
		.dmabuf.open_flags = O_RDWR | O_CLOEXEC,
		.dmabuf.nr_ranges = nr,
	};
	int fd;

	if (nr > DMABUF_RANGES)
		return -EINVAL;
	memcpy(arg.range, ranges, nr * sizeof(*ranges));
	fd = ioctl(gpu->device, VFIO_DEVICE_FEATURE, &arg);
	return fd < 0 ? -errno : fd;
}

int gpu_dmabuf(const struct gpu *gpu, unsigned int region, uint64_t at, uint64_t len)
{
	const struct vfio_region_dma_range range = { at, len };

	return gpu_dmabuf_of(gpu, region, &range, 1);
}
