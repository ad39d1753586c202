// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and write() of the memory regions at every edge: what comes back for
 * every offset and length, which bytes, and how far the file position moves.
 *
 * The model: an offset inside the BAR is good, the count is clipped to the BAR,
 * bytes of memory are memory, bytes of the tail read 0xff and swallow writes.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"

#define ROOM	(64 << 10)
#define GUARD	0x5e

FIXTURE(rw_edges) {
	struct gpu gpu;
	uint64_t real;
	uint64_t bar;
	uint64_t seed;
	uint8_t *buf;
};

FIXTURE_VARIANT(rw_edges) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(rw_edges);

FIXTURE_SETUP(rw_edges)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->real = self->gpu.region[variant->region].real;
	self->bar = self->gpu.region[variant->region].size;
	self->seed = test_seed();
	self->buf = malloc(ROOM + 64);
	ASSERT_NE(NULL, self->buf);
}

FIXTURE_TEARDOWN(rw_edges)
{
	free(self->buf);
	gpu_close(&self->gpu);
}

/* Bytes a read or write of @len at @at must return. */
static ssize_t clipped(uint64_t bar, uint64_t at, size_t len)
{
	if (at >= bar)
		return -EINVAL;
	return (ssize_t)(len < bar - at ? len : bar - at);
}

/* Bytes of [at, at + len) that are memory. */
static size_t memory_part(uint64_t real, uint64_t at, size_t len)
{
	if (at >= real)
		return 0;
	return len < real - at ? len : (size_t)(real - at);
}

static bool all_bytes(const uint8_t *buf, size_t len, uint8_t value)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (buf[i] != value)
			return false;
	return true;
}

/*
 * Writes and reads back one piece; returns the line that found a difference, 0
 * if all is right.
 */
static int round_trip(const struct gpu *gpu, unsigned int region, uint64_t at,
		      size_t len, uint64_t seed, uint8_t *buf)
{
	const struct gpu_region *r = &gpu->region[region];
	ssize_t want = clipped(r->size, at, len);
	size_t memory = memory_part(r->real, at, len);

	pattern_fill(buf, len, seed, at);
	if (gpu_write(gpu, region, at, buf, len) != want)
		return __LINE__;
	memset(buf, GUARD, len + 64);
	if (gpu_read(gpu, region, at, buf, len) != want)
		return __LINE__;
	if (want < 0)
		return all_bytes(buf, len + 64, GUARD) ? 0 : __LINE__;
	if (pattern_check(buf, memory, seed, at) != memory)
		return __LINE__;
	if (!all_bytes(buf + memory, (size_t)want - memory, 0xff))
		return __LINE__;
	return all_bytes(buf + want, len + 64 - (size_t)want, GUARD) ?
	       0 : __LINE__;
}

static const size_t lengths[] = {
	1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 63, 64, 65, 4095, 4096, 4097, 8191,
	12345, ROOM,
};

#define EXPECT_ROUND_TRIPS(base, from, to) do {				\
	int64_t delta_;							\
	unsigned int i_;						\
	for (delta_ = (from); delta_ <= (to); delta_++)			\
		for (i_ = 0; i_ < ARRAY_SIZE(lengths); i_++)		\
			ASSERT_EQ(0, round_trip(&self->gpu,		\
				variant->region, (base) + delta_,	\
				lengths[i_], self->seed, self->buf))	\
				TH_LOG("%lld from the edge, %zu bytes",	\
				       (long long)delta_, lengths[i_]);	\
} while (0)

TEST_F(rw_edges, every_length_at_the_start_of_memory)
{
	EXPECT_ROUND_TRIPS(0, 0, 9);
}

TEST_F(rw_edges, every_length_across_a_page)
{
	EXPECT_ROUND_TRIPS(page_size(), -9, 3);
}

/* The kernel sees memory through windows of 16 MiB at most; a seam must not show. */
TEST_F(rw_edges, every_length_across_sixteen_mib)
{
	EXPECT_ROUND_TRIPS(MIB(16), -9, 3);
}

TEST_F(rw_edges, every_length_across_the_end_of_memory)
{
	EXPECT_ROUND_TRIPS(self->real, -17, 9);
}

TEST_F(rw_edges, every_length_across_the_end_of_the_bar)
{
	EXPECT_ROUND_TRIPS(self->bar, -9, 3);
}

TEST_F(rw_edges, eight_bytes_four_before_the_end_of_memory)	/* T9 */
{
	const uint64_t at = self->real - 4;
	ssize_t want = self->bar > self->real ? 8 : 4;

	memset(self->buf, 0x77, 8);
	ASSERT_EQ(want, gpu_write(&self->gpu, variant->region, at, self->buf, 8));
	memset(self->buf, GUARD, 16);
	ASSERT_EQ(want, gpu_read(&self->gpu, variant->region, at, self->buf, 8));
	EXPECT_TRUE(all_bytes(self->buf, 4, 0x77));
	EXPECT_TRUE(all_bytes(self->buf + 4, 4, want == 8 ? 0xff : GUARD));
}

TEST_F(rw_edges, offsets_at_and_beyond_the_bar_are_refused)	/* T9 */
{
	const uint64_t beyond[] = {
		self->bar, self->bar + 1, self->bar + 4096, self->bar * 2,
		(1ull << 40) - 1, (1ull << 40) - 8,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		EXPECT_EQ(-EINVAL, gpu_read(&self->gpu, variant->region,
					    beyond[i], self->buf, 8));
		EXPECT_EQ(-EINVAL, gpu_write(&self->gpu, variant->region,
					     beyond[i], self->buf, 8));
	}
}

TEST_F(rw_edges, nothing_is_read_or_written_for_a_count_of_zero)	/* T9 */
{
	EXPECT_EQ(0, gpu_read(&self->gpu, variant->region, 0, NULL, 0));
	EXPECT_EQ(0, gpu_write(&self->gpu, variant->region, 0, NULL, 0));
	EXPECT_EQ(0, gpu_read(&self->gpu, variant->region, self->bar - 1,
			      NULL, 0));
}

TEST_F(rw_edges, negative_and_wrapping_offsets_are_refused)
{
	volatile size_t wraps = SIZE_MAX;

	EXPECT_EQ(-1, pread(self->gpu.device, self->buf, 8, -1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pwrite(self->gpu.device, self->buf, 8, -4096));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pread(self->gpu.device, self->buf, 8, INT64_MAX - 3));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-EFAULT, gpu_read(&self->gpu, variant->region, 0, self->buf,
				    wraps));
}

TEST_F(rw_edges, tail_reads_ones_and_swallows_writes_cheaply)
{
	const size_t len = MIB(4);
	uint64_t start;
	uint8_t *big;

	if (self->bar - self->real < len)
		SKIP(return, "this region has no tail");
	big = malloc(len);
	ASSERT_NE(NULL, big);
	memset(big, 0x12, len);
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	start = now_ms();
	ASSERT_EQ((ssize_t)len, gpu_write(&self->gpu, variant->region,
					  self->real, big, len));
	ASSERT_EQ((ssize_t)len, gpu_read(&self->gpu, variant->region,
					 self->real, big, len));
	EXPECT_TRUE(all_bytes(big, len, 0xff));
	TH_LOG("4 MiB of tail: %llu ms", (unsigned long long)(now_ms() - start));
	EXPECT_LT(now_ms() - start, 2000);
	free(big);
}

TEST_F(rw_edges, tail_does_not_wait_for_readiness)	/* T9 */
{
	uint64_t start;

	NEEDS_TESTBLOCK(&self->gpu);
	if (self->bar == self->real)
		SKIP(return, "this region has no tail");
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 6000));
	start = now_ms();
	memset(self->buf, GUARD, 64);
	EXPECT_EQ(64, gpu_read(&self->gpu, variant->region, self->real,
			       self->buf, 64));
	EXPECT_TRUE(all_bytes(self->buf, 64, 0xff));
	EXPECT_EQ(64, gpu_write(&self->gpu, variant->region, self->bar - 64,
				self->buf, 64));
	EXPECT_LT(now_ms() - start, 1000);
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

TEST_F(rw_edges, tail_is_gone_while_memory_decode_is_off)
{
	if (self->bar == self->real)
		SKIP(return, "this region has no tail");
	ASSERT_EQ(0, gpu_command(&self->gpu, 0, PCI_COMMAND_MEMORY));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, variant->region, self->real,
				 self->buf, 64));
	EXPECT_EQ(-EIO, gpu_write(&self->gpu, variant->region, self->real,
				  self->buf, 64));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, variant->region, self->real - 32,
				 self->buf, 64));
	ASSERT_EQ(0, gpu_command(&self->gpu, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(64, gpu_read(&self->gpu, variant->region, self->real,
			       self->buf, 64));
}

TEST_F(rw_edges, tail_is_there_in_low_power)
{
	uint64_t value = 0;

	if (self->bar == self->real)
		SKIP(return, "this region has no tail");
	ASSERT_EQ(0, gpu_feature(&self->gpu, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	EXPECT_EQ(8, gpu_read(&self->gpu, variant->region, self->real, &value, 8));
	EXPECT_EQ(UINT64_MAX, value);
	ASSERT_EQ(0, gpu_feature(&self->gpu, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
}

TEST_F(rw_edges, count_of_zero_does_not_wait_for_readiness)	/* T9 */
{
	uint64_t start;

	NEEDS_TESTBLOCK(&self->gpu);
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 6000));
	start = now_ms();
	EXPECT_EQ(0, gpu_read(&self->gpu, variant->region, 0, self->buf, 0));
	EXPECT_EQ(0, gpu_write(&self->gpu, variant->region, 0, self->buf, 0));
	EXPECT_EQ(-EINVAL, gpu_read(&self->gpu, variant->region, self->bar,
				    self->buf, 4));
	EXPECT_LT(now_ms() - start, 1000);
}

TEST_F(rw_edges, vectors_of_buffers_are_filled_in_order)
{
	const uint64_t at = MIB(3) - 5;
	struct iovec iov[] = {
		{ .iov_base = self->buf, .iov_len = 3 },
		{ .iov_base = self->buf + 100, .iov_len = 0 },
		{ .iov_base = self->buf + 200, .iov_len = 4099 },
		{ .iov_base = self->buf + 8000, .iov_len = 1 },
	};
	uint8_t flat[4103];
	off_t offset = (off_t)(self->gpu.region[variant->region].offset + at);

	pattern_fill(flat, sizeof(flat), self->seed, at);
	ASSERT_EQ((ssize_t)sizeof(flat), gpu_write(&self->gpu, variant->region,
						   at, flat, sizeof(flat)));
	ASSERT_EQ(4103, preadv(self->gpu.device, iov, 4, offset));
	EXPECT_EQ(0, memcmp(self->buf, flat, 3));
	EXPECT_EQ(0, memcmp(self->buf + 200, flat + 3, 4099));
	EXPECT_EQ(flat[4102], self->buf[8000]);
	self->buf[0] ^= 0xff;
	ASSERT_EQ(4103, pwritev(self->gpu.device, iov, 4, offset));
	ASSERT_EQ(1, gpu_read(&self->gpu, variant->region, at, flat, 1));
	EXPECT_EQ(self->buf[0], flat[0]);
}

TEST_F(rw_edges, vector_that_leaves_the_bar_returns_what_fitted)
{
	struct iovec iov[] = {
		{ .iov_base = self->buf, .iov_len = 4096 },
		{ .iov_base = self->buf + 4096, .iov_len = 4096 },
	};
	off_t offset = (off_t)(self->gpu.region[variant->region].offset +
			       self->bar - 4096);

	EXPECT_EQ(4096, preadv(self->gpu.device, iov, 2, offset));
}

/* The other BARs take part in none of this. */
TEST_F(rw_edges, regions_without_memory_are_refused)
{
	static const unsigned int none[] = {
		1, 5, VFIO_PCI_VGA_REGION_INDEX, VFIO_PCI_NUM_REGIONS, 77,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(none); i++) {
		off_t at = (off_t)((uint64_t)none[i] << 40);

		EXPECT_EQ(-1, pread(self->gpu.device, self->buf, 4, at));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(-1, pwrite(self->gpu.device, self->buf, 4, at));
		EXPECT_EQ(EINVAL, errno);
	}
}

TEST_HARNESS_MAIN
