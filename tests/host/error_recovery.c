// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI core recovers from an error that the GPU reported (AER), while its
 * memory is mapped and touched all the time.
 *
 * An error that leaves the link alone takes nothing away. One that freezes it
 * ends in a reset of the link, and nobody writes the GPU's configuration back:
 * accesses then fail until the device is opened anew. Nothing touches the memory
 * between the reset and its being ready.
 *
 * The device model reports the errors. Linux resets no link of a Hopper part
 * (10de:2340 to 237f): its recovery fails.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "kmsg.h"
#include "recovery.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define MAP_LEN		MIB(8)
#define USEMEM_BAR_HIGH	PCI_BASE_ADDRESS_5
#define VALUE		0x1f83d9abfb41bd6bull

/* A completion timeout is recoverable, a link protocol error is fatal. */
#define HARMLESS	PCI_ERR_UNC_COMP_TIME
#define FATAL		PCI_ERR_UNC_DLP

FIXTURE(recovery) {
	struct gpu gpu;
	volatile uint64_t *map, *resmem;
	struct kmsg log;
	int told;		/* eventfd of the error interrupt */
	struct toucher toucher;
};

FIXTURE_VARIANT(recovery) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(recovery);

FIXTURE_SETUP(recovery)
{
	SETUP_REGION(&self->gpu, variant->gpu, GPU_RESMEM);
	NEEDS_TESTBLOCK(&self->gpu);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MAP_LEN,
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	self->resmem = gpu_map(&self->gpu, GPU_RESMEM, 0, MAP_LEN,
			       PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->resmem);
	self->toucher.at = self->map;
	self->map[0] = VALUE;
	self->resmem[0] = VALUE;
	self->told = gpu_eventfd(&self->gpu, VFIO_PCI_ERR_IRQ_INDEX, 0, 1);
	ASSERT_LE(0, self->told);
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(recovery)
{
	kmsg_close(&self->log);
	close(self->told);
	gpu_close(&self->gpu);
}

TEST_F(recovery, error_that_leaves_the_link_alone_takes_nothing_away)
{
	uint32_t resets = testblock_read(&self->gpu, TB_RESETS);
	uint32_t bar = 0x12;
	struct worker worker;
	uint64_t value;

	ASSERT_EQ(4, gpu_write(&self->gpu, GPU_CONFIG, USEMEM_BAR_HIGH, &bar, 4));
	ASSERT_EQ(0, worker_start(&worker, touch_until_stopped, &self->toucher));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_AER, HARMLESS));
	EXPECT_EQ(0, eventfd_wait(self->told, 5000));
	EXPECT_EQ(0, recovery_wait(&self->log));
	self->toucher.stop = true;
	EXPECT_EQ(0, worker_wait(&worker, 8000));

	EXPECT_EQ(resets, testblock_read(&self->gpu, TB_RESETS));
	ASSERT_EQ(4, gpu_read(&self->gpu, GPU_CONFIG, USEMEM_BAR_HIGH, &bar, 4));
	EXPECT_EQ(0x12, bar);
	ASSERT_EQ(0, touch_read(self->map, &value));
	EXPECT_EQ(VALUE, value);
	ASSERT_EQ(0, touch_read(self->resmem, &value));
	EXPECT_EQ(VALUE, value);
	ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_EQ(VALUE, value);
}

TEST_F(recovery, frozen_link_takes_the_memory_until_the_device_is_opened_anew)
{
	struct worker worker;
	uint64_t value;

	ASSERT_EQ(0, testblock_write(&self->gpu, TB_READY_DELAY_MS, 700));
	ASSERT_EQ(0, worker_start(&worker, touch_until_stopped, &self->toucher));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_AER, FATAL));
	EXPECT_EQ(0, eventfd_wait(self->told, 5000));
	EXPECT_EQ(0, recovery_wait(&self->log));
	EXPECT_EQ(-EFAULT, worker_wait(&worker, 8000));
	EXPECT_EQ(-EFAULT, touch_read(self->resmem, &value));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));

	/* A mapping keeps the device open. */
	ASSERT_EQ(0, munmap((void *)self->map, MAP_LEN));
	ASSERT_EQ(0, munmap((void *)self->resmem, MAP_LEN));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, gpu_open_raw(&self->gpu, gpu_bdf(variant->gpu)));
	ASSERT_EQ(0, gpu_command(&self->gpu, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
	EXPECT_EQ(0, testblock_rest(&self->gpu));
}

TEST_HARNESS_MAIN
