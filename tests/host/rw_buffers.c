// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user's side of read() and write(): buffers that are absent, half there,
 * read-only, not yet faulted in, or themselves device memory.
 */

#include <errno.h>
#include <string.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "touch.h"
#include "variants.h"

#define SOURCE_AT	MIB(1)	/* what is read lies here, filled with a pattern */
#define SOURCE_LEN	(256 << 10)

FIXTURE(rw_buffers) {
	struct gpu gpu;
	uint64_t seed;
	size_t page;
	uint8_t *source;
};

FIXTURE_VARIANT(rw_buffers) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(rw_buffers);

FIXTURE_SETUP(rw_buffers)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->seed = test_seed();
	self->page = page_size();
	self->source = malloc(SOURCE_LEN);
	ASSERT_NE(NULL, self->source);
	pattern_fill(self->source, SOURCE_LEN, self->seed, SOURCE_AT);
	ASSERT_EQ(SOURCE_LEN, gpu_write(&self->gpu, variant->region, SOURCE_AT,
					self->source, SOURCE_LEN));
}

FIXTURE_TEARDOWN(rw_buffers)
{
	free(self->source);
	gpu_close(&self->gpu);
}

static uint8_t *anonymous(size_t len, int prot)
{
	return mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static bool source_intact(struct gpu *gpu, unsigned int region, uint64_t seed)
{
	uint8_t *now = malloc(SOURCE_LEN);
	bool same;

	same = now &&
	       gpu_read(gpu, region, SOURCE_AT, now, SOURCE_LEN) == SOURCE_LEN &&
	       pattern_check(now, SOURCE_LEN, seed, SOURCE_AT) == SOURCE_LEN;
	free(now);
	return same;
}

#define EXPECT_SOURCE_INTACT() \
	EXPECT_TRUE(source_intact(&self->gpu, variant->region, self->seed))

TEST_F(rw_buffers, null_buffer_is_refused)
{
	EXPECT_EQ(-EFAULT, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				    NULL, 4096));
	EXPECT_EQ(-EFAULT, gpu_write(&self->gpu, variant->region, SOURCE_AT,
				     NULL, 4096));
	EXPECT_SOURCE_INTACT();
}

TEST_F(rw_buffers, kernel_address_is_refused)
{
	void *kernel = (void *)0xffff800080000000ull;

	EXPECT_EQ(-EFAULT, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				    kernel, 4096));
	EXPECT_EQ(-EFAULT, gpu_write(&self->gpu, variant->region, SOURCE_AT,
				     kernel, 4096));
	EXPECT_SOURCE_INTACT();
}

TEST_F(rw_buffers, unmapped_buffer_is_refused)
{
	uint8_t *gone = anonymous(self->page, PROT_READ | PROT_WRITE);

	ASSERT_EQ(0, munmap(gone, self->page));
	EXPECT_EQ(-EFAULT, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				    gone, 64));
	EXPECT_EQ(-EFAULT, gpu_write(&self->gpu, variant->region, SOURCE_AT,
				     gone, 64));
	EXPECT_SOURCE_INTACT();
}

TEST_F(rw_buffers, read_only_buffer_takes_no_read_but_gives_a_write)
{
	uint8_t *buf = anonymous(self->page, PROT_READ | PROT_WRITE);

	memcpy(buf, self->source, self->page);
	ASSERT_EQ(0, mprotect(buf, self->page, PROT_READ));
	EXPECT_EQ(-EFAULT, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				    buf, self->page));
	EXPECT_EQ((ssize_t)self->page,
		  gpu_write(&self->gpu, variant->region, SOURCE_AT, buf,
			    self->page));
	EXPECT_SOURCE_INTACT();
}

TEST_F(rw_buffers, inaccessible_buffer_is_refused)
{
	uint8_t *buf = anonymous(self->page, PROT_NONE);

	EXPECT_EQ(-EFAULT, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				    buf, self->page));
	EXPECT_EQ(-EFAULT, gpu_write(&self->gpu, variant->region, SOURCE_AT,
				     buf, self->page));
	EXPECT_SOURCE_INTACT();
}

TEST_F(rw_buffers, pages_never_touched_before_are_faulted_in)
{
	uint8_t *buf = anonymous(SOURCE_LEN, PROT_READ | PROT_WRITE);

	ASSERT_EQ(SOURCE_LEN, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				       buf, SOURCE_LEN));
	EXPECT_EQ(SOURCE_LEN, pattern_check(buf, SOURCE_LEN, self->seed,
					    SOURCE_AT));
}

TEST_F(rw_buffers, writing_from_never_touched_pages_writes_zeros)
{
	uint8_t *zeros = anonymous(SOURCE_LEN, PROT_READ | PROT_WRITE);
	uint8_t *back = malloc(SOURCE_LEN);

	ASSERT_EQ(SOURCE_LEN, gpu_write(&self->gpu, variant->region, SOURCE_AT,
					zeros, SOURCE_LEN));
	ASSERT_EQ(SOURCE_LEN, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				       back, SOURCE_LEN));
	EXPECT_EQ(0, memcmp(zeros, back, SOURCE_LEN));
	free(back);
}

/* What was moved before the hole counts, and nothing beyond it changes. */
TEST_F(rw_buffers, read_into_a_half_mapped_buffer_returns_the_first_half)
{
	uint8_t *buf = anonymous(4 * self->page, PROT_READ | PROT_WRITE);
	ssize_t n;

	ASSERT_EQ(0, munmap(buf + 2 * self->page, self->page));
	n = gpu_read(&self->gpu, variant->region, SOURCE_AT, buf,
		     4 * self->page);
	EXPECT_EQ((ssize_t)(2 * self->page), n);
	EXPECT_EQ(2 * self->page, pattern_check(buf, 2 * self->page, self->seed,
						SOURCE_AT));
	EXPECT_EQ(0, buf[3 * self->page]);
}

TEST_F(rw_buffers, read_that_starts_just_before_a_hole_returns_one_byte)
{
	uint8_t *buf = anonymous(2 * self->page, PROT_READ | PROT_WRITE);

	ASSERT_EQ(0, munmap(buf + self->page, self->page));
	EXPECT_EQ(1, gpu_read(&self->gpu, variant->region, SOURCE_AT,
			      buf + self->page - 1, 64));
	EXPECT_EQ(self->source[0], buf[self->page - 1]);
}

TEST_F(rw_buffers, write_from_a_half_mapped_buffer_writes_the_first_half)
{
	uint8_t *buf = anonymous(4 * self->page, PROT_READ | PROT_WRITE);
	uint8_t *back = malloc(SOURCE_LEN);

	memset(buf, 0x3c, 2 * self->page);
	ASSERT_EQ(0, munmap(buf + 2 * self->page, self->page));
	EXPECT_EQ((ssize_t)(2 * self->page),
		  gpu_write(&self->gpu, variant->region, SOURCE_AT, buf,
			    4 * self->page));
	ASSERT_EQ(SOURCE_LEN, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				       back, SOURCE_LEN));
	EXPECT_EQ(0x3c, back[2 * self->page - 1]);
	EXPECT_EQ(0, memcmp(back + 2 * self->page, self->source + 2 * self->page,
			    SOURCE_LEN - 2 * self->page));
	free(back);
}

/* Never zeros where the source page was missing. */
TEST_F(rw_buffers, refused_write_leaves_the_memory_as_it_was)
{
	uint8_t *buf = anonymous(2 * self->page, PROT_READ | PROT_WRITE);

	ASSERT_EQ(0, munmap(buf, self->page));
	EXPECT_EQ(-EFAULT, gpu_write(&self->gpu, variant->region, SOURCE_AT,
				     buf + 100, 2 * self->page - 100));
	EXPECT_SOURCE_INTACT();
}

TEST_F(rw_buffers, read_into_another_unfaulted_part_of_the_memory)
{
	uint8_t *map = gpu_map(&self->gpu, variant->region, MIB(8), SOURCE_LEN,
			       PROT_READ | PROT_WRITE);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(SOURCE_LEN, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				       map, SOURCE_LEN));
	EXPECT_EQ(SOURCE_LEN, pattern_check(map, SOURCE_LEN, self->seed,
					    SOURCE_AT));
}

TEST_F(rw_buffers, write_from_another_unfaulted_part_of_the_memory)
{
	uint8_t *map = gpu_map(&self->gpu, variant->region, SOURCE_AT,
			       SOURCE_LEN, PROT_READ);
	uint8_t *back = malloc(SOURCE_LEN);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(SOURCE_LEN, gpu_write(&self->gpu, variant->region, MIB(8),
					map, SOURCE_LEN));
	ASSERT_EQ(SOURCE_LEN, gpu_read(&self->gpu, variant->region, MIB(8),
				       back, SOURCE_LEN));
	EXPECT_EQ(0, memcmp(back, self->source, SOURCE_LEN));
	free(back);
}

TEST_F(rw_buffers, read_onto_itself_changes_nothing)
{
	uint8_t *map = gpu_map(&self->gpu, variant->region, SOURCE_AT,
			       SOURCE_LEN, PROT_READ | PROT_WRITE);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(SOURCE_LEN, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				       map, SOURCE_LEN));
	EXPECT_SOURCE_INTACT();
	EXPECT_EQ(SOURCE_LEN, gpu_write(&self->gpu, variant->region, SOURCE_AT,
					map, SOURCE_LEN));
	EXPECT_SOURCE_INTACT();
}

TEST_F(rw_buffers, read_only_mapping_of_the_memory_takes_no_read)
{
	uint8_t *map = gpu_map(&self->gpu, variant->region, MIB(8), SOURCE_LEN,
			       PROT_READ);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-EFAULT, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				    map, SOURCE_LEN));
}

TEST_F(rw_buffers, read_into_the_other_memory_region)
{
	unsigned int other = variant->region == GPU_USEMEM ? GPU_RESMEM :
							     GPU_USEMEM;
	uint8_t *map;

	if (!gpu_has_resmem(&self->gpu))
		SKIP(return, "this GPU has one memory region");
	map = gpu_map(&self->gpu, other, MIB(4), SOURCE_LEN,
		      PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(SOURCE_LEN, gpu_read(&self->gpu, variant->region, SOURCE_AT,
				       map, SOURCE_LEN));
	EXPECT_EQ(SOURCE_LEN, pattern_check(map, SOURCE_LEN, self->seed,
					    SOURCE_AT));
}

TEST_F(rw_buffers, odd_addresses_are_as_good_as_aligned_ones)
{
	uint8_t *buf = anonymous(SOURCE_LEN, PROT_READ | PROT_WRITE);
	size_t len = 3 * self->page + 5, shift;

	for (shift = 1; shift < 16; shift += 2) {
		ASSERT_EQ((ssize_t)len, gpu_read(&self->gpu, variant->region,
						 SOURCE_AT + 3, buf + shift,
						 len));
		ASSERT_EQ(len, pattern_check(buf + shift, len, self->seed,
					     SOURCE_AT + 3));
	}
}

/* Tail bytes go through another path; it must fail the same way. */
TEST_F(rw_buffers, bad_buffer_for_the_tail_is_refused)
{
	const struct gpu_region *r = &self->gpu.region[variant->region];
	uint8_t *buf = anonymous(2 * self->page, PROT_READ | PROT_WRITE);

	if (r->size == r->real)
		SKIP(return, "this region has no tail");
	ASSERT_EQ(0, munmap(buf + self->page, self->page));
	EXPECT_EQ(-EFAULT, gpu_read(&self->gpu, variant->region, r->real, NULL,
				    64));
	EXPECT_EQ((ssize_t)self->page,
		  gpu_read(&self->gpu, variant->region, r->real, buf,
			   2 * self->page));
	EXPECT_EQ(0xff, buf[self->page - 1]);
}

TEST_HARNESS_MAIN
