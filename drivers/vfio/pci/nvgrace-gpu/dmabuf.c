// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions as dma-bufs, for importers that reach them by DMA.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * vfio-pci-core makes and revokes the dma-bufs, and asks only where a region is.
 * It serves a region only if the physical function has a BAR of that index: so
 * RESMEM can be exported where there is a physical BAR2, USEMEM where there is a
 * BAR4.
 */

#include <linux/pci-p2pdma.h>

#include "nvgrace_gpu.h"

/* A page that is bad already is given to nobody. */
static int refuse_bad_pages(struct nvgrace_gpu *gpu,
			    const struct phys_vec *phys_vec, size_t nr_ranges)
{
	size_t i;

	guard(rwsem_read)(&gpu->views.lock);
	for (i = 0; i < nr_ranges; i++) {
		u64 start = PHYS_PFN(phys_vec[i].paddr);
		u64 end = start + PHYS_PFN(phys_vec[i].len);

		if (nvgrace_gpu_first_bad_page(gpu, start, end) < end)
			return -EIO;
	}
	return 0;
}

/*
 * The memory is behind no BAR. To other devices it is what BAR0 is: something of
 * this function's that is reached the same way.
 */
static int get_dmabuf_phys(struct vfio_pci_core_device *core,
			   struct p2pdma_provider **provider,
			   unsigned int index, struct phys_vec *phys_vec,
			   struct vfio_region_dma_range *ranges,
			   size_t nr_ranges)
{
	struct nvgrace_gpu *gpu = container_of(core, struct nvgrace_gpu, core);
	const struct nvgrace_gpu_region *region;
	int ret;

	region = nvgrace_gpu_region(gpu, index);
	if (!region)
		return vfio_pci_core_get_dmabuf_phys(core, provider, index,
						     phys_vec, ranges,
						     nr_ranges);

	*provider = pcim_p2pdma_provider(core->pdev, 0);
	if (!*provider)
		return -EINVAL;
	ret = vfio_pci_core_fill_phys_vec(phys_vec, ranges, nr_ranges,
					  region->base, region->size);
	return ret ?: refuse_bad_pages(gpu, phys_vec, nr_ranges);
}

static const struct vfio_pci_device_ops pci_ops = {
	.get_dmabuf_phys = get_dmabuf_phys,
};

/**
 * nvgrace_gpu_dmabuf_init() - let regions be exported
 * @gpu: device being probed, coherent or plain
 */
void nvgrace_gpu_dmabuf_init(struct nvgrace_gpu *gpu)
{
	gpu->core.pci_ops = &pci_ops;
}
