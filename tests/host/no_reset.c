// SPDX-License-Identifier: GPL-2.0-only
/*
 * A GPU that nothing can reset: it offers no function level reset, and Linux resets no bus
 * of a Hopper part (10de:2340 to 237f). Whoever opens it is told, and has its memory like
 * that of any other; but it is never given out as scrubbed, since nothing would keep its
 * engines from writing meanwhile.
 */

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "kmsg.h"
#include "scrub.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"

#define MAP_LEN		MIB(8)
#define VALUE		0x3c6ef372fe94f82bull

FIXTURE(no_reset) {
	const char *bdf;
	struct gpu gpu;
	struct kmsg log;
};

FIXTURE_VARIANT(no_reset) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(no_reset);

static bool can_be_reset(const struct gpu *gpu)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return ioctl(gpu->device, VFIO_DEVICE_GET_INFO, &info) ||
	       info.flags & VFIO_DEVICE_FLAGS_RESET;
}

FIXTURE_SETUP(no_reset)
{
	self->gpu = GPU_CLOSED;
	SETUP_BDF(self->bdf, variant->gpu);
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	if (can_be_reset(&self->gpu))
		SKIP(return, "this GPU can be reset");
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(no_reset)
{
	gpu_close(&self->gpu);
	EXPECT_EQ(0, scrub_set_policy(self->bdf, "off"));
	kmsg_close(&self->log);
}

TEST_F(no_reset, reset_is_refused_and_takes_nothing_away)
{
	volatile uint64_t *map;
	uint64_t value;

	map = gpu_map(&self->gpu, GPU_USEMEM, 0, MAP_LEN, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, touch_write((void *)map, VALUE));
	EXPECT_EQ(-EINVAL, gpu_reset(&self->gpu));
	EXPECT_EQ(0, touch_read(map, &value));
	EXPECT_EQ(VALUE, value);
	EXPECT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_EQ(VALUE, value);
	munmap((void *)map, MAP_LEN);
}

/* The driver looks at readiness for each user, whether the device was reset or not. */
TEST_F(no_reset, next_user_finds_the_memory_ready)
{
	uint64_t value;

	gpu_close(&self->gpu);
	EXPECT_TRUE(gpu_attribute_is(self->bdf, "ready", "unknown"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_TRUE(gpu_attribute_is(self->bdf, "ready", "ready"));
}

TEST_F(no_reset, is_not_given_out_as_scrubbed)
{
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	EXPECT_EQ(-EIO, gpu_open_raw(&self->gpu, self->bdf));
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->bdf, "cannot be reset"));
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
}

TEST_F(no_reset, is_not_scrubbed_in_the_background)
{
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	EXPECT_EQ(-EIO, gpu_open_raw(&self->gpu, self->bdf));
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->bdf, "scrubbed only 0 of"));
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
}

TEST_HARNESS_MAIN
