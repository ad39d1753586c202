// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host goes to sleep: not while a user has the GPU, whose memory would be lost. A
 * scrub in the background stops, and begins again afterwards.
 *
 * The kernel's own test mode (/sys/power/pm_test) comes back by itself after a second.
 */

#include <errno.h>

#include "kselftest_harness.h"

#include "aftermath.h"
#include "clock.h"
#include "gpu.h"
#include "kmsg.h"
#include "scrub.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"

FIXTURE(host_sleep) {
	const char *bdf;
	struct gpu gpu;
	struct kmsg log;
};

/* 0 or -errno. Devices stay awake: the emulated host does not come back from pm_test=devices. */
static int host_sleeps(void)
{
	int ret = file_write("/sys/power/pm_test", "freezer");

	ret = ret ?: file_write("/sys/module/suspend/parameters/pm_test_delay", "1");
	return ret ?: file_write("/sys/power/state", "freeze");
}

static unsigned int scrubs_logged(FIXTURE_DATA(host_sleep) *self)
{
	return kmsg_count(&self->log, KMSG_ANY, self->bdf, "memory scrubbed: ");
}

FIXTURE_SETUP(host_sleep)
{
	self->gpu = GPU_CLOSED;
	SETUP_BDF(self->bdf, 0);
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "off"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(host_sleep)
{
	gpu_close(&self->gpu);
	file_write("/sys/power/pm_test", "none");
	EXPECT_EQ(0, scrub_and_poison_off(self->bdf));
	kmsg_close(&self->log);
}

TEST_F(host_sleep, is_refused_while_a_user_has_the_gpu)
{
	uint64_t value = 0xfeed;
	void *map;

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(4), PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, touch_write(map, value));
	EXPECT_EQ(-EBUSY, host_sleeps());
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->bdf, "the host does not go to sleep"));
	EXPECT_EQ(0, touch_read(map, &value));
	EXPECT_EQ(0xfeed, value);
	munmap(map, MIB(4));
	gpu_close(&self->gpu);
	EXPECT_EQ(0, host_sleeps());
	EXPECT_EQ(0, next_user(self->bdf));
}

TEST_F_TIMEOUT(host_sleep, scrub_in_the_background_begins_again, 120)
{
	uint64_t done = 0, total, deadline = now_ms() + SCRUB_MS;

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	while (!done && now_ms() < deadline)
		ASSERT_EQ(0, scrub_progress(self->bdf, &done, &total));
	ASSERT_EQ(0, host_sleeps());
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->bdf, "scrubbed only "));
	EXPECT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	EXPECT_EQ(1, scrubs_logged(self));
}

TEST_F_TIMEOUT(host_sleep, clean_memory_counts_as_dirty_afterwards, 120)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	ASSERT_EQ(0, host_sleeps());
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_EQ(2, scrubs_logged(self));
}

TEST_HARNESS_MAIN
