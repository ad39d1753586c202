// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory runs out while the driver is bound to a GPU, or taken away from it: it then has
 * the device as a whole or not at all, and leaves nothing behind.
 *
 * See allocation_failures.c for the rest, lib/failnth.h for how.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"

#include "aftermath.h"
#include "failnth.h"
#include "gpu.h"
#include "sysfs.h"
#include "variants.h"

FIXTURE(allocation_failures_bind) {
	const char *bdf;
	struct sweep sweep;
	struct footprint before;
	int fd;			/* bind or unbind of the driver */
};

FIXTURE_VARIANT(allocation_failures_bind) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(allocation_failures_bind);

typedef FIXTURE_DATA(allocation_failures_bind) fixture;

FIXTURE_SETUP(allocation_failures_bind)
{
	self->fd = -1;
	SETUP_BDF(self->bdf, variant->gpu);
	if (!driver_is_bound(self->bdf))
		ASSERT_EQ(0, driver_bind(self->bdf));
	/* What is allocated once and kept is no leak. */
	ASSERT_EQ(0, next_user(self->bdf));
	ASSERT_EQ(0, sweep_begin(&self->sweep));
}

FIXTURE_TEARDOWN(allocation_failures_bind)
{
	sweep_end(&self->sweep);
	if (self->fd >= 0)
		close(self->fd);
	footprint_free(&self->before);
	if (!driver_is_bound(self->bdf))
		EXPECT_EQ(0, driver_bind(self->bdf));
}

/* A description that cannot be read for want of memory must not be ignored. */
static bool is_coherent(const char *bdf)
{
	char mode[16];

	return gpu_attribute(bdf, "mode", mode, sizeof(mode)) > 0 &&
	       !strcmp(mode, "coherent");
}

static int driver_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s", driver_name(),
		 name);
	return open(path, O_WRONLY | O_CLOEXEC);
}

static int write_bdf(void *arg)
{
	const fixture *self = arg;

	return pwrite(self->fd, self->bdf, strlen(self->bdf), 0) < 0 ? -errno : 0;
}

TEST_F_TIMEOUT(allocation_failures_bind, probe_survives_any, 600)
{
	ASSERT_EQ(0, driver_unbind(self->bdf));
	/* VFIO core's way out of it warns, and keeps the IOMMU group for ever. */
	ASSERT_EQ(0, sweep_spare("vfio_create_group"));
	footprint_take(&self->before);
	self->fd = driver_file("bind");
	ASSERT_GE(self->fd, 0);
	SWEEP(write_bdf) {
		EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
		EXPECT_EQ(!self->sweep.result, driver_is_bound(self->bdf));
		if (driver_is_bound(self->bdf)) {
			EXPECT_TRUE(is_coherent(self->bdf));
			ASSERT_EQ(0, driver_unbind(self->bdf));
		}
	}
	ASSERT_EQ(0, driver_unbind(self->bdf));
	EXPECT_TRUE(footprint_is_back(&self->before));
	ASSERT_EQ(0, driver_bind(self->bdf));
	EXPECT_SWEPT(&self->sweep, 60, 20);
	EXPECT_EQ(0, next_user(self->bdf));
}

TEST_F_TIMEOUT(allocation_failures_bind, unbind_survives_any, 600)
{
	ASSERT_EQ(0, driver_unbind(self->bdf));
	footprint_take(&self->before);
	ASSERT_EQ(0, driver_bind(self->bdf));
	self->fd = driver_file("unbind");
	ASSERT_GE(self->fd, 0);
	SWEEP(write_bdf) {
		EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
		EXPECT_EQ(!self->sweep.result, !driver_is_bound(self->bdf));
		if (!driver_is_bound(self->bdf))
			ASSERT_EQ(0, driver_bind(self->bdf));
	}
	EXPECT_EQ(0, driver_is_bound(self->bdf));
	EXPECT_TRUE(footprint_is_back(&self->before));
	ASSERT_EQ(0, driver_bind(self->bdf));
	EXPECT_SWEPT(&self->sweep, 10, 0);
	EXPECT_EQ(0, next_user(self->bdf));
}

TEST_HARNESS_MAIN
