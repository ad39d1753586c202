// SPDX-License-Identifier: GPL-2.0-only
/*
 * A GPU is torn out while somebody uses it: waiters and later accesses get an
 * error, its neighbour notices nothing, and once the last user is gone the
 * device is gone as well.  Each test costs the scenario one GPU.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define NOTICED_MS	8000
#define VANISHED_MS	20000

FIXTURE(surprise_removal) {
	struct gpu gpu;		/* the victim */
	struct gpu other;
	volatile uint64_t *map;
	volatile uint64_t *resmem;	/* NULL where there is none */
	volatile uint64_t *other_map;
};

static void setup(struct __test_metadata *_metadata,
		  FIXTURE_DATA(surprise_removal) *self, unsigned int victim)
{
	SETUP_GPU(&self->gpu, victim);
	SETUP_GPU(&self->other, 1);
	NEEDS_TESTBLOCK(&self->gpu);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(4),
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	if (gpu_has_resmem(&self->gpu)) {
		self->resmem = gpu_map(&self->gpu, GPU_RESMEM, 0, MIB(4), PROT_READ);
		ASSERT_NE(MAP_FAILED, self->resmem);
	}
	self->other_map = gpu_map(&self->other, GPU_USEMEM, 0, MIB(4),
				  PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->other_map);
	self->other_map[0] = 0x0ddba11;
}

FIXTURE_SETUP(surprise_removal)
{
	self->gpu = GPU_CLOSED;
	self->other = GPU_CLOSED;
}

FIXTURE_TEARDOWN(surprise_removal)
{
	gpu_close(&self->gpu);
	gpu_close(&self->other);
}

static int touch_it(void *arg)
{
	FIXTURE_DATA(surprise_removal) *self = arg;
	uint64_t value;

	return touch_read(self->map, &value);
}

static int touch_resmem(void *arg)
{
	FIXTURE_DATA(surprise_removal) *self = arg;
	uint64_t value;

	return touch_read(self->resmem, &value);
}

static int read_it(void *arg)
{
	FIXTURE_DATA(surprise_removal) *self = arg;
	uint64_t value;
	ssize_t n = gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8);

	return n == 8 ? 0 : n < 0 ? (int)n : -EMSGSIZE;
}

/* Waits until @work fails: -ETIMEDOUT if it keeps succeeding. */
static int until_it_fails(int (*work)(void *arg), void *arg)
{
	uint64_t deadline = now_ms() + NOTICED_MS;
	int ret;

	do {
		ret = work(arg);
		if (ret)
			return ret;
		sleep_ms(20);
	} while (now_ms() < deadline);
	return -ETIMEDOUT;
}

#define EXPECT_OTHER_GPU_UNAFFECTED() do {				\
	uint64_t value_ = 0;						\
	EXPECT_EQ(0, touch_read(self->other_map, &value_));		\
	EXPECT_EQ(0x0ddba11, value_);					\
	EXPECT_EQ(8, gpu_read(&self->other, GPU_USEMEM, 0, &value_, 8)); \
	EXPECT_EQ(0x0ddba11, value_);					\
	EXPECT_EQ(0, gpu_reset(&self->other));				\
	EXPECT_EQ(0, touch_read(self->other_map, &value_));		\
} while (0)

TEST_F_TIMEOUT(surprise_removal, while_mapped_ends_in_errors, 90)
{
	setup(_metadata, self, 0);
	if (_metadata->exit_code)
		return;
	ASSERT_NE(NULL, self->resmem);
	ASSERT_EQ(0, touch_it(self));
	ASSERT_EQ(0, touch_resmem(self));
	ASSERT_EQ(0, read_it(self));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_SURPRISE, 1));
	EXPECT_EQ(-EFAULT, until_it_fails(touch_it, self));
	EXPECT_EQ(-EFAULT, touch_resmem(self));
	EXPECT_EQ(-EIO, until_it_fails(read_it, self));
	EXPECT_EQ(-EFAULT, touch_it(self));
	EXPECT_OTHER_GPU_UNAFFECTED();
	munmap((void *)self->map, MIB(4));
	munmap((void *)self->resmem, MIB(4));
	gpu_close(&self->gpu);
	EXPECT_TRUE(pci_vanishes(gpu_bdf(0), VANISHED_MS));
	EXPECT_OTHER_GPU_UNAFFECTED();
}

TEST_F_TIMEOUT(surprise_removal, while_threads_wait_ends_their_waits, 90)
{
	struct worker fault, reader;
	uint64_t start;

	setup(_metadata, self, 2);
	if (_metadata->exit_code)
		return;
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, TB_NEVER));
	ASSERT_EQ(0, worker_start(&fault, touch_it, self));
	ASSERT_EQ(0, worker_start(&reader, read_it, self));
	sleep_ms(200);
	ASSERT_FALSE(worker_done(&fault));
	start = now_ms();
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_SURPRISE, 1));
	EXPECT_EQ(-EFAULT, worker_wait(&fault, NOTICED_MS));
	EXPECT_EQ(-EIO, worker_wait(&reader, 3000));
	TH_LOG("noticed after %llu ms", (unsigned long long)(now_ms() - start));
	EXPECT_OTHER_GPU_UNAFFECTED();
	munmap((void *)self->map, MIB(4));
	gpu_close(&self->gpu);
	EXPECT_TRUE(pci_vanishes(gpu_bdf(2), VANISHED_MS));
}

/* Nobody closes anything: the process just dies, as a VMM would. */
TEST_F_TIMEOUT(surprise_removal, while_a_vmm_runs_and_then_is_killed, 90)
{
	const char *bdf;
	pid_t child;
	int status;

	SETUP_BDF(bdf, 3);
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		setup(_metadata, self, 3);
		touch_it(self);
		testblock_write(&self->gpu, TB_SURPRISE, 1);
		for (;;)
			touch_it(self);
	}
	sleep_ms(4000);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(pci_vanishes(bdf, VANISHED_MS));
}

TEST_HARNESS_MAIN
