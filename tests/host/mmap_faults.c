// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many faults it takes to touch memory, and that each lands on the right
 * bytes: one per table of PMDs where address and memory are congruent, one per
 * page where they are not.  Counts are the kernel's minor faults of this process.
 *
 * Lines "# faults.<region>.<what>=<number>" are for whoever reports the results.
 */

#include <errno.h>
#include <string.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"

/* Faults of the test's own stack and library while counting. */
#define OWN_FAULTS	4

FIXTURE(mmap_faults) {
	struct gpu gpu;
	uint64_t real;
	uint64_t huge;
	uint64_t page;
};

FIXTURE_VARIANT(mmap_faults) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(mmap_faults);

FIXTURE_SETUP(mmap_faults)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->real = self->gpu.region[variant->region].real;
	self->huge = pmd_size();
	self->page = page_size();
}

FIXTURE_TEARDOWN(mmap_faults)
{
	gpu_close(&self->gpu);
}

/* A PMD can map only whole, aligned PMDs of memory; a fault fills a table of them. */
static uint64_t faults_for(uint64_t len, uint64_t huge, uint64_t page)
{
	uint64_t span = pmd_table_span(), blocks = len / huge * huge;

	return (blocks + span - 1) / span + (len % huge + page - 1) / page;
}

static void report(unsigned int region, const char *what, uint64_t value)
{
	printf("# faults.region%u.%s=%llu\n", region, what,
	       (unsigned long long)value);
	fflush(stdout);
}

TEST_F_TIMEOUT(mmap_faults, whole_region_costs_one_fault_per_page_table, 120)
{
	uint64_t want = faults_for(self->real, self->huge, self->page);
	uint64_t before, faults;
	void *map;

	map = gpu_map(&self->gpu, variant->region, 0, self->real, PROT_READ);
	ASSERT_NE(MAP_FAILED, map);
	before = minor_faults();
	ASSERT_EQ(0, touch_every(map, self->real, self->page * 64));
	faults = minor_faults() - before;
	report(variant->region, "counted", faults);
	report(variant->region, "wanted", want);
	report(variant->region, "bytes", self->real);
	EXPECT_LE(faults, want + OWN_FAULTS);
	EXPECT_GE(faults, 1);
}

/* Addresses that are not congruent get pages, and the right ones. */
TEST_F(mmap_faults, misaligned_mapping_costs_one_fault_per_page)
{
	const uint64_t len = MIB(2), seed = test_seed();
	uint64_t before, faults, at;
	char *room, *map, *straight;

	room = reserve_aligned(len + self->huge, self->huge);
	map = gpu_map_fixed(&self->gpu, variant->region, 0, len,
			    PROT_READ | PROT_WRITE, room + self->page);
	ASSERT_NE(MAP_FAILED, map);
	before = minor_faults();
	for (at = 0; at < len; at += self->page)
		*(volatile uint64_t *)(map + at) = pattern_word(seed, at);
	faults = minor_faults() - before;
	TH_LOG("faults=%llu", (unsigned long long)faults);
	EXPECT_LE(faults, len / self->page + OWN_FAULTS);
	straight = gpu_map(&self->gpu, variant->region, 0, len, PROT_READ);
	ASSERT_NE(MAP_FAILED, straight);
	for (at = 0; at < len; at += self->page)
		ASSERT_EQ(pattern_word(seed, at),
			  *(volatile uint64_t *)(straight + at));
}

/* A mapping that starts inside a huge page must not map what lies before it. */
TEST_F(mmap_faults, mapping_that_starts_inside_a_huge_page_is_right)
{
	const uint64_t seed = test_seed(), at = self->huge - 3 * self->page;
	const uint64_t len = self->huge + 6 * self->page;
	char *whole, *part;
	uint64_t i, value;

	if (self->real < 3 * self->huge)
		SKIP(return, "the region is shorter than three huge pages");
	whole = gpu_map(&self->gpu, variant->region, 0, 3 * self->huge,
			PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, whole);
	for (i = 0; i < 3 * self->huge; i += self->page)
		*(volatile uint64_t *)(whole + i) = pattern_word(seed, i);
	part = gpu_map(&self->gpu, variant->region, at, len, PROT_READ);
	ASSERT_NE(MAP_FAILED, part);
	for (i = 0; i < len; i += self->page) {
		ASSERT_EQ(0, touch_read(part + i, &value));
		ASSERT_EQ(pattern_word(seed, at + i), value);
	}
	EXPECT_EQ(-ENXIO, touch_read(part - self->page, &value));
	EXPECT_EQ(-ENXIO, touch_read(part + len, &value));
}

/* Two mappings whose entries share a table; the second shows the memory backwards. */
TEST_F(mmap_faults, fault_of_one_mapping_fills_nothing_of_its_neighbour)
{
	const uint64_t seed = test_seed(), huge = self->huge;
	uint64_t value, i;
	char *straight, *room;

	if (self->real < 4 * huge)
		SKIP(return, "the region is shorter than four huge pages");
	straight = gpu_map(&self->gpu, variant->region, 0, 4 * huge,
			   PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, straight);
	for (i = 0; i < 4; i++)
		*(volatile uint64_t *)(straight + i * huge) = pattern_word(seed, i);
	room = reserve_aligned(4 * huge, pmd_table_span());
	ASSERT_NE(MAP_FAILED, room);
	for (i = 0; i < 4; i++)
		ASSERT_NE(MAP_FAILED, gpu_map_fixed(&self->gpu, variant->region,
						    (3 - i) * huge, huge, PROT_READ,
						    room + i * huge));
	ASSERT_EQ(0, munmap(room + 2 * huge, huge));
	ASSERT_EQ(0, touch_read(room, &value));
	EXPECT_EQ(pattern_word(seed, 3), value);
	ASSERT_EQ(0, touch_read(room + huge, &value));
	EXPECT_EQ(pattern_word(seed, 2), value);
	EXPECT_EQ(-ENXIO, touch_read(room + 2 * huge, &value));
	ASSERT_EQ(0, touch_read(room + 3 * huge, &value));
	EXPECT_EQ(pattern_word(seed, 0), value);
}

TEST_F(mmap_faults, every_huge_page_shows_its_own_memory)
{
	uint64_t seed = test_seed(), at, step = self->real / 64 / 8 * 8;
	char *map;

	map = gpu_map(&self->gpu, variant->region, 0, self->real,
		      PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, map);
	for (at = 0; at + 8 <= self->real; at += step)
		*(volatile uint64_t *)(map + at) = pattern_word(seed, at);
	*(volatile uint64_t *)(map + self->real - 8) = seed;
	for (at = 0; at + 8 <= self->real; at += step)
		if (at + 8 <= self->real - 8)
			ASSERT_EQ(pattern_word(seed, at),
				  *(volatile uint64_t *)(map + at));
	EXPECT_EQ(seed, *(volatile uint64_t *)(map + self->real - 8));
}

/* Fault after fault on the same page costs nothing: it stays mapped. */
TEST_F(mmap_faults, touching_again_costs_no_fault)
{
	uint64_t before;
	void *map;

	map = gpu_map(&self->gpu, variant->region, 0, MIB(16), PROT_READ);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, touch_every(map, MIB(16), self->page));
	before = minor_faults();
	ASSERT_EQ(0, touch_every(map, MIB(16), self->page));
	EXPECT_LE(minor_faults() - before, 2);
}

TEST_HARNESS_MAIN
