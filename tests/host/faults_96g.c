// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole memory of a 96 GiB GPU, touched once: at most one fault per page
 * table, which maps 1 GiB with 4K pages (96 for 96 GiB).  Reads only, but for the words that prove the place:
 * the memory behind the emulated device is sparse and must stay so.
 */

#include <errno.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"

/* Faults of the test's own stack and library while counting. */
#define OWN_FAULTS	2

FIXTURE(faults_96g) {
	struct gpu gpu;
	uint64_t real;
	char *map;
};

FIXTURE_VARIANT(faults_96g) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(faults_96g);

FIXTURE_SETUP(faults_96g)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	self->real = self->gpu.region[GPU_USEMEM].real;
	if (self->real < GIB(90))
		SKIP(return, "GPU%u is smaller than 90 GiB", variant->gpu);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, self->real,
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(faults_96g)
{
	gpu_close(&self->gpu);
}

TEST_F_TIMEOUT(faults_96g, touching_it_all_costs_one_fault_per_page_table, 240)
{
	uint64_t span = pmd_table_span(), before, faults, start;
	uint64_t want = (self->real + span - 1) / span;

	before = minor_faults();
	start = now_ms();
	ASSERT_EQ(0, touch_every(self->map, self->real, pmd_size()));
	faults = minor_faults() - before;
	TH_LOG("faults=%llu for %llu GiB in %llu ms",
	       (unsigned long long)faults,
	       (unsigned long long)(self->real >> 30),
	       (unsigned long long)(now_ms() - start));
	EXPECT_LE(faults, want + OWN_FAULTS);
	EXPECT_GE(faults, 1);
}

TEST_F_TIMEOUT(faults_96g, first_and_last_words_of_every_gib_are_its_own, 120)
{
	uint64_t seed = test_seed(), at;

	for (at = 0; at < self->real; at += GIB(1)) {
		*(volatile uint64_t *)(self->map + at) = pattern_word(seed, at);
		*(volatile uint64_t *)(self->map + at + GIB(1) - 8) =
			pattern_word(seed, at + 1);
	}
	for (at = 0; at < self->real; at += GIB(1)) {
		ASSERT_EQ(pattern_word(seed, at),
			  *(volatile uint64_t *)(self->map + at));
		ASSERT_EQ(pattern_word(seed, at + 1),
			  *(volatile uint64_t *)(self->map + at + GIB(1) - 8));
	}
}

TEST_F_TIMEOUT(faults_96g, reset_takes_the_whole_mapping_away_in_bounded_time, 240)
{
	uint64_t start, value;

	ASSERT_EQ(0, touch_every(self->map, self->real, GIB(1)));
	start = now_ms();
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	TH_LOG("reset with %llu GiB mapped: %llu ms",
	       (unsigned long long)(self->real >> 30),
	       (unsigned long long)(now_ms() - start));
	EXPECT_LT(now_ms() - start, 5000);
	EXPECT_EQ(0, touch_read(self->map, &value));
	EXPECT_EQ(0, touch_read(self->map + self->real - 8, &value));
}

TEST_HARNESS_MAIN
