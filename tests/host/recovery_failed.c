// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI core cannot recover from an error that the GPU reported (AER): so it is
 * with every fatal error of a Hopper part (10de:2340 to 237f), whose link Linux does
 * not reset. The memory is closed, the log says so, and a reset opens it again, the
 * next user's as well as the present one's.
 *
 * Linux 6.12 does not tell drivers: there it takes until the driver gives recovery
 * up, 90 s after the error.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "aftermath.h"
#include "clock.h"
#include "gpu.h"
#include "kmsg.h"
#include "recovery.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define MAP_LEN		MIB(8)
#define AT_ONCE_MS	5000
#define IN_THE_END_MS	100000
#define NOT_BEFORE_MS	80000
#define HARMLESS	PCI_ERR_UNC_COMP_TIME
#define FATAL		PCI_ERR_UNC_DLP
#define TIMEOUT		150	/* s */

FIXTURE(recovery_failed) {
	const char *bdf;
	struct gpu gpu;
	volatile uint64_t *map, *resmem;
	struct kmsg log;
	int told;		/* eventfd of the error interrupt */
	uint64_t since;		/* ms, the error */
};

static unsigned int lines_about(FIXTURE_DATA(recovery_failed) *self, const char *what)
{
	return kmsg_count(&self->log, KMSG_WARN, self->bdf, what);
}

FIXTURE_SETUP(recovery_failed)
{
	uint64_t value;

	self->bdf = gpu_bdf(0);
	SETUP_GPU(&self->gpu, 0);
	NEEDS_TESTBLOCK(&self->gpu);
	if (!gpu_is_hopper(&self->gpu))
		SKIP(return, "Linux can reset the link of this GPU");
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MAP_LEN, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	self->resmem = gpu_map(&self->gpu, GPU_RESMEM, 0, MAP_LEN, PROT_READ);
	ASSERT_NE(MAP_FAILED, self->resmem);
	/* Both are there before the error. */
	ASSERT_EQ(0, touch_read(self->map, &value) ?: touch_read(self->resmem, &value));
	self->told = gpu_eventfd(&self->gpu, VFIO_PCI_ERR_IRQ_INDEX, 0, 1);
	ASSERT_LE(0, self->told);
	ASSERT_EQ(0, kmsg_mark(&self->log));

	self->since = now_ms();
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_AER, FATAL));
	ASSERT_EQ(0, eventfd_wait(self->told, AT_ONCE_MS));
	ASSERT_EQ(-ECANCELED, recovery_wait(&self->log));
}

/* A mapping keeps the device open. */
static void unmap(FIXTURE_DATA(recovery_failed) *self)
{
	if (!self->map)
		return;
	munmap((void *)self->map, MAP_LEN);
	munmap((void *)self->resmem, MAP_LEN);
	self->map = NULL;
}

FIXTURE_TEARDOWN(recovery_failed)
{
	unmap(self);
	gpu_close(&self->gpu);
	pci_attribute_write(self->bdf, "reset_method", "default");
	kmsg_close(&self->log);
	close(self->told);
}

static bool gets_lost(FIXTURE_DATA(recovery_failed) *self)
{
	struct worker toucher;

	return !worker_start(&toucher, touch_until_gone, (void *)self->map) &&
	       worker_wait(&toucher, recovery_is_new() ? AT_ONCE_MS : IN_THE_END_MS) == -EFAULT &&
	       gpu_attribute_is(self->bdf, "ready", "lost");
}

/* Sleep is no reset. */
TEST_F_TIMEOUT(recovery_failed, closes_the_memory_until_a_reset_and_says_so, TIMEOUT)
{
	uint64_t value;

	ASSERT_TRUE(gets_lost(self));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_EQ(-EFAULT, touch_read(self->resmem, &value));
	ASSERT_EQ(0, gpu_power_state(&self->gpu, 3));
	ASSERT_EQ(0, gpu_power_state(&self->gpu, 0));
	EXPECT_TRUE(gpu_attribute_is(self->bdf, "ready", "lost"));
	EXPECT_EQ(1, lines_about(self, "recovery from a PCI error"));

	ASSERT_EQ(0, gpu_reset(&self->gpu));
	EXPECT_EQ(0, touch_read(self->map, &value));
	EXPECT_EQ(0, touch_read(self->resmem, &value));
	EXPECT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_TRUE(gpu_attribute_is(self->bdf, "ready", "ready"));
}

/* Recovery from another error, for which nothing is reset, succeeds. */
TEST_F_TIMEOUT(recovery_failed, harmless_error_later_does_not_open_the_memory, TIMEOUT)
{
	uint64_t value;

	ASSERT_TRUE(gets_lost(self));
	kmsg_close(&self->log);
	ASSERT_EQ(0, kmsg_mark(&self->log));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_AER, HARMLESS));
	ASSERT_EQ(0, recovery_wait(&self->log));
	EXPECT_TRUE(gpu_attribute_is(self->bdf, "ready", "lost"));
	EXPECT_EQ(-EFAULT, touch_read(self->map, &value));
}

/* Whoever opens the GPU resets it; if that fails, too, nobody gets the memory. */
TEST_F_TIMEOUT(recovery_failed, gpu_that_cannot_be_reset_stays_closed, TIMEOUT)
{
	uint64_t value;

	ASSERT_TRUE(gets_lost(self));
	unmap(self);
	ASSERT_EQ(0, pci_attribute_write(self->bdf, "reset_method", ""));
	gpu_close(&self->gpu);
	EXPECT_TRUE(gpu_attribute_is(self->bdf, "ready", "lost"));
	ASSERT_EQ(0, gpu_open_raw(&self->gpu, self->bdf));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_TRUE(gpu_attribute_is(self->bdf, "ready", "lost"));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, pci_attribute_write(self->bdf, "reset_method", "default"));
	EXPECT_EQ(0, next_user(self->bdf));
}

/* A reset of one's own does not open what recovery may still reset. */
TEST_F_TIMEOUT(recovery_failed, next_user_finds_the_memory_ready, TIMEOUT)
{
	unmap(self);
	gpu_close(&self->gpu);
	EXPECT_EQ(0, next_user(self->bdf));
	if (recovery_is_new()) {
		EXPECT_GT(RECOVERY_MS + AT_ONCE_MS, now_ms() - self->since);
	} else {
		EXPECT_LT(NOT_BEFORE_MS, now_ms() - self->since);
	}
	EXPECT_EQ(0, lines_about(self, "GPU memory not ready"));
}

TEST_HARNESS_MAIN
