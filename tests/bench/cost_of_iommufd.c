// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to map the memory for DMA by iommufd: it takes no PFNMAP mapping, but
 * the region's dma-buf. No row on a kernel, or with a driver, that has no dma-buf.
 *
 * Environment: GPU0.
 */

#include <errno.h>
#include <linux/iommufd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gpu.h"
#include "iommufd.h"
#include "row.h"

#define IOVA	GIB(1)
#define MAPPED	GIB(4)

static void unmap(int iommufd, uint32_t ioas, uint64_t len)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap), .ioas_id = ioas, .iova = IOVA, .length = len,
	};

	ioctl(iommufd, IOMMU_IOAS_UNMAP, &unmap);
}

static void map(const struct gpu *gpu, int iommufd, uint32_t ioas)
{
	uint64_t len = gpu->region[GPU_USEMEM].real;
	int dmabuf;

	if (len > MAPPED)
		len = MAPPED;
	dmabuf = gpu_dmabuf(gpu, GPU_USEMEM, 0, len);
	if (dmabuf < 0)
		return;
	ROW_OF_INSTRUCTIONS(0, unmap(iommufd, ioas, len),
		must(!(errno = -ioas_map_dmabuf(iommufd, ioas, dmabuf, IOVA, len)), "map"),
		"iommufd-map.%lluM", (unsigned long long)len >> 20);
	unmap(iommufd, ioas, len);
	close(dmabuf);
}

int main(void)
{
	struct gpu gpu = GPU_CLOSED;
	int iommufd;
	uint32_t ioas;

	must(gpu_bdf(0) != NULL, "GPU0");
	iommufd = ioas_new(&ioas);
	if (iommufd < 0)
		return 0;
	errno = -gpu_open_iommufd(&gpu, gpu_bdf(0), iommufd, ioas);
	must(!errno, "GPU0");
	map(&gpu, iommufd, ioas);
	gpu_close(&gpu);
	close(iommufd);
	return 0;
}
