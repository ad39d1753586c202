// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the driver's bars.c: the emulated BARs, against bars_model.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <stdint.h>

#include "bars_model.h"

#define for_each_variant(v) \
	for ((v) = variants; (v) < variants + NR_VARIANTS; (v)++)

static void random_bytes(u8 *buf, size_t count)
{
	while (count--)
		*buf++ = random_u64();
}

static void any_read_is_right(void)
{
	const struct variant *variant;
	u8 bytes[CONFIG_BYTES];
	struct device device;
	struct model model;
	size_t count;
	u64 pos;

	for_each_variant(variant) {
		device_init(&device, &model, variant);
		random_bytes(bytes, sizeof(bytes));
		write_both(&device, &model, 0, bytes, sizeof(bytes));
		for (pos = 0; pos <= 0x40; pos++)
			for (count = 0; count <= 16; count++)
				expect_read(&device, &model, pos, count);
	}
}

static void any_write_is_right(void)
{
	const struct variant *variant;
	struct device device;
	struct model model;
	size_t count;
	u8 bytes[16];
	u64 pos;

	for_each_variant(variant) {
		for (pos = 0; pos <= 0x40; pos++) {
			for (count = 0; count <= 16; count++) {
				device_init(&device, &model, variant);
				random_bytes(bytes, sizeof(bytes));
				write_both(&device, &model, pos, bytes, count);
				expect_read(&device, &model, 0, CONFIG_BYTES);
			}
		}
	}
}

static void bulk_accesses_are_right(void)
{
	static const size_t counts[] = { 64, 256 };
	const struct variant *variant;
	u8 bytes[CONFIG_BYTES];
	struct device device;
	struct model model;
	u64 pos;
	size_t i;

	for_each_variant(variant) {
		for (i = 0; i < 2; i++) {
			for (pos = 0; pos + counts[i] <= CONFIG_BYTES; pos++) {
				device_init(&device, &model, variant);
				random_bytes(bytes, sizeof(bytes));
				write_both(&device, &model, pos, bytes,
					   counts[i]);
				expect_read(&device, &model, pos, counts[i]);
				expect_read(&device, &model, 0, CONFIG_BYTES);
			}
		}
	}
}

/* Many accesses after each other: bytes keep what others left of them. */
static void random_accesses_are_right(void)
{
	const struct variant *variant;
	u8 bytes[CONFIG_BYTES];
	struct device device;
	struct model model;
	unsigned int round;

	for_each_variant(variant) {
		device_init(&device, &model, variant);
		for (round = 0; round < 20000; round++) {
			u64 pos = random_below(0x48);
			size_t count = random_below(0x50 - pos) + 1;

			random_bytes(bytes, count);
			write_both(&device, &model, pos, bytes, count);
			pos = random_below(0x48);
			expect_read(&device, &model, pos,
				    random_below(0x50 - pos) + 1);
		}
	}
}

static u64 read_dword(struct device *device, u64 pos)
{
	u8 b[4];

	device_read(device, pos, b, 4);
	return b[0] | b[1] << 8 | b[2] << 16 | (u64)b[3] << 24;
}

static void write_dword(struct device *device, u64 pos, u64 value)
{
	u8 b[4] = { value, value >> 8, value >> 16, value >> 24 };

	device_write(device, pos, b, 4);
}

/* As firmware and kernels do it: ones to both dwords, read back, address. */
static void sizing_by_dword_gives_the_size(void)
{
	const u64 address = 0x40000000000ULL;
	const struct variant *variant;
	struct device device;
	struct model model;
	unsigned int i;

	for_each_variant(variant) {
		device_init(&device, &model, variant);
		for (i = 0; i < NVGRACE_GPU_NR_BARS; i++) {
			u64 pos = 0x18 + 8 * i, value;

			if (!variant->size[i])
				continue;
			write_dword(&device, pos, 0xffffffff);
			write_dword(&device, pos + 4, 0xffffffff);
			value = read_dword(&device, pos) |
				read_dword(&device, pos + 4) << 32;
			expect((value & 0xf) == 0xc, "0x%llx (%s)", value,
			       variant->name);
			expect(~(value & ~0xfULL) + 1 == variant->size[i],
			       "0x%llx (%s)", value, variant->name);

			write_dword(&device, pos, address);
			write_dword(&device, pos + 4, address >> 32);
			value = read_dword(&device, pos) |
				read_dword(&device, pos + 4) << 32;
			expect(value == (address | 0xc), "0x%llx (%s)", value,
			       variant->name);
		}
	}
}

static void clear_leaves_only_the_type_bits(void)
{
	const struct variant *variant;
	u8 ones[CONFIG_BYTES];
	struct device device;
	struct model model;

	memset(ones, 0xff, sizeof(ones));
	for_each_variant(variant) {
		device_init(&device, &model, variant);
		write_both(&device, &model, 0, ones, sizeof(ones));
		clear_both(&device, &model);
		expect_read(&device, &model, 0, CONFIG_BYTES);
		expect(device.bars.bar[1].size == variant->size[1],
		       "0x%llx (%s)", device.bars.bar[1].size, variant->name);
	}
}

/* Spans follow each other without gap; neighbours have different owners. */
static void expect_spans(const struct device *device,
			 const struct variant *variant, u64 pos, size_t count)
{
	size_t len, i, done = 0;
	bool emulated, before = false;

	do {
		emulated = true;
		len = nvgrace_gpu_bars_span(&device->bars, pos + done,
					    count - done, &emulated);
		expect(len <= count - done, "%zu at 0x%llx+%zu (%s)", len,
		       pos + done, count - done, variant->name);
		expect(!!len == !!(count - done), "%zu at 0x%llx+%zu (%s)",
		       len, pos + done, count - done, variant->name);
		expect(!done || before != emulated,
		       "a span is in two pieces at 0x%llx (%s)", pos + done,
		       variant->name);
		if (!len || len > count - done)
			return;
		for (i = 0; i < len; i++)
			expect(model_owns(variant, pos + done + i) == emulated,
			       "byte 0x%llx has the wrong owner (%s)",
			       pos + done + i, variant->name);
		before = emulated;
		done += len;
	} while (done < count);
}

static void spans_cover_an_access_exactly(void)
{
	const struct variant *variant;
	struct device device;
	struct model model;
	size_t count;
	u64 pos;

	for_each_variant(variant) {
		device_init(&device, &model, variant);
		for (pos = 0; pos <= 0x40; pos++) {
			for (count = 0; count <= 0x48; count++)
				expect_spans(&device, variant, pos, count);
			expect_spans(&device, variant, pos, 4096 - pos);
		}
	}
}

/* The caller's numbers come from user space: no sum may wrap. */
static void spans_of_huge_accesses_do_not_wrap(void)
{
	const struct variant *both = &variants[2];
	static const struct {
		u64 pos;
		size_t count, len;
		bool emulated;
	} edges[] = {
		{ 0, SIZE_MAX, 0x18, false },
		{ 0x17, SIZE_MAX, 1, false },
		{ 0x18, SIZE_MAX, 0x10, true },
		{ 0x27, SIZE_MAX, 1, true },
		{ 0x28, SIZE_MAX, SIZE_MAX, false },
		{ UINT64_MAX - 3, 16, 16, false },
		{ UINT64_MAX, SIZE_MAX, SIZE_MAX, false },
		{ UINT64_MAX, 0, 0, false },
	};
	struct device device;
	struct model model;
	size_t i;

	device_init(&device, &model, both);
	for (i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		bool emulated = !edges[i].emulated;
		size_t len = nvgrace_gpu_bars_span(&device.bars, edges[i].pos,
						   edges[i].count, &emulated);

		expect(len == edges[i].len, "0x%zx for edge %zu", len, i);
		expect(emulated == edges[i].emulated, "%d for edge %zu",
		       emulated, i);
	}
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
#define TEST(name) { #name, name }
		TEST(any_read_is_right),
		TEST(any_write_is_right),
		TEST(bulk_accesses_are_right),
		TEST(random_accesses_are_right),
		TEST(sizing_by_dword_gives_the_size),
		TEST(clear_leaves_only_the_type_bits),
		TEST(spans_cover_an_access_exactly),
		TEST(spans_of_huge_accesses_do_not_wrap),
	};

	return run_tests(tests, sizeof(tests) / sizeof(*tests), argv + !!argc);
}
