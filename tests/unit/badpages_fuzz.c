// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for badpages.c: pairs of bytes are a page that goes bad, or a
 * range that is looked up.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include "badpages_model.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct nvgrace_gpu_badpages list;
	struct model model;
	u64 page, start = 0;
	size_t i;

	random_state = 1;
	model_init(&list, &model, 0x2000000);
	for (i = 0; i + 2 <= size; i += 2) {
		page = (data[i] | data[i + 1] << 8) % PAGES;
		if (data[i + 1] & 0x80)
			add_both(&list, &model, page);
		else
			expect_first(&list, &model, start < page ? start : page,
				     page);
		start = page;
	}
	if (failures)
		abort();
	return 0;
}
