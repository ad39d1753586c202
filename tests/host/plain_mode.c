// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device whose firmware describes no memory at all is passed through as
 * vfio-pci would, and says so: one warning, mode "plain" (W4).  PLAIN holds the
 * number of that GPU.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "kmsg.h"
#include "sysfs.h"
#include "testblock.h"
#include "variants.h"

FIXTURE(plain_mode) {
	const char *bdf;
	struct gpu gpu;
	struct kmsg log;
};

FIXTURE_SETUP(plain_mode)
{
	const char *nr = getenv("PLAIN");

	if (!nr)
		SKIP(return, "this scenario has no plain GPU (PLAIN)");
	self->bdf = gpu_bdf((unsigned int)strtoul(nr, NULL, 10));
	ASSERT_NE(NULL, self->bdf);
	if (driver_is_bound(self->bdf))
		ASSERT_EQ(0, driver_unbind(self->bdf));
	ASSERT_EQ(0, kmsg_mark(&self->log));
	ASSERT_EQ(0, driver_bind(self->bdf));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
}

FIXTURE_TEARDOWN(plain_mode)
{
	kmsg_close(&self->log);
	gpu_close(&self->gpu);
}

TEST_F(plain_mode, probe_warns_once)	/* W4 */
{
	kmsg_show(&self->log, KMSG_WARN, driver_name(), self->bdf);
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, driver_name(),
				self->bdf));
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->bdf, "plain"));
}

TEST_F(plain_mode, sysfs_says_plain)	/* W4 W16 */
{
	char text[32];

	ASSERT_LT(0, gpu_attribute(self->bdf, "mode", text, sizeof(text)));
	EXPECT_STREQ("plain", text);
	ASSERT_LT(0, gpu_attribute(self->bdf, "readiness", text, sizeof(text)));
	EXPECT_STREQ("none", text);
	EXPECT_EQ(0, gpu_attribute_number(self->bdf, "usemem_size"));
	EXPECT_EQ(0, gpu_attribute_number(self->bdf, "usemem_bar_size"));
	EXPECT_EQ(0, gpu_attribute_number(self->bdf, "resmem_size"));
	EXPECT_EQ(0, gpu_attribute_number(self->bdf, "resmem_bar_size"));
}

TEST_F(plain_mode, what_is_about_memory_is_not_there)
{
	static const char * const attributes[] = {
		"bad_page_count", "bad_pages", "scrub_policy", "scrub_state",
		"scrub_progress",
	};
	char text[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(attributes); i++)
		EXPECT_EQ(-ENOENT, gpu_attribute(self->bdf, attributes[i], text,
						 sizeof(text)));
}

TEST_F(plain_mode, there_is_no_memory_region)
{
	uint64_t value;

	EXPECT_EQ(0, self->gpu.region[GPU_USEMEM].size);
	EXPECT_FALSE(gpu_has_resmem(&self->gpu));
	EXPECT_EQ(-EINVAL, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_EQ(MAP_FAILED, gpu_map(&self->gpu, GPU_USEMEM, 0, page_size(),
				      PROT_READ));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(plain_mode, config_space_shows_no_memory_bar)
{
	uint64_t ones = ~0ull, value = 1;

	ASSERT_EQ(8, gpu_write(&self->gpu, GPU_CONFIG, 0x20, &ones, 8));
	ASSERT_EQ(8, gpu_read(&self->gpu, GPU_CONFIG, 0x20, &value, 8));
	EXPECT_EQ(0, value);
}

TEST_F(plain_mode, real_bars_work)
{
	uint64_t value = 0x1122334455667788ull, back = 0;
	void *map;

	EXPECT_NE(0, self->gpu.region[2].size);
	ASSERT_EQ(8, gpu_write(&self->gpu, 2, 64, &value, 8));
	ASSERT_EQ(8, gpu_read(&self->gpu, 2, 64, &back, 8));
	EXPECT_EQ(value, back);
	map = gpu_map(&self->gpu, 2, 0, page_size(), PROT_READ);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(value, ((volatile uint64_t *)map)[8]);
}

TEST_F(plain_mode, reset_works)
{
	EXPECT_EQ(0, gpu_reset(&self->gpu));
	EXPECT_EQ(0, gpu_reset_by_sysfs(self->bdf));
}

static int attach(const struct gpu *gpu, unsigned int region, uint64_t at,
		  uint32_t width, int fd)
{
	struct vfio_device_ioeventfd arg = {
		.argsz = sizeof(arg),
		.flags = width,
		.offset = ((uint64_t)region << 40) + at,
		.data = 0x5a,
		.fd = fd,
	};

	return ioctl(gpu->device, VFIO_DEVICE_IOEVENTFD, &arg) ? -errno : 0;
}

TEST_F(plain_mode, doorbell_eventfd_is_served_as_by_vfio_pci)
{
	int event = eventfd(0, EFD_CLOEXEC);
	uint64_t one = 1, until = now_ms() + 2000;
	const uint64_t at = TB_AT + TB_READY_DELAY_MS;

	NEEDS_TESTBLOCK(&self->gpu);
	ASSERT_EQ(0, attach(&self->gpu, 0, at, 4, event));
	ASSERT_EQ(8, write(event, &one, sizeof(one)));
	while (testblock_read(&self->gpu, TB_READY_DELAY_MS) != 0x5a &&
	       now_ms() < until)
		sleep_ms(5);
	EXPECT_EQ(0x5a, testblock_read(&self->gpu, TB_READY_DELAY_MS));
	EXPECT_EQ(-EEXIST, attach(&self->gpu, 0, at, 4, event));
	EXPECT_EQ(0, attach(&self->gpu, 0, at, 4, -1));
	EXPECT_EQ(-EINVAL, attach(&self->gpu, 0, 0, 3, event));
	EXPECT_EQ(-EINVAL, attach(&self->gpu, GPU_CONFIG, 0, 4, event));
	close(event);
}

TEST_HARNESS_MAIN
