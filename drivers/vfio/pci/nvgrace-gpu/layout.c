// SPDX-License-Identifier: GPL-2.0-only
/*
 * From two firmware values to the regions a guest sees; see layout.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Firmware values are input: every value either gives regions that can be
 * mapped to their last byte, or an error with a sentence.
 */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/sizes.h>

#include "layout.h"

/* Reserved at the end of the memory for MIG on affected parts: ABI. */
#define RESMEM_CARVEOUT		SZ_1G
/* The guest driver onlines USEMEM in blocks of this size: ABI. */
#define USEMEM_BLOCK		SZ_512M
/* Below this nothing is left for USEMEM. */
#define RESMEM_MIN_TOTAL	(RESMEM_CARVEOUT + USEMEM_BLOCK)

static int check_firmware(const struct nvgrace_gpu_firmware *fw,
			  const char **why)
{
	if (!fw->size) {
		*why = "the size is zero: the C2C link to the GPU is down";
		return -ENODEV;
	}
	if (fw->base % fw->page_size || fw->size % fw->page_size) {
		*why = "base and size must be multiples of the page size";
		return -EINVAL;
	}
	if (fw->size > fw->phys_limit || fw->base > fw->phys_limit - fw->size) {
		*why = "the memory ends beyond the CPUs' physical addresses";
		return -EOVERFLOW;
	}
	if (fw->size > NVGRACE_GPU_REGION_MAX) {
		*why = "a VFIO region can show no more than 1 TiB";
		return -EOVERFLOW;
	}
	if (fw->mig_bug && fw->size < RESMEM_MIN_TOTAL) {
		*why = "this part reserves 1 GiB and needs at least 1.5 GiB";
		return -ERANGE;
	}
	return 0;
}

/**
 * nvgrace_gpu_layout_init() - divide the GPU memory
 * @layout: result, zeroed on error
 * @fw: what the platform says
 * @why: on error, a static sentence for the log
 *
 * On parts with the MIG bug the BAR size of USEMEM is computed from the
 * length before it is rounded down to whole blocks. It can therefore be twice
 * what the rounded length needs; guests depend on it.
 *
 * Return: 0; -ENODEV size zero; -EINVAL not page aligned; -EOVERFLOW beyond
 * @fw->phys_limit, or more than a region can show; -ERANGE too small for the
 * reserved part.
 */
int nvgrace_gpu_layout_init(struct nvgrace_gpu_layout *layout,
			    const struct nvgrace_gpu_firmware *fw,
			    const char **why)
{
	u64 usable = fw->size;
	int ret;

	*layout = (struct nvgrace_gpu_layout){};
	ret = check_firmware(fw, why);
	if (ret)
		return ret;

	if (fw->mig_bug)
		usable -= RESMEM_CARVEOUT;

	layout->usemem.base = fw->base;
	layout->usemem.bar_size = roundup_pow_of_two(usable);
	layout->usemem.size = usable;
	if (!fw->mig_bug)
		return 0;

	layout->usemem.size -= usable % USEMEM_BLOCK;
	layout->resmem.base = fw->base + layout->usemem.size;
	layout->resmem.size = fw->size - layout->usemem.size;
	layout->resmem.bar_size = roundup_pow_of_two(layout->resmem.size);
	return 0;
}

/**
 * nvgrace_gpu_region_clip() - divide an access into memory and hole
 * @region: an existing region
 * @pos: offset of the access in the BAR, bytes
 * @count: length of the access, bytes
 * @memory: bytes, from @pos on, that are memory
 * @hole: bytes after those that the BAR decodes but nothing backs
 *
 * @memory + @hole is less than @count where the access runs past the BAR.
 *
 * Return: 0, or -EINVAL when the access starts past the BAR.
 */
int nvgrace_gpu_region_clip(const struct nvgrace_gpu_region *region,
			    u64 pos, size_t count,
			    size_t *memory, size_t *hole)
{
	u64 len, mem = 0;

	if (pos >= region->bar_size)
		return -EINVAL;

	len = min_t(u64, count, region->bar_size - pos);
	if (pos < region->size)
		mem = min_t(u64, len, region->size - pos);

	*memory = mem;
	*hole = len - mem;
	return 0;
}
