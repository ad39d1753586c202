// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_IOEVENTFD in coherent mode: the kernel would write to the
 * physical BAR of that index, which is not what the user sees there.  So it is
 * -ENOTTY whatever it is asked for (plain_mode.c has the other half).
 */

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "variants.h"

FIXTURE(ioeventfd) {
	struct gpu gpu;
	int event;
};

FIXTURE_VARIANT(ioeventfd) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(ioeventfd);

FIXTURE_SETUP(ioeventfd)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	self->event = eventfd(0, EFD_CLOEXEC);
	ASSERT_GE(self->event, 0);
}

FIXTURE_TEARDOWN(ioeventfd)
{
	close(self->event);
	gpu_close(&self->gpu);
}

static int attach(const struct gpu *gpu, unsigned int region, uint64_t at,
		  uint32_t flags, int fd)
{
	struct vfio_device_ioeventfd arg = {
		.argsz = sizeof(arg),
		.flags = flags,
		.offset = ((uint64_t)region << 40) + at,
		.data = 0x5a,
		.fd = fd,
	};

	return ioctl(gpu->device, VFIO_DEVICE_IOEVENTFD, &arg) ? -errno : 0;
}

TEST_F(ioeventfd, every_region_refuses_every_width)
{
	unsigned int region;
	uint32_t width;

	for (region = 0; region < VFIO_PCI_NUM_REGIONS; region++)
		for (width = 1; width <= 8; width <<= 1)
			EXPECT_EQ(-ENOTTY, attach(&self->gpu, region, 0, width,
						  self->event));
}

TEST_F(ioeventfd, arguments_do_not_matter)
{
	const uint64_t end = self->gpu.region[GPU_USEMEM].size;

	EXPECT_EQ(-ENOTTY, attach(&self->gpu, GPU_USEMEM, end - 4, 4,
				  self->event));
	EXPECT_EQ(-ENOTTY, attach(&self->gpu, GPU_USEMEM, end, 4, self->event));
	EXPECT_EQ(-ENOTTY, attach(&self->gpu, GPU_USEMEM, 0, 3, self->event));
	EXPECT_EQ(-ENOTTY, attach(&self->gpu, GPU_USEMEM, 0, 4, -2));
	EXPECT_EQ(-ENOTTY, attach(&self->gpu, 4711, 0, 4, self->event));
}

TEST_HARNESS_MAIN
