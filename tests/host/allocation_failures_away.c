// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory runs out where nobody waits for an answer: in the driver's work items, and
 * in the threads of a scrub. What cannot be done leaves the GPU on the safe side:
 * a bad page withheld, memory that was not scrubbed dirty.
 *
 * See allocation_failures.c for the rest, lib/failnth.h for how.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"

#include "aftermath.h"
#include "clock.h"
#include "failnth.h"
#include "gpu.h"
#include "kmsg.h"
#include "poison.h"
#include "scrub.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"

#define WORK_MS		60000	/* more than anything in the background takes */
#define SETTLE_MS	50	/* from its last word to its end */

FIXTURE(allocation_failures_away) {
	const char *bdf;
	struct gpu gpu;
	struct sweep sweep;
	struct footprint before;
	struct kmsg log;
	char *map;
	uint64_t address;
};

FIXTURE_VARIANT(allocation_failures_away) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(allocation_failures_away);

typedef FIXTURE_DATA(allocation_failures_away) fixture;

FIXTURE_SETUP(allocation_failures_away)
{
	self->gpu = GPU_CLOSED;
	SETUP_BDF(self->bdf, variant->gpu);
	ASSERT_EQ(0, next_user(self->bdf));
	ASSERT_EQ(0, kmsg_mark(&self->log));
	ASSERT_EQ(0, sweep_begin(&self->sweep));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
}

FIXTURE_TEARDOWN(allocation_failures_away)
{
	sweep_end(&self->sweep);
	gpu_close(&self->gpu);
	footprint_free(&self->before);
	kmsg_close(&self->log);
	EXPECT_EQ(0, scrub_and_poison_off(self->bdf));
}

#define SWEEP_AWAY(call) while (away_step(&self->sweep, call, self))

/* Calls, and waits until the log says of this GPU what tells that work is over. */
static int call_and_wait(fixture *self, int (*call)(fixture *self), const char *said)
{
	unsigned int before = kmsg_count(&self->log, KMSG_ANY, self->bdf, said);
	int ret = call(self);

	if (!ret)
		ret = kmsg_wait(&self->log, KMSG_ANY, self->bdf, said, before + 1, WORK_MS);
	sleep_ms(SETTLE_MS);
	return ret;
}

static int poison(fixture *self)
{
	return poison_elsewhere(self->address);
}

static int poison_and_wait(void *arg)
{
	return call_and_wait(arg, poison, " is poisoned; ");
}

TEST_F_TIMEOUT(allocation_failures_away, withdrawal_of_a_page_survives_any, 300)
{
	uint64_t word;

	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(4), PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, (void *)self->map);
	self->address = poison_address(&self->gpu, GPU_USEMEM, MIB(2));
	SWEEP_AWAY(poison_and_wait) {
		EXPECT_EQ(0, self->sweep.result);
		EXPECT_EQ(-EFAULT, touch_read(self->map + MIB(2), &word));
		EXPECT_EQ(-EIO, gpu_read(&self->gpu, GPU_USEMEM, MIB(2), &word, 8));
		ASSERT_EQ(0, poison_clear(self->bdf));
		EXPECT_EQ(0, touch_read(self->map + MIB(2), &word));
	}
	ASSERT_EQ(0, poison_clear(self->bdf));
	munmap(self->map, MIB(4));
	EXPECT_SWEPT(&self->sweep, 20, 0);
	gpu_close(&self->gpu);
	EXPECT_EQ(0, next_user(self->bdf));
}

/* The group and its container stay open; the device is opened and closed. */
static int open_device(void *arg)
{
	fixture *self = arg;

	self->gpu.device = gpu_device_again(&self->gpu);
	return self->gpu.device < 0 ? self->gpu.device : 0;
}

static int close_device(fixture *self)
{
	int fd = self->gpu.device;

	self->gpu.device = -1;
	return close(fd) ? -errno : 0;
}

static uint64_t last_word(const fixture *self)
{
	return self->gpu.region[GPU_USEMEM].real - 8;
}

/* A tenant finds zeroes in the first and the last word, and leaves something else. */
static bool finds_nothing(const fixture *self)
{
	uint64_t first = 1, last = 1;

	return !gpu_command(&self->gpu, PCI_COMMAND_MEMORY, 0) &&
	       gpu_read(&self->gpu, GPU_USEMEM, 0, &first, 8) == 8 &&
	       gpu_read(&self->gpu, GPU_USEMEM, last_word(self), &last, 8) == 8 &&
	       !first && !last;
}

static bool leaves_data(const fixture *self)
{
	uint64_t word = 0xdada;

	return gpu_write(&self->gpu, GPU_USEMEM, 0, &word, 8) == 8 &&
	       gpu_write(&self->gpu, GPU_USEMEM, last_word(self), &word, 8) == 8;
}

TEST_F_TIMEOUT(allocation_failures_away, open_that_scrubs_survives_any, 600)
{
	ASSERT_TRUE(leaves_data(self));
	ASSERT_EQ(0, close_device(self));
	footprint_take(&self->before);
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	SWEEP_AWAY(open_device) {
		/* VFIO core's claim of BAR0, see open_survives_any. */
		if (self->sweep.result != -EBUSY)
			EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
		if (!self->sweep.result) {
			EXPECT_TRUE(finds_nothing(self));
			EXPECT_TRUE(leaves_data(self));
			ASSERT_EQ(0, close_device(self));
		}
	}
	EXPECT_TRUE(finds_nothing(self));
	ASSERT_EQ(0, close_device(self));
	EXPECT_TRUE(footprint_is_back(&self->before));
	EXPECT_SWEPT(&self->sweep, 50, 20);
}

static int close_and_scrub(void *arg)
{
	fixture *self = arg;
	int ret = call_and_wait(self, close_device, "GPU memory scrubbed");

	return ret ? ret : scrub_state_is(self->bdf, "clean") ? 0 : -EIO;
}

/* The next open finds the memory dirty and scrubs it. */
TEST_F_TIMEOUT(allocation_failures_away, scrub_in_the_background_survives_any, 600)
{
	ASSERT_EQ(0, close_device(self));
	footprint_take(&self->before);
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	ASSERT_EQ(0, open_device(self));
	ASSERT_TRUE(finds_nothing(self));
	ASSERT_TRUE(leaves_data(self));
	SWEEP_AWAY(close_and_scrub) {
		EXPECT_EQ(scrub_state_is(self->bdf, "dirty") ? -EIO : 0,
			  self->sweep.result);
		ASSERT_EQ(0, open_device(self));
		EXPECT_TRUE(finds_nothing(self));
		EXPECT_TRUE(leaves_data(self));
	}
	EXPECT_TRUE(footprint_is_back(&self->before));
	EXPECT_SWEPT(&self->sweep, 20, 5);
	gpu_close(&self->gpu);
	EXPECT_EQ(0, next_user(self->bdf));
}

TEST_HARNESS_MAIN
