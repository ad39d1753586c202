// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets, by every way there is: mappings and file access go on afterwards,
 * nothing touches the memory before it is ready again (EARLY counts that on the
 * device), and no reset is lost or shows as an error of read() or write().
 *
 * The device model keeps the memory's content over a reset; nothing here relies
 * on it.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "reset.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define MAP_LEN	MIB(8)

FIXTURE(reset) {
	struct gpu gpu;
	volatile uint64_t *map;
};

FIXTURE_VARIANT(reset) {
	enum reset_kind kind;
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_RESETS(reset);

FIXTURE_SETUP(reset)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	NEEDS_RESET(&self->gpu, variant->kind);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MAP_LEN,
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	ASSERT_EQ(0, touch_every(self->map, MAP_LEN, page_size()));
}

FIXTURE_TEARDOWN(reset)
{
	gpu_close(&self->gpu);
}

TEST_F(reset, device_was_really_reset)
{
	uint32_t before = testblock_read(&self->gpu, TB_RESETS);

	NEEDS_TESTBLOCK(&self->gpu);
	ASSERT_EQ(0, gpu_reset_by(&self->gpu, variant->kind));
	ASSERT_EQ(0, gpu_command(&self->gpu, PCI_COMMAND_MEMORY, 0));
	EXPECT_GT(testblock_read(&self->gpu, TB_RESETS), before);
}

TEST_F(reset, mapping_faults_again_and_works)
{
	uint64_t before, value;

	before = minor_faults();
	ASSERT_EQ(0, gpu_reset_by(&self->gpu, variant->kind));
	ASSERT_EQ(0, gpu_command(&self->gpu, PCI_COMMAND_MEMORY, 0));
	ASSERT_EQ(0, touch_every(self->map, MAP_LEN, page_size()));
	EXPECT_GE(minor_faults() - before, 1);
	ASSERT_EQ(0, touch_write(&self->map[7], 0x1234));
	ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 56, &value, 8));
	EXPECT_EQ(0x1234, value);
}

TEST_F(reset, file_access_goes_on)
{
	uint64_t word = 0x77, back = 0;

	ASSERT_EQ(0, gpu_reset_by(&self->gpu, variant->kind));
	ASSERT_EQ(0, gpu_command(&self->gpu, PCI_COMMAND_MEMORY, 0));
	ASSERT_EQ(8, gpu_write(&self->gpu, GPU_USEMEM, 128, &word, 8));
	ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 128, &back, 8));
	EXPECT_EQ(0x77, back);
}

TEST_F(reset, first_access_comes_after_the_device_is_ready)
{
	uint64_t value, ready, touched;

	NEEDS_TESTBLOCK(&self->gpu);
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_READY_DELAY_MS, 700));
	ASSERT_EQ(0, gpu_reset_by(&self->gpu, variant->kind));
	ASSERT_EQ(0, gpu_command(&self->gpu, PCI_COMMAND_MEMORY, 0));
	ASSERT_EQ(0, touch_read(self->map, &value));
	ready = testblock_read64(&self->gpu, TB_READY_NS);
	touched = testblock_read64(&self->gpu, TB_FIRST_TOUCH_NS);
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
	EXPECT_NE(0, ready);
	EXPECT_GE(touched, ready);
}

TEST_F(reset, twenty_in_a_row_leave_the_device_working)
{
	unsigned int i;
	uint64_t value;

	for (i = 0; i < 20; i++)
		ASSERT_EQ(0, gpu_reset_by(&self->gpu, variant->kind));
	ASSERT_EQ(0, gpu_command(&self->gpu, PCI_COMMAND_MEMORY, 0));
	EXPECT_EQ(0, touch_read(self->map, &value));
}

static int touch_once(void *map)
{
	uint64_t value;

	return touch_read(map, &value);
}

/*
 * W7: a second reset while somebody waits for the first one.  The waiter must
 * not see memory before the device is ready from the second.  The last phase
 * strikes a driver that looks once a second just after it saw the device ready.
 */
TEST_F(reset, reset_during_a_readiness_wait_is_not_lost)	/* W7 */
{
	static const unsigned int phases[] = { 50, 300, 395, 430, 1150 };
	struct worker waiter;
	unsigned int i;
	uint64_t ready, touched;

	NEEDS_TESTBLOCK(&self->gpu);
	for (i = 0; i < ARRAY_SIZE(phases); i++) {
		ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 500));
		ASSERT_EQ(0, worker_start(&waiter, touch_once, (void *)self->map));
		sleep_ms(phases[i]);
		ASSERT_EQ(0, gpu_reset_by(&self->gpu, variant->kind));
		ASSERT_EQ(0, gpu_command(&self->gpu, PCI_COMMAND_MEMORY, 0));
		ASSERT_EQ(0, worker_wait(&waiter, 8000));
		ASSERT_EQ(0, touch_every(self->map, MAP_LEN, page_size()));
		ready = testblock_read64(&self->gpu, TB_READY_NS);
		touched = testblock_read64(&self->gpu, TB_FIRST_TOUCH_NS);
		EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
		EXPECT_GE(touched, ready);
	}
}

TEST_HARNESS_MAIN
