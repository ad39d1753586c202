// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for layout.c: bytes are firmware values, then accesses.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <stdint.h>

#include "layout_model.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct input {
	u64 base, size, pos, count;
	u8 mig_bug, page_shift, align;
};

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct nvgrace_gpu_firmware fw = { .phys_limit = 1ULL << 52 };
	struct nvgrace_gpu_layout layout;
	size_t memory, hole;
	struct input in;
	const char *why;

	if (size < sizeof(in))
		return -1;
	memcpy(&in, data, sizeof(in));
	fw.page_size = 1ULL << (12 + 2 * (in.page_shift % 3));
	fw.base = in.align & 1 ? in.base & -fw.page_size : in.base;
	fw.size = in.align & 2 ? in.size & -fw.page_size : in.size;
	fw.mig_bug = in.mig_bug & 1;
	expect_rules(&fw);

	if (!nvgrace_gpu_layout_init(&layout, &fw, &why) &&
	    !nvgrace_gpu_region_clip(&layout.usemem, in.pos, in.count, &memory,
				     &hole)) {
		u64 end = in.pos + memory + hole;

		expect(end <= layout.usemem.bar_size, "0x%llx", end);
		expect(!memory || in.pos + memory <= layout.usemem.size,
		       "0x%llx+0x%zx", in.pos, memory);
		expect(memory + hole == in.count ||
		       end == layout.usemem.bar_size, "0x%llx", end);
	}
	if (failures)
		abort();
	return 0;
}
