// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for layout.c: what firmware says, then accesses to regions,
 * to those of the layout and to any other.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <stdint.h>

#include "fuzz.h"
#include "layout_model.h"

/* Up to here a length can be rounded up to a power of two. */
#define LIMIT_MAX	(1ULL << 63)

enum firmware_flags {
	MIG_BUG = 1 << 0,
	ALIGN_BASE = 1 << 1,
	ALIGN_SIZE = 1 << 2,
	/* The base is told as a distance from the last one that is possible. */
	BASE_FROM_LIMIT = 1 << 3,
	PAGE_SHIFT = 4,
};

enum access_flags {
	POS_EDGE = 0,
	COUNT_EDGE = 2,
	/* The access is told by its end. */
	COUNT_FROM_POS = 1 << 4,
	REGION = 6,
};

static struct nvgrace_gpu_firmware take_firmware(struct input *in)
{
	u8 flags = take_byte(in);
	u64 page = 1ULL << (12 + 2 * ((flags >> PAGE_SHIFT) % 3));
	u64 limit = take_number(in, page);
	u64 size = take_number(in, page);
	u64 base = take_number(in, page);

	if (limit > LIMIT_MAX)
		limit = LIMIT_MAX;
	if (flags & ALIGN_SIZE)
		size &= -page;
	if (flags & BASE_FROM_LIMIT)
		base += limit - size;
	if (flags & ALIGN_BASE)
		base &= -page;
	return (struct nvgrace_gpu_firmware){
		.base = base, .size = size, .mig_bug = flags & MIG_BUG,
		.page_size = page, .phys_limit = limit,
	};
}

/* One that no layout has, but that keeps the rules of struct nvgrace_gpu_region. */
static struct nvgrace_gpu_region take_region(struct input *in)
{
	struct nvgrace_gpu_region region = {
		.bar_size = 1ULL << (take_byte(in) & 63),
	};

	region.size = take_number(in, 1);
	if (region.size > region.bar_size)
		region.size = region.bar_size;
	return region;
}

static u64 edge_of(const struct nvgrace_gpu_region *region, u8 which)
{
	const u64 edges[] = { 0, region->size, region->bar_size, UINT64_MAX };

	return edges[which & 3];
}

static void one_access(struct input *in, const struct nvgrace_gpu_layout *layout)
{
	u8 flags = take_byte(in);
	struct nvgrace_gpu_region region;
	u64 pos, count;

	switch (flags >> REGION) {
	case 0:
		region = layout->usemem;
		break;
	case 1:
		region = layout->resmem;
		break;
	default:
		region = take_region(in);
	}
	pos = edge_of(&region, flags >> POS_EDGE) + take_number(in, 1);
	count = edge_of(&region, flags >> COUNT_EDGE) + take_number(in, 1);
	if (flags & COUNT_FROM_POS)
		count -= pos;
	expect_overlaps(&region, pos, count);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	struct nvgrace_gpu_firmware fw = take_firmware(&in);
	struct nvgrace_gpu_layout layout;
	const char *why;

	expect_rules(&fw);
	/* On error it has no region, and no access is inside. */
	nvgrace_gpu_layout_init(&layout, &fw, &why);
	while (in.left)
		one_access(&in, &layout);
	no_failure_or_abort();
	return 0;
}
