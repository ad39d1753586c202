// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the driver's layout.c: firmware values to regions, and the clipping
 * of an access to a region.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The vectors are what guests in the field see; the random tests know only
 * the properties in layout_model.h.
 */
#include <stdint.h>

#include "layout_model.h"

#define KIB		(1ULL << 10)
#define BASE		0x2000000000ULL
#define PHYS_LIMIT	(1ULL << 48)

#define RANDOM_ROUNDS	200000

static const u64 page_sizes[] = { 4 * KIB, 16 * KIB, 64 * KIB };

struct vector {
	u64 size;
	u64 usemem, usemem_bar;
	u64 resmem, resmem_bar;
	u64 plain_bar;
};

static const struct vector vectors[] = {
	{ 96 * GIB, 95 * GIB, 128 * GIB, GIB, GIB, 128 * GIB },
	{ 97 * GIB + 256 * MIB, 96 * GIB, 128 * GIB, GIB + 256 * MIB, 2 * GIB,
	  128 * GIB },
	{ 129 * GIB + 100 * MIB, 128 * GIB, 256 * GIB, GIB + 100 * MIB,
	  2 * GIB, 256 * GIB },
	{ 1536 * MIB, 512 * MIB, 512 * MIB, GIB, GIB, 2 * GIB },
	{ 1280 * MIB, 0, 0, 0, 0, 2 * GIB },
	{ GIB, 0, 0, 0, 0, GIB },
	{ 768 * MIB, 0, 0, 0, 0, GIB },
	{ 512 * MIB, 0, 0, 0, 0, 512 * MIB },
	{ 64 * KIB, 0, 0, 0, 0, 64 * KIB },
	/* Firmware values not in a table of sizes: GB200, and emulated ones. */
	{ 0x2f00f00000, 187 * GIB, 256 * GIB, GIB + 15 * MIB, 2 * GIB,
	  256 * GIB },
	{ 5 * GIB, 4 * GIB, 4 * GIB, GIB, GIB, 8 * GIB },
	{ 2 * GIB, GIB, GIB, GIB, GIB, 2 * GIB },
};

static struct nvgrace_gpu_firmware firmware(u64 size, bool mig_bug)
{
	return (struct nvgrace_gpu_firmware){
		.base = BASE,
		.size = size,
		.mig_bug = mig_bug,
		.page_size = 4 * KIB,
		.phys_limit = PHYS_LIMIT,
	};
}

static void expect_region(const struct nvgrace_gpu_region *region,
			  u64 base, u64 size, u64 bar_size)
{
	expect(region->size == size, "0x%llx, not 0x%llx", region->size, size);
	expect(region->bar_size == bar_size, "0x%llx, not 0x%llx",
	       region->bar_size, bar_size);
	if (size)
		expect(region->base == base, "0x%llx, not 0x%llx",
		       region->base, base);
}

static void vectors_of_parts_with_the_mig_bug(void)
{
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		const struct vector *v = &vectors[i];
		struct nvgrace_gpu_firmware fw = firmware(v->size, true);
		struct nvgrace_gpu_layout layout;

		if (!v->usemem) {
			expect_error(&fw, -ERANGE);
			continue;
		}
		layout_of(&layout, &fw);
		expect_region(&layout.usemem, BASE, v->usemem, v->usemem_bar);
		expect_region(&layout.resmem, BASE + v->usemem, v->resmem,
			      v->resmem_bar);
	}
}

static void vectors_of_fixed_parts(void)
{
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		const struct vector *v = &vectors[i];
		struct nvgrace_gpu_firmware fw = firmware(v->size, false);
		struct nvgrace_gpu_layout layout;

		layout_of(&layout, &fw);
		expect_region(&layout.usemem, BASE, v->size, v->plain_bar);
		expect_region(&layout.resmem, 0, 0, 0);
	}
}

static void too_small_for_resmem_is_erange(void)
{
	static const u64 sizes[] = {
		4 * KIB, 64 * KIB, 512 * MIB, GIB - 4 * KIB, GIB,
		GIB + 4 * KIB, 1280 * MIB, 1536 * MIB - 4 * KIB,
	};
	struct nvgrace_gpu_layout layout;
	struct nvgrace_gpu_firmware fw;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		fw = firmware(sizes[i], true);
		expect_error(&fw, -ERANGE);
	}
	fw = firmware(1536 * MIB, true);
	layout_of(&layout, &fw);
}

static void zero_size_is_enodev(void)
{
	struct nvgrace_gpu_firmware fw = firmware(0, true);

	expect_error(&fw, -ENODEV);
	fw.mig_bug = false;
	expect_error(&fw, -ENODEV);
	/* The more telling reason wins over the misaligned base. */
	fw.base += 1;
	expect_error(&fw, -ENODEV);
}

static void unaligned_values_are_einval(void)
{
	size_t i;

	for (i = 0; i < sizeof(page_sizes) / sizeof(*page_sizes); i++) {
		u64 page = page_sizes[i];
		const u64 offsets[] = { 1, page / 2, page - 1 };
		struct nvgrace_gpu_layout layout;
		struct nvgrace_gpu_firmware fw;
		size_t j;

		for (j = 0; j < sizeof(offsets) / sizeof(*offsets); j++) {
			fw = firmware(4 * GIB, false);
			fw.page_size = page;
			fw.base += offsets[j];
			expect_error(&fw, -EINVAL);

			fw = firmware(4 * GIB + offsets[j], false);
			fw.page_size = page;
			expect_error(&fw, -EINVAL);
		}
		fw = firmware(4 * GIB + page, false);
		fw.page_size = page;
		fw.base += page;
		layout_of(&layout, &fw);
	}
}

static void beyond_the_cpus_is_eoverflow(void)
{
	struct nvgrace_gpu_firmware fw = firmware(4 * GIB, false);
	struct nvgrace_gpu_layout layout;

	fw.base = PHYS_LIMIT - 4 * GIB;
	layout_of(&layout, &fw);
	fw.base += fw.page_size;
	expect_error(&fw, -EOVERFLOW);
	fw.base = PHYS_LIMIT;
	expect_error(&fw, -EOVERFLOW);
	/* The end wraps to a small number, or to zero. */
	fw.base = -4 * GIB;
	expect_error(&fw, -EOVERFLOW);
	fw.base = -4 * GIB + fw.page_size;
	expect_error(&fw, -EOVERFLOW);
	fw.base = PHYS_LIMIT - 1024 * GIB;
	fw.size = 1024 * GIB;
	layout_of(&layout, &fw);
	fw.size += fw.page_size;
	expect_error(&fw, -EOVERFLOW);
	fw.size = -fw.page_size;
	expect_error(&fw, -EOVERFLOW);
	/* CPUs that reach less than a region could show. */
	fw = firmware(128 * GIB, false);
	fw.base = 0;
	fw.phys_limit = 64 * GIB;
	expect_error(&fw, -EOVERFLOW);
}

static void more_than_a_region_shows_is_eoverflow(void)
{
	struct nvgrace_gpu_firmware fw = firmware(1024 * GIB, false);
	struct nvgrace_gpu_layout layout;

	layout_of(&layout, &fw);
	fw.size += fw.page_size;
	expect_error(&fw, -EOVERFLOW);
	fw.size = 2048 * GIB;
	expect_error(&fw, -EOVERFLOW);
	fw.mig_bug = true;
	expect_error(&fw, -EOVERFLOW);
}

/* Sizes where the rules change are more likely than others. */
static u64 random_size(u64 page_size)
{
	u64 near = 0;

	switch (random_below(4)) {
	case 0:
		return (random_below(1024 * GIB / page_size) + 1) * page_size;
	case 1:
		near = (random_below(2048) + 1) * 512 * MIB;
		break;
	case 2:
		near = 1ULL << (18 + random_below(24));
		break;
	case 3:
		near = (1ULL << (18 + random_below(24))) + GIB;
		break;
	}
	return near + (random_below(7) - 3) * page_size;
}

static void random_sizes_keep_the_rules(void)
{
	u64 page_size, round;

	for (round = 0; round < RANDOM_ROUNDS; round++) {
		struct nvgrace_gpu_firmware fw;

		page_size = page_sizes[random_below(3)];
		fw = firmware(random_size(page_size), random_below(2));
		fw.page_size = page_size;
		fw.base = random_below(PHYS_LIMIT / 2 / page_size) * page_size;

		expect_rules(&fw);
	}
}

/* Any 64-bit value can be in the firmware's tables. */
static void random_values_give_rules_or_a_sentence(void)
{
	u64 round;

	for (round = 0; round < RANDOM_ROUNDS; round++) {
		struct nvgrace_gpu_firmware fw;

		fw = firmware(random_u64() >> random_below(64),
			      random_below(2));
		fw.base = random_u64() >> random_below(64);
		/* Close to zero from below, where sums wrap. */
		if (random_below(4) == 0)
			fw.base = -fw.base;
		if (random_below(2)) {
			fw.base &= -fw.page_size;
			fw.size &= -fw.page_size;
		}
		expect_rules(&fw);
	}
}

/* Byte by byte: memory, then hole, then nothing. */
static void expect_clip(const struct nvgrace_gpu_region *region, u64 pos,
			size_t count)
{
	size_t memory = SIZE_MAX, hole = SIZE_MAX, i;
	size_t want_memory = 0, want_hole = 0;
	int ret = nvgrace_gpu_region_clip(region, pos, count, &memory, &hole);

	if (pos >= region->bar_size) {
		expect(ret == -EINVAL, "%d at %llu of %llu", ret, pos,
		       region->bar_size);
		return;
	}
	for (i = 0; i < count; i++) {
		want_memory += pos + i < region->size;
		want_hole += pos + i >= region->size &&
			     pos + i < region->bar_size;
	}
	expect(!ret, "%d at %llu of %llu", ret, pos, region->bar_size);
	expect(memory == want_memory, "%zu, not %zu (%llu+%zu of %llu/%llu)",
	       memory, want_memory, pos, count, region->size,
	       region->bar_size);
	expect(hole == want_hole, "%zu, not %zu (%llu+%zu of %llu/%llu)",
	       hole, want_hole, pos, count, region->size, region->bar_size);
}

static void clip_is_right_byte_by_byte(void)
{
	struct nvgrace_gpu_region region = {};
	size_t count;
	u64 pos;

	for (region.bar_size = 1; region.bar_size <= 16; region.bar_size *= 2)
		for (region.size = 1; region.size <= region.bar_size;
		     region.size++)
			for (pos = 0; pos <= region.bar_size + 2; pos++)
				for (count = 0; count <= region.bar_size + 3;
				     count++)
					expect_clip(&region, pos, count);
}

static void clip_edges_of_a_real_region(void)
{
	static const struct nvgrace_gpu_region region = {
		.base = BASE, .size = 3 * GIB, .bar_size = 4 * GIB,
	};
	static const struct {
		u64 pos;
		size_t count, memory, hole;
	} edges[] = {
		{ 0, 0, 0, 0 },
		{ 0, 1, 1, 0 },
		{ 3 * GIB - 1, 1, 1, 0 },
		{ 3 * GIB - 4, 8, 4, 4 },
		{ 3 * GIB, 1, 0, 1 },
		{ 3 * GIB, 0, 0, 0 },
		{ 4 * GIB - 1, 1, 0, 1 },
		{ 4 * GIB - 1, 2, 0, 1 },
		{ 4 * GIB - 1, 0, 0, 0 },
		{ 0, 3 * GIB, 3 * GIB, 0 },
		{ 0, 4 * GIB, 3 * GIB, GIB },
		{ 0, 4 * GIB + 1, 3 * GIB, GIB },
		{ 0, SIZE_MAX, 3 * GIB, GIB },
		{ 1, SIZE_MAX, 3 * GIB - 1, GIB },
		{ 3 * GIB - 1, SIZE_MAX, 1, GIB },
		{ 4 * GIB - 1, SIZE_MAX, 0, 1 },
	};
	size_t i, memory, hole;

	for (i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		int ret = nvgrace_gpu_region_clip(&region, edges[i].pos,
						  edges[i].count, &memory,
						  &hole);

		expect(!ret, "%d for edge %zu", ret, i);
		expect(memory == edges[i].memory, "0x%zx for edge %zu", memory,
		       i);
		expect(hole == edges[i].hole, "0x%zx for edge %zu", hole, i);
	}
}

static void clip_past_the_bar_is_einval(void)
{
	static const struct nvgrace_gpu_region region = {
		.base = BASE, .size = 3 * GIB, .bar_size = 4 * GIB,
	};
	static const u64 positions[] = {
		4 * GIB, 4 * GIB + 1, 1ULL << 40, INT64_MAX, UINT64_MAX - 1,
		UINT64_MAX,
	};
	size_t i, memory, hole;

	for (i = 0; i < sizeof(positions) / sizeof(*positions); i++) {
		size_t counts[] = { 0, 1, 2, SIZE_MAX }, j;

		for (j = 0; j < sizeof(counts) / sizeof(*counts); j++) {
			int ret = nvgrace_gpu_region_clip(&region,
							  positions[i],
							  counts[j], &memory,
							  &hole);

			expect(ret == -EINVAL, "%d at 0x%llx+0x%zx", ret,
			       positions[i], counts[j]);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
#define TEST(name) { #name, name }
		TEST(vectors_of_parts_with_the_mig_bug),
		TEST(vectors_of_fixed_parts),
		TEST(too_small_for_resmem_is_erange),
		TEST(zero_size_is_enodev),
		TEST(unaligned_values_are_einval),
		TEST(beyond_the_cpus_is_eoverflow),
		TEST(more_than_a_region_shows_is_eoverflow),
		TEST(random_sizes_keep_the_rules),
		TEST(random_values_give_rules_or_a_sentence),
		TEST(clip_is_right_byte_by_byte),
		TEST(clip_edges_of_a_real_region),
		TEST(clip_past_the_bar_is_einval),
	};

	return run_tests(tests, sizeof(tests) / sizeof(*tests), argv + !!argc);
}
