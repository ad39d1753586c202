// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bad pages and the scrub: it leaves them out and zeroes what is around them, and nobody who
 * was promised scrubbed memory gets one that was not scrubbed, because the list is cleared.
 */

#include <errno.h>
#include <string.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "kmsg.h"
#include "poison.h"
#include "scrub.h"
#include "sysfs.h"
#include "variants.h"
#include "worker.h"

FIXTURE(scrub_bad_pages) {
	const char *bdf;
	struct gpu gpu;
	struct kmsg log;
};

FIXTURE_VARIANT(scrub_bad_pages) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(scrub_bad_pages);

FIXTURE_SETUP(scrub_bad_pages)
{
	self->gpu = GPU_CLOSED;
	SETUP_BDF(self->bdf, variant->gpu);
	/* Whatever the last test left: dirty, with nothing in the background. */
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "off"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(scrub_bad_pages)
{
	gpu_close(&self->gpu);
	EXPECT_EQ(0, scrub_and_poison_off(self->bdf));
	kmsg_close(&self->log);
}

static int page_goes_bad(FIXTURE_DATA(scrub_bad_pages) *self, uint64_t at)
{
	uint64_t address = poison_address(&self->gpu, GPU_USEMEM, at);

	return address ? poison_elsewhere(address) : -ENOENT;
}

static uint64_t last_page(const struct gpu *gpu)
{
	return gpu->region[GPU_USEMEM].real - page_size();
}

TEST_F_TIMEOUT(scrub_bad_pages, bad_page_is_left_out_until_it_is_cleared, 120)
{
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	ASSERT_EQ(0, page_goes_bad(self, last_page(&self->gpu)));
	ASSERT_EQ(0, poison_wait(self->bdf, 1));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_ANY, self->bdf, "1 bad pages left out"));
	ASSERT_EQ(0, poison_clear(self->bdf));
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
}

/* Of ten pages in the midst of the memory: two in a row and one alone. */
static bool goes_bad(unsigned int page)
{
	return page == 3 || page == 4 || page == 6;
}

TEST_F_TIMEOUT(scrub_bad_pages, pages_around_bad_ones_are_zeroed, 120)
{
	static const char zeroes[65536];
	static char bytes[65536];
	const ssize_t size = page_size();
	const uint64_t start = MIB(1);
	unsigned int i;

	memset(bytes, 0xa5, size);
	for (i = 0; i < 10; i++)
		ASSERT_EQ(size, gpu_write(&self->gpu, GPU_USEMEM, start + i * size, bytes, size));
	for (i = 0; i < 10; i++)
		if (goes_bad(i))
			ASSERT_EQ(0, page_goes_bad(self, start + i * size));
	ASSERT_EQ(0, poison_wait(self->bdf, 3));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(goes_bad(i) ? -EIO : size,
			  gpu_read(&self->gpu, GPU_USEMEM, start + i * size, bytes, size));
		if (!goes_bad(i))
			EXPECT_EQ(0, memcmp(zeroes, bytes, size)) TH_LOG("page %u", i);
	}
}

TEST_F_TIMEOUT(scrub_bad_pages, page_that_goes_bad_meanwhile_is_recorded, 120)
{
	uint64_t address;

	address = poison_address(&self->gpu, GPU_USEMEM, last_page(&self->gpu));
	ASSERT_NE(0, address);
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_wait_begun(self->bdf));
	ASSERT_EQ(0, poison_elsewhere(address));
	ASSERT_EQ(0, poison_wait(self->bdf, 1));
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	EXPECT_EQ(1, gpu_attribute_number(self->bdf, "bad_page_count"));
}

/* Whoever has the memory was promised that no byte of earlier users is in it. */
TEST_F_TIMEOUT(scrub_bad_pages, bad_pages_are_not_cleared_under_a_user, 120)
{
	ASSERT_EQ(0, page_goes_bad(self, 0));
	ASSERT_EQ(0, poison_wait(self->bdf, 1));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_wait_begun(self->bdf));
	EXPECT_EQ(-EBUSY, poison_clear(self->bdf));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_EQ(-EBUSY, poison_clear(self->bdf));
	EXPECT_EQ(1, gpu_attribute_number(self->bdf, "bad_page_count"));
	EXPECT_EQ(2, kmsg_count(&self->log, KMSG_WARN, self->bdf, "bad_pages not cleared"));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	gpu_close(&self->gpu);
	EXPECT_EQ(0, poison_clear(self->bdf));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_EQ(2, kmsg_count(&self->log, KMSG_ANY, self->bdf, "memory scrubbed: "));
}

/* Nor in mid-scrub, whoever scrubs, and whatever the policy is by then. */
TEST_F_TIMEOUT(scrub_bad_pages, bad_pages_are_not_cleared_in_a_scrub, 120)
{
	pid_t pid;

	ASSERT_EQ(0, page_goes_bad(self, 0));
	ASSERT_EQ(0, poison_wait(self->bdf, 1));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_wait_begun(self->bdf));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "off"));
	EXPECT_EQ(-EBUSY, poison_clear(self->bdf));
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));

	/* It is clean until somebody has had it. */
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	pid = tenant_opens(self->bdf);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, scrub_wait_begun(self->bdf));
	EXPECT_EQ(-EBUSY, poison_clear(self->bdf));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "off"));
	EXPECT_EQ(-EBUSY, poison_clear(self->bdf));
	EXPECT_EQ(0, child_wait(pid, SCRUB_MS));
	EXPECT_EQ(1, gpu_attribute_number(self->bdf, "bad_page_count"));
	EXPECT_EQ(0, poison_clear(self->bdf));
}

/* A bad page, then a user whose memory was scrubbed but for it. */
static int promise_with_a_bad_page(FIXTURE_DATA(scrub_bad_pages) *self)
{
	int ret = page_goes_bad(self, 0) ?: poison_wait(self->bdf, 1) ?:
		  scrub_set_policy(self->bdf, "on-open");

	gpu_close(&self->gpu);
	return ret ?: gpu_open(&self->gpu, self->bdf);
}

TEST_F_TIMEOUT(scrub_bad_pages, promise_outlives_its_policy, 120)
{
	ASSERT_EQ(0, promise_with_a_bad_page(self));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "off"));
	EXPECT_EQ(-EBUSY, poison_clear(self->bdf));
	gpu_close(&self->gpu);
	EXPECT_EQ(0, poison_clear(self->bdf));
	/* Nobody is promised anything now, whatever comes later. */
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_EQ(0, page_goes_bad(self, 0));
	ASSERT_EQ(0, poison_wait(self->bdf, 1));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	EXPECT_EQ(0, poison_clear(self->bdf));
}

TEST_HARNESS_MAIN
