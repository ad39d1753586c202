// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory whose size is no multiple of a block, GB200's for one, is mapped in blocks all
 * the same by somebody who maps each area that the driver names, and aligns it as QEMU
 * does: one fault for each table of blocks, one for each page of what is left, which is
 * less than a block.
 */

#include <errno.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"

/* Faults of the test's own stack and library while counting. */
#define OWN_FAULTS	2

FIXTURE(odd_size) {
	struct gpu gpu;
	const struct gpu_region *usemem;
	char *map[GPU_AREAS];
};

FIXTURE_VARIANT(odd_size) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(odd_size);

FIXTURE_SETUP(odd_size)
{
	unsigned int i;

	SETUP_GPU(&self->gpu, variant->gpu);
	self->usemem = &self->gpu.region[GPU_USEMEM];
	if (!(self->usemem->real % pmd_size()))
		SKIP(return, "the memory of GPU%u is whole blocks", variant->gpu);
	for (i = 0; i < self->usemem->areas; i++) {
		self->map[i] = gpu_map_area(&self->gpu, GPU_USEMEM, i, PROT_READ | PROT_WRITE);
		ASSERT_NE(MAP_FAILED, self->map[i]);
	}
}

FIXTURE_TEARDOWN(odd_size)
{
	unsigned int i;

	for (i = 0; i < GPU_AREAS && self->map[i]; i++)
		munmap(self->map[i], self->usemem->area[i].len);
	gpu_close(&self->gpu);
}

TEST_F_TIMEOUT(odd_size, is_mapped_in_blocks_but_for_its_end, 240)
{
	uint64_t blocks = self->usemem->real / pmd_size() * pmd_size();
	uint64_t rest = self->usemem->real - blocks;
	uint64_t tables = (blocks + pmd_table_span() - 1) / pmd_table_span();
	uint64_t pages = (rest + page_size() - 1) / page_size();
	uint64_t before = minor_faults(), faults;
	unsigned int i;

	for (i = 0; i < self->usemem->areas; i++)
		ASSERT_EQ(0, touch_every(self->map[i], self->usemem->area[i].len,
					 self->usemem->area[i].len < pmd_size() ?
					 page_size() : pmd_size()));
	faults = minor_faults() - before;
	TH_LOG("faults=%llu for %llu MiB", (unsigned long long)faults,
	       (unsigned long long)(self->usemem->real >> 20));
	EXPECT_LE(faults, tables + pages + OWN_FAULTS);
	EXPECT_GE(faults, 1);
}

/* Each area shows its own part of the memory. */
TEST_F(odd_size, areas_follow_each_other)
{
	uint64_t seed = test_seed(), value;
	const struct gpu_area *area;
	unsigned int i;

	for (i = 0; i < self->usemem->areas; i++) {
		area = &self->usemem->area[i];
		*(volatile uint64_t *)self->map[i] = pattern_word(seed, 2 * i);
		*(volatile uint64_t *)(self->map[i] + area->len - 8) = pattern_word(seed, 2 * i + 1);
	}
	for (i = 0; i < self->usemem->areas; i++) {
		area = &self->usemem->area[i];
		ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, area->at, &value, 8));
		EXPECT_EQ(pattern_word(seed, 2 * i), value);
		ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, area->at + area->len - 8, &value, 8));
		EXPECT_EQ(pattern_word(seed, 2 * i + 1), value);
	}
}

TEST_HARNESS_MAIN
