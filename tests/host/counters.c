// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the driver counts of a GPU, for those who watch many hosts: each event once, and over
 * all bindings.
 */

#include <errno.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "poison.h"
#include "scrub.h"
#include "sysfs.h"
#include "testblock.h"
#include "variants.h"

static const char *const names[] = {
	"opens", "opens_failed", "resets", "scrubs", "scrubs_failed", "pages_went_bad", "waits",
};

enum { OPENS, OPENS_FAILED, RESETS, SCRUBS, SCRUBS_FAILED, PAGES_WENT_BAD, WAITS, COUNTERS };

FIXTURE(counters) {
	const char *bdf;
	struct gpu gpu;
	uint64_t before[COUNTERS];
};

static void count_from_here(FIXTURE_DATA(counters) *self)
{
	unsigned int i;

	for (i = 0; i < COUNTERS; i++)
		self->before[i] = gpu_attribute_number(self->bdf, names[i]);
}

/* So often since then. */
#define EXPECT_COUNT(n, which)						\
	EXPECT_EQ(n, gpu_attribute_number(self->bdf, names[which]) - self->before[which])

FIXTURE_SETUP(counters)
{
	self->gpu = GPU_CLOSED;
	SETUP_BDF(self->bdf, 0);
	if (!driver_is_bound(self->bdf))
		ASSERT_EQ(0, driver_bind(self->bdf));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "off"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	count_from_here(self);
}

FIXTURE_TEARDOWN(counters)
{
	gpu_close(&self->gpu);
	EXPECT_EQ(0, scrub_and_poison_off(self->bdf));
}

/* Who opens it resets it, too. */
TEST_F(counters, an_open_and_its_resets)
{
	gpu_close(&self->gpu);
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_COUNT(1, OPENS);
	EXPECT_COUNT(0, OPENS_FAILED);
	count_from_here(self);
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	EXPECT_COUNT(2, RESETS);
	EXPECT_COUNT(0, OPENS);
}

TEST_F(counters, an_open_that_is_refused)
{
	gpu_close(&self->gpu);
	ASSERT_EQ(0, pci_attribute_write(self->bdf, "nvgrace_gpu/bad_pages", "add more"));
	count_from_here(self);
	EXPECT_EQ(-EIO, gpu_open(&self->gpu, self->bdf));
	EXPECT_COUNT(1, OPENS_FAILED);
	EXPECT_COUNT(0, OPENS);
}

TEST_F(counters, a_wait_for_the_memory)
{
	uint64_t value;

	NEEDS_TESTBLOCK(&self->gpu);
	ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	count_from_here(self);
	ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_COUNT(0, WAITS);
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 300));
	ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_COUNT(1, WAITS);
}

TEST_F(counters, a_page_that_went_bad_and_was_cleared)
{
	uint64_t address = poison_address(&self->gpu, GPU_USEMEM, 0);

	ASSERT_EQ(0, poison_elsewhere(address));
	ASSERT_EQ(0, poison_elsewhere(address));
	ASSERT_EQ(0, poison_wait(self->bdf, 1));
	EXPECT_COUNT(1, PAGES_WENT_BAD);
	ASSERT_EQ(0, poison_clear(self->bdf));
	EXPECT_COUNT(1, PAGES_WENT_BAD);
}

TEST_F_TIMEOUT(counters, a_scrub, 120)
{
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	EXPECT_COUNT(1, SCRUBS);
	EXPECT_COUNT(0, SCRUBS_FAILED);
}

TEST_F_TIMEOUT(counters, a_scrub_that_unbinding_ends, 120)
{
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_wait_begun(self->bdf));
	ASSERT_EQ(0, driver_unbind(self->bdf));
	ASSERT_EQ(0, driver_bind(self->bdf));
	EXPECT_COUNT(0, SCRUBS);
	EXPECT_COUNT(1, SCRUBS_FAILED);
}

TEST_HARNESS_MAIN
