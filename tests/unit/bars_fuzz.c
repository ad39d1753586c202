// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for bars.c: bytes are a variant, then accesses to
 * configuration space, each a position, a length and, for writes, data.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include "bars_model.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static size_t one_access(struct device *device, struct model *model,
			 const u8 *data, size_t size)
{
	u64 pos = data[0];
	size_t count = data[1] >> 1;

	if (pos + count > CONFIG_BYTES)
		count = CONFIG_BYTES - pos;
	if (!(data[1] & 1)) {
		expect_read(device, model, pos, count);
		return 2;
	}
	if (count > size - 2)
		count = size - 2;
	write_both(device, model, pos, data + 2, count);
	return 2 + count;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct device device;
	struct model model;
	size_t at = 1;

	if (!size)
		return -1;
	random_state = 1;
	device_init(&device, &model, &variants[data[0] % NR_VARIANTS]);
	while (at + 2 <= size)
		at += one_access(&device, &model, data + at, size - at);
	expect_read(&device, &model, 0, CONFIG_BYTES);
	if (failures)
		abort();
	return 0;
}
