// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reset that fails half-way: the GPU takes it, and then does not answer until the PCI
 * core gives up, a minute later. The PCI core says "done" all the same. The memory is
 * closed, the log says why, the user's BARs are as they were, and nothing but a reset
 * that succeeds opens it.
 *
 * The device model does not answer. Linux has one way only to reset a Hopper part
 * (10de:2340 to 237f), so it tries no other.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "aftermath.h"
#include "clock.h"
#include "gpu.h"
#include "kmsg.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define MAP_LEN		MIB(8)
#define USEMEM_BAR_HIGH	PCI_BASE_ADDRESS_5
#define BAR_HIGH	0x12u
/* The PCI core's patience is 60 s. */
#define SILENT_MS	75000
#define AT_ONCE_MS	5000
#define TIMEOUT		150	/* s */

FIXTURE(failed_reset) {
	struct gpu gpu;
	volatile uint64_t *map;
	struct kmsg log;
};

FIXTURE_SETUP(failed_reset)
{
	SETUP_GPU(&self->gpu, 0);
	NEEDS_TESTBLOCK(&self->gpu);
	if (!gpu_is_hopper(&self->gpu))
		SKIP(return, "Linux can also reset this GPU's bus");
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MAP_LEN, PROT_READ);
	ASSERT_NE(MAP_FAILED, self->map);
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(failed_reset)
{
	kmsg_close(&self->log);
	gpu_close(&self->gpu);
}

static bool is_closed(FIXTURE_DATA(failed_reset) *self)
{
	uint64_t value;

	return gpu_attribute_is(self->gpu.bdf, "ready", "lost") &&
	       touch_read(self->map, &value) == -EFAULT &&
	       gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8) == -EIO;
}

TEST_F_TIMEOUT(failed_reset, closes_the_memory_until_one_succeeds, TIMEOUT)
{
	uint32_t bar = BAR_HIGH;
	struct worker toucher;
	uint64_t since;

	ASSERT_EQ(4, gpu_write(&self->gpu, GPU_CONFIG, USEMEM_BAR_HIGH, &bar, 4));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_SILENT_MS, SILENT_MS));
	ASSERT_EQ(0, worker_start(&toucher, touch_until_gone, (void *)self->map));
	since = now_ms();
	EXPECT_NE(0, gpu_reset(&self->gpu));
	EXPECT_EQ(-EFAULT, worker_wait(&toucher, AT_ONCE_MS));

	EXPECT_TRUE(is_closed(self));
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->gpu.bdf, "reset failed"));
	ASSERT_EQ(4, gpu_read(&self->gpu, GPU_CONFIG, USEMEM_BAR_HIGH, &bar, 4));
	EXPECT_EQ(BAR_HIGH, bar);

	/* It answers again: what it went through nobody knows. */
	sleep_ms(SILENT_MS + AT_ONCE_MS - (now_ms() - since));
	EXPECT_TRUE(is_closed(self));

	ASSERT_EQ(0, munmap((void *)self->map, MAP_LEN));
	gpu_close(&self->gpu);
	EXPECT_EQ(0, next_user(gpu_bdf(0)));
}

TEST_HARNESS_MAIN
