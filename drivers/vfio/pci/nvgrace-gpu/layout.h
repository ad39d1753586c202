/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From two firmware values to the regions a guest sees.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Pure: no device, no locks, no allocation; also compiled in user space.
 *
 * Vocabulary. All lengths and addresses are in bytes.
 *   USEMEM  the part of the GPU memory that is mapped Normal write-back,
 *           shown to the guest as BAR4/5
 *   RESMEM  the tail that is mapped Normal non-cacheable on parts whose MIG
 *           hardware cannot work with cacheable memory, shown as BAR2/3
 *   size    what the region is long in memory
 *   bar_size  what its BAR decodes: a power of two, at least as large
 *
 * The constants, the region indices and the order of rounding are ABI: the
 * vendor's guest driver computes the same numbers.
 */
#ifndef NVGRACE_GPU_LAYOUT_H
#define NVGRACE_GPU_LAYOUT_H

#include <linux/sizes.h>
#include <linux/types.h>

/* Bytes that an offset in a VFIO region can tell apart: VFIO_PCI_OFFSET_SHIFT. */
#define NVGRACE_GPU_REGION_MAX	SZ_1T

/**
 * struct nvgrace_gpu_region - one piece of GPU memory behind an emulated BAR
 * @base: system physical address
 * @size: bytes of memory, 0 when the region does not exist
 * @bar_size: bytes the BAR decodes; what lies beyond @size is a hole
 */
struct nvgrace_gpu_region {
	u64 base;
	u64 size;
	u64 bar_size;
};

/**
 * struct nvgrace_gpu_layout - how the GPU memory is divided
 * @usemem: cacheable memory
 * @resmem: non-cacheable tail, absent unless the MIG bug is present
 */
struct nvgrace_gpu_layout {
	struct nvgrace_gpu_region usemem;
	struct nvgrace_gpu_region resmem;
};

/**
 * struct nvgrace_gpu_firmware - what the platform says about the memory
 * @base: nvidia,gpu-mem-base-pa
 * @size: nvidia,gpu-mem-size
 * @mig_bug: the part needs RESMEM (NVIDIA DVSEC absent or its bit clear)
 * @page_size: bytes of a page of this kernel
 * @phys_limit: first address the CPUs cannot reach
 */
struct nvgrace_gpu_firmware {
	u64 base;
	u64 size;
	bool mig_bug;
	u64 page_size;
	u64 phys_limit;
};

int nvgrace_gpu_layout_init(struct nvgrace_gpu_layout *layout,
			    const struct nvgrace_gpu_firmware *fw,
			    const char **why);
int nvgrace_gpu_region_clip(const struct nvgrace_gpu_region *region,
			    u64 pos, size_t count,
			    size_t *memory, size_t *hole);

#endif
