// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking the device from the driver: while it is open unbind waits for the
 * user, and binding over and over leaves nothing behind.
 */

#include <errno.h>
#include <string.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

FIXTURE(unbind) {
	const char *bdf;
	struct gpu gpu;
};

FIXTURE_VARIANT(unbind) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(unbind);

FIXTURE_SETUP(unbind)
{
	self->gpu = GPU_CLOSED;
	SETUP_BDF(self->bdf, variant->gpu);
	if (!driver_is_bound(self->bdf))
		ASSERT_EQ(0, driver_bind(self->bdf));
}

FIXTURE_TEARDOWN(unbind)
{
	gpu_close(&self->gpu);
	if (!driver_is_bound(self->bdf))
		EXPECT_EQ(0, driver_bind(self->bdf));
}

static int unbind_it(void *bdf)
{
	return driver_unbind(bdf);
}

TEST_F_TIMEOUT(unbind, while_open_it_waits_for_close, 60)
{
	struct worker unbinder;
	uint64_t value;
	void *map;

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(4), PROT_READ);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, worker_start(&unbinder, unbind_it, (void *)self->bdf));
	EXPECT_EQ(-ETIMEDOUT, worker_wait(&unbinder, 1000));
	/* The user keeps what he has until he lets go. */
	EXPECT_EQ(0, touch_read(map, &value));
	EXPECT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	munmap(map, MIB(4));
	gpu_close(&self->gpu);
	EXPECT_EQ(0, worker_wait(&unbinder, 15000));
	EXPECT_FALSE(driver_is_bound(self->bdf));
}

TEST_F_TIMEOUT(unbind, open_mapping_holds_it_like_an_open_file, 60)
{
	struct worker unbinder;
	uint64_t value;
	void *map;

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(4), PROT_READ);
	ASSERT_NE(MAP_FAILED, map);
	gpu_close(&self->gpu);
	ASSERT_EQ(0, worker_start(&unbinder, unbind_it, (void *)self->bdf));
	EXPECT_EQ(-ETIMEDOUT, worker_wait(&unbinder, 500));
	EXPECT_EQ(0, touch_read(map, &value));
	munmap(map, MIB(4));
	EXPECT_EQ(0, worker_wait(&unbinder, 15000));
}

TEST_F_TIMEOUT(unbind, user_is_asked_for_the_device, 60)
{
	struct worker unbinder;
	int request;

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	request = gpu_eventfd(&self->gpu, VFIO_PCI_REQ_IRQ_INDEX, 0, 1);
	ASSERT_GE(request, 0);
	ASSERT_EQ(0, worker_start(&unbinder, unbind_it, (void *)self->bdf));
	EXPECT_EQ(0, eventfd_wait(request, 2000));
	close(request);
	gpu_close(&self->gpu);
	EXPECT_EQ(0, worker_wait(&unbinder, 15000));
}

static int bind_use_unbind(const char *bdf)
{
	struct gpu gpu;
	uint64_t value;
	int ret = driver_bind(bdf);

	if (ret)
		return ret;
	ret = gpu_open(&gpu, bdf);
	if (ret)
		return ret;
	if (gpu_read(&gpu, GPU_USEMEM, 0, &value, 8) != 8)
		ret = -EIO;
	gpu_close(&gpu);
	return ret ? ret : driver_unbind(bdf);
}

TEST_F_TIMEOUT(unbind, twenty_rounds_leave_nothing_behind, 120)
{
	char *iomem, *now;
	unsigned int mappings, i;
	uint64_t bytes, bytes_now;

	ASSERT_EQ(0, driver_unbind(self->bdf));
	/* One round first: what is allocated once and kept is no leak. */
	ASSERT_EQ(0, bind_use_unbind(self->bdf));
	iomem = file_slurp("/proc/iomem");
	mappings = physical_mappings(&bytes);
	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, bind_use_unbind(self->bdf));
	now = file_slurp("/proc/iomem");
	ASSERT_NE(NULL, iomem);
	ASSERT_NE(NULL, now);
	EXPECT_EQ(0, strcmp(iomem, now));
	EXPECT_EQ(mappings, physical_mappings(&bytes_now));
	EXPECT_EQ(bytes, bytes_now);
	free(iomem);
	free(now);
}

TEST_F(unbind, unbound_memory_is_claimed_by_nobody)
{
	char *iomem;

	ASSERT_EQ(0, driver_unbind(self->bdf));
	iomem = file_slurp("/proc/iomem");
	ASSERT_NE(NULL, iomem);
	/* BAR0 and BAR1 stay listed under the device's name; memory does not. */
	EXPECT_NULL(strstr(iomem, driver_name()));
	free(iomem);
	EXPECT_EQ(0, driver_bind(self->bdf));
	EXPECT_EQ(0, gpu_open(&self->gpu, self->bdf));
}

TEST_HARNESS_MAIN
