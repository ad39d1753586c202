// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for bars.c: the sizes of the two BARs, then what is done with
 * configuration space: reads, writes, spans of any length, resets.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include "bars_model.h"
#include "fuzz.h"

enum operation {
	READ,
	WRITE,
	SPAN,
	CLEAR,
	OPERATION_MASK = 3,
	/* Anywhere in configuration space, not only around the BARs. */
	ANYWHERE = 1 << 2,
};

/* A BAR needs its four type bits: none is smaller than 16 bytes. */
static u64 take_bar_size(struct input *in)
{
	u8 shift = take_byte(in) & 63;

	return shift < 4 ? 0 : 1ULL << shift;
}

static size_t take_range(struct input *in, u8 operation, u64 *pos)
{
	size_t count;

	*pos = take_byte(in);
	if (!(operation & ANYWHERE))
		*pos = NVGRACE_GPU_BARS_POS - 8 + *pos % 0x20;
	count = take_byte(in);
	return count < CONFIG_BYTES - *pos ? count : CONFIG_BYTES - *pos;
}

/* The source has exactly the bytes that are written: ASan watches its end. */
static void one_write(struct input *in, struct device *device,
		      struct model *model, u64 pos, size_t count)
{
	u8 *bytes = malloc(count + !count);
	size_t i;

	for (i = 0; i < count; i++)
		bytes[i] = take_byte(in);
	write_both(device, model, pos, bytes, count);
	free(bytes);
}

static void one_operation(struct input *in, struct device *device,
			  struct model *model)
{
	u8 operation = take_byte(in);
	size_t count;
	u64 pos;

	switch (operation & OPERATION_MASK) {
	case READ:
		count = take_range(in, operation, &pos);
		expect_read(device, model, pos, count);
		break;
	case WRITE:
		count = take_range(in, operation, &pos);
		one_write(in, device, model, pos, count);
		break;
	case SPAN:
		pos = take_number(in, 1);
		expect_span(device, model->variant, pos, take_number(in, 1));
		break;
	case CLEAR:
		clear_both(device, model);
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	struct variant variant = { .name = "fuzzed" };
	struct device device;
	struct model model;
	size_t i;

	random_state = 1;
	for (i = 0; i < NVGRACE_GPU_NR_BARS; i++)
		variant.size[i] = take_bar_size(&in);
	device_init(&device, &model, &variant);
	while (in.left)
		one_operation(&in, &device, &model);
	expect_read(&device, &model, 0, CONFIG_BYTES);
	for (i = 0; i < NVGRACE_GPU_NR_BARS; i++)
		expect(device.bars.bar[i].size == variant.size[i],
		       "0x%llx, not 0x%llx", device.bars.bar[i].size,
		       variant.size[i]);
	no_failure_or_abort();
	return 0;
}
