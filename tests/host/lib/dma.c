// SPDX-License-Identifier: GPL-2.0-only
/* What the GPU may reach by DMA. */

#include "gpu.h"

#include <errno.h>
#include <sys/ioctl.h>

int gpu_dma_map(const struct gpu *gpu, const void *buf, uint64_t iova,
		size_t len)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)buf,
		.iova = iova,
		.size = len,
	};

	return ioctl(gpu->container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

int gpu_dma_unmap(const struct gpu *gpu, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = len,
	};

	return ioctl(gpu->container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}
