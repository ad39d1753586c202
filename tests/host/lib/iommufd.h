/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A GPU opened by its character device, with an address space of iommufd's; and
 * dma-bufs of its regions.  Kernels without either say -ENOENT or -ENOTTY.
 */
#ifndef HOST_IOMMUFD_H
#define HOST_IOMMUFD_H

#include <stdint.h>

#include "gpu.h"

/* An address space: its iommufd, or -errno. */
int ioas_new(uint32_t *ioas);

/*
 * Opens the GPU and attaches it.  The struct is used as one that gpu_open()
 * opened, but for what a container would do.  0 or -errno.
 */
int gpu_open_iommufd(struct gpu *gpu, const char *bdf, int iommufd, uint32_t ioas);

/* [0, @len) of a dma-buf at @iova, for reading and writing: 0 or -errno. */
int ioas_map_dmabuf(int iommufd, uint32_t ioas, int dmabuf, uint64_t iova,
		    uint64_t len);

/* [@at, @at + @len) of a region: a dma-buf, or -errno. */
int gpu_dmabuf(const struct gpu *gpu, unsigned int region, uint64_t at, uint64_t len);

/* The same of several ranges of a region, DMABUF_RANGES at most. */
#define DMABUF_RANGES 4
int gpu_dmabuf_of(const struct gpu *gpu, unsigned int region,
		  const struct vfio_region_dma_range *ranges, unsigned int nr);

#endif
