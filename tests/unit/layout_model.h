/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of the layout, as properties of a result.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Every number is computed another way than in the driver, so that a mistake
 * cannot be on both sides.
 */
#ifndef UNIT_LAYOUT_MODEL_H
#define UNIT_LAYOUT_MODEL_H

#include <errno.h>
#include <string.h>

#include "ktap.h"
#include "layout.h"

#define MIB		(1ULL << 20)
#define GIB		(1ULL << 30)

/* Independent of the driver's rounding: double until it fits. */
static inline u64 power_of_two_from(u64 n)
{
	u64 p = 1;

	while (p < n)
		p += p;
	return p;
}

/* The error that is due, by arithmetic that cannot overflow; 0 if none. */
static inline int due_error(const struct nvgrace_gpu_firmware *fw)
{
	unsigned __int128 end = (unsigned __int128)fw->base + fw->size;

	if (fw->size == 0)
		return -ENODEV;
	if ((fw->base | fw->size) & (fw->page_size - 1))
		return -EINVAL;
	if (end > fw->phys_limit || fw->size > 1024 * GIB)
		return -EOVERFLOW;
	if (fw->mig_bug && fw->size < 1536 * MIB)
		return -ERANGE;
	return 0;
}

static inline void expect_error(const struct nvgrace_gpu_firmware *fw, int error)
{
	static const struct nvgrace_gpu_layout zero;
	struct nvgrace_gpu_layout layout;
	const char *why = NULL;
	int ret;

	memset(&layout, 0xa5, sizeof(layout));
	ret = nvgrace_gpu_layout_init(&layout, fw, &why);
	expect(ret == error, "%d, not %d (base 0x%llx size 0x%llx)", ret,
	       error, fw->base, fw->size);
	expect(!memcmp(&layout, &zero, sizeof(zero)),
	       "a region is left behind (size 0x%llx)", fw->size);
	expect(why && strchr(why, ' '), "no sentence for %d (size 0x%llx)",
	       error, fw->size);
}

static inline int layout_of(struct nvgrace_gpu_layout *layout,
			    const struct nvgrace_gpu_firmware *fw)
{
	const char *why = NULL;
	int ret;

	memset(layout, 0xa5, sizeof(*layout));
	ret = nvgrace_gpu_layout_init(layout, fw, &why);
	expect(!ret, "%d: %s (base 0x%llx size 0x%llx)", ret, why, fw->base,
	       fw->size);
	return ret;
}

/* What must hold of every layout that is not an error. */
static inline void expect_properties(const struct nvgrace_gpu_layout *layout,
				     const struct nvgrace_gpu_firmware *fw)
{
	const struct nvgrace_gpu_region *use = &layout->usemem;
	const struct nvgrace_gpu_region *res = &layout->resmem;
	u64 before_rounding = fw->size - (fw->mig_bug ? GIB : 0);
	u64 size = fw->size;

	expect(use->base == fw->base, "0x%llx (size 0x%llx)", use->base, size);
	expect(use->size + res->size == size, "0x%llx + 0x%llx, not 0x%llx",
	       use->size, res->size, size);
	expect(use->size && use->size <= use->bar_size,
	       "0x%llx in a BAR of 0x%llx (size 0x%llx)", use->size,
	       use->bar_size, size);
	expect(use->bar_size == power_of_two_from(before_rounding),
	       "0x%llx (size 0x%llx)", use->bar_size, size);
	if (!fw->mig_bug) {
		expect(!res->size && !res->bar_size, "0x%llx, BAR 0x%llx",
		       res->size, res->bar_size);
		return;
	}
	expect(use->size % (512 * MIB) == 0, "0x%llx (size 0x%llx)", use->size,
	       size);
	expect(res->base == use->base + use->size, "0x%llx (size 0x%llx)",
	       res->base, size);
	expect(res->size >= GIB && res->size < GIB + 512 * MIB,
	       "0x%llx (size 0x%llx)", res->size, size);
	expect(res->bar_size == (res->size == GIB ? GIB : 2 * GIB),
	       "0x%llx for 0x%llx", res->bar_size, res->size);
}

/* Whatever firmware says: the error that is due, or a layout by the rules. */
static inline void expect_rules(const struct nvgrace_gpu_firmware *fw)
{
	struct nvgrace_gpu_layout layout;
	int error = due_error(fw);

	if (error)
		expect_error(fw, error);
	else if (!layout_of(&layout, fw))
		expect_properties(&layout, fw);
}

/* Bytes that [pos, pos + count) and [from, to) have in common. */
static inline u64 model_overlap(u64 from, u64 to, u64 pos, u64 count)
{
	unsigned __int128 end = (unsigned __int128)pos + count;
	u64 first = pos > from ? pos : from;
	u64 last = end < to ? (u64)end : to;

	return first < last ? last - first : 0;
}

/* Memory and hole are what the access has in common with either. */
static inline void expect_overlaps(const struct nvgrace_gpu_region *region,
				   u64 pos, u64 count)
{
	u64 want_memory = model_overlap(0, region->size, pos, count);
	u64 want_hole = model_overlap(region->size, region->bar_size, pos,
				      count);
	size_t memory = ~0UL, hole = ~0UL;
	int ret = nvgrace_gpu_region_clip(region, pos, count, &memory, &hole);

	if (pos >= region->bar_size) {
		expect(ret == -EINVAL, "%d at 0x%llx of 0x%llx", ret, pos,
		       region->bar_size);
		return;
	}
	expect(!ret, "%d at 0x%llx of 0x%llx", ret, pos, region->bar_size);
	expect(memory == want_memory, "0x%zx, not 0x%llx (0x%llx+0x%llx of 0x%llx/0x%llx)",
	       memory, want_memory, pos, count, region->size, region->bar_size);
	expect(hole == want_hole, "0x%zx, not 0x%llx (0x%llx+0x%llx of 0x%llx/0x%llx)",
	       hole, want_hole, pos, count, region->size, region->bar_size);
}

#endif
