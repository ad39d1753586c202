// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts of the GPU reach an eventfd: MSI-X, every vector, as configured. */

#include <errno.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "testblock.h"
#include "variants.h"

FIXTURE(interrupts) {
	struct gpu gpu;
	unsigned int vectors;
};

FIXTURE_VARIANT(interrupts) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(interrupts);

static unsigned int count_vectors(const struct gpu *gpu, unsigned int index)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };

	return ioctl(gpu->device, VFIO_DEVICE_GET_IRQ_INFO, &info) ? 0 :
	       info.count;
}

FIXTURE_SETUP(interrupts)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	NEEDS_TESTBLOCK(&self->gpu);
	self->vectors = count_vectors(&self->gpu, VFIO_PCI_MSIX_IRQ_INDEX);
	ASSERT_GT(self->vectors, 0);
}

FIXTURE_TEARDOWN(interrupts)
{
	gpu_close(&self->gpu);
}

TEST_F(interrupts, every_msix_vector_arrives_on_its_eventfd)
{
	unsigned int vector;

	for (vector = 0; vector < self->vectors; vector++) {
		int fd = gpu_eventfd(&self->gpu, VFIO_PCI_MSIX_IRQ_INDEX, vector,
				     self->vectors);

		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, testblock_write(&self->gpu, TB_MSIX_FIRE, vector));
		EXPECT_EQ(0, eventfd_wait(fd, 2000))
			TH_LOG("vector %u of %u", vector, self->vectors);
		EXPECT_EQ(-ETIMEDOUT, eventfd_wait(fd, 20));
		close(fd);
	}
}

TEST_F(interrupts, vector_nobody_asked_for_disturbs_nobody)
{
	int fd;

	if (self->vectors < 2)
		SKIP(return, "the device has one vector");
	fd = gpu_eventfd(&self->gpu, VFIO_PCI_MSIX_IRQ_INDEX, 0, self->vectors);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_MSIX_FIRE, 1));
	EXPECT_EQ(-ETIMEDOUT, eventfd_wait(fd, 100));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_MSIX_FIRE, 0));
	EXPECT_EQ(0, eventfd_wait(fd, 2000));
	close(fd);
}

TEST_F(interrupts, too_many_vectors_are_refused)
{
	EXPECT_EQ(-EINVAL, gpu_eventfd(&self->gpu, VFIO_PCI_MSIX_IRQ_INDEX, 0,
				       self->vectors + 1));
}

TEST_F(interrupts, interrupts_work_again_after_a_reset)
{
	int fd;

	fd = gpu_eventfd(&self->gpu, VFIO_PCI_MSIX_IRQ_INDEX, 0, self->vectors);
	ASSERT_GE(fd, 0);
	close(fd);
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	ASSERT_EQ(0, gpu_command(&self->gpu, 0x6, 0));
	fd = gpu_eventfd(&self->gpu, VFIO_PCI_MSIX_IRQ_INDEX, 0, self->vectors);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_MSIX_FIRE, 0));
	EXPECT_EQ(0, eventfd_wait(fd, 2000));
	close(fd);
}

TEST_HARNESS_MAIN
