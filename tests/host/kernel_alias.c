// SPDX-License-Identifier: GPL-2.0-only
/*
 * W8: the kernel's own mapping of GPU memory, made for read() and write(), is
 * small whatever was read, and does not outlive a reset or the last close.
 * It is what /proc/vmallocinfo shows more than before the first access.
 */

#include <errno.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "sysfs.h"
#include "variants.h"

/* One window and the guard page vmalloc puts behind it. */
#define WINDOW_MAX	(MIB(16) + page_size())

FIXTURE(kernel_alias) {
	struct gpu gpu;
	uint64_t real;
	uint64_t before;	/* bytes mapped before the first access */
};

FIXTURE_VARIANT(kernel_alias) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(kernel_alias);

FIXTURE_SETUP(kernel_alias)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->real = self->gpu.region[variant->region].real;
	physical_mappings(&self->before);
}

FIXTURE_TEARDOWN(kernel_alias)
{
	gpu_close(&self->gpu);
}

/* Bytes of memory the kernel maps by now; 0 also if it maps less than before. */
static uint64_t alias_bytes(uint64_t before)
{
	uint64_t now;

	physical_mappings(&now);
	return now > before ? now - before : 0;
}

/* Reads eight bytes at many places, so that every part was wanted once. */
static int read_all_over(const struct gpu *gpu, unsigned int region,
			 uint64_t real)
{
	uint64_t value, at;

	for (at = 0; at < real; at += real / 37 / 8 * 8)
		if (at + 8 <= real &&
		    gpu_read(gpu, region, at, &value, 8) != 8)
			return -EIO;
	return gpu_read(gpu, region, real - 8, &value, 8) == 8 ? 0 : -EIO;
}

TEST_F(kernel_alias, stays_within_sixteen_mib)	/* W8 */
{
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	TH_LOG("alias=%llu bytes", (unsigned long long)alias_bytes(self->before));
	EXPECT_LE(alias_bytes(self->before), WINDOW_MAX);
}

TEST_F(kernel_alias, is_gone_after_a_reset)	/* W8 */
{
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	ASSERT_GT(alias_bytes(self->before), 0);
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	EXPECT_EQ(0, alias_bytes(self->before));
}

TEST_F(kernel_alias, is_gone_after_a_reset_by_sysfs)	/* W8 */
{
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	ASSERT_GT(alias_bytes(self->before), 0);
	ASSERT_EQ(0, gpu_reset_by_sysfs(self->gpu.bdf));
	EXPECT_EQ(0, alias_bytes(self->before));
}

TEST_F(kernel_alias, is_gone_after_close)
{
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	ASSERT_GT(alias_bytes(self->before), 0);
	gpu_close(&self->gpu);
	EXPECT_EQ(0, alias_bytes(self->before));
}

/* TLBs may hold translations of every window that there was. */
TEST_F(kernel_alias, leaves_no_translation_behind_a_reset)
{
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	EXPECT_EQ(0, unpurged_mappings(MIB(1)));
}

TEST_F(kernel_alias, comes_back_when_it_is_needed_again)
{
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	EXPECT_GT(alias_bytes(self->before), 0);
	EXPECT_LE(alias_bytes(self->before), WINDOW_MAX);
}

TEST_HARNESS_MAIN
