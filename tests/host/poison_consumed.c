// SPDX-License-Identifier: GPL-2.0-only
/*
 * A CPU consumes poison of GPU memory: the access ends in an external abort,
 * firmware's record names the address, and the kernel tells whoever did it where.
 * From there on the page is as any other bad page.
 *
 * The device model makes the poison, so the whole way is real: abort, error record,
 * memory failure, driver. Every test has pages of its own, since the kernel does not
 * look at a record that equals a recent one.
 */

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "kmsg.h"
#include "poison.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"

#define TOLD_MS		5000

FIXTURE(poison_consumed) {
	struct gpu gpu;
	struct kmsg log;
	uint64_t page, len;
	char *map;
};

FIXTURE_VARIANT(poison_consumed) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(poison_consumed);

FIXTURE_SETUP(poison_consumed)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	NEEDS_TESTBLOCK(&self->gpu);
	self->page = page_size();
	self->len = 2 * pmd_size();
	self->map = gpu_map(&self->gpu, variant->region, 0, self->len,
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, (void *)self->map);
	ASSERT_EQ(0, touch_every(self->map, self->len, self->page * 16));
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(poison_consumed)
{
	kmsg_close(&self->log);
	testblock_heal(&self->gpu);
	poison_clear(self->gpu.bdf);
	gpu_close(&self->gpu);
}

/* The device model knows its memory as a whole. */
static int break_page(const struct gpu *gpu, unsigned int region, uint64_t at)
{
	if (region == GPU_RESMEM)
		at += gpu->region[GPU_USEMEM].real;
	return testblock_poison(gpu, at);
}

#define EXPECT_TOLD(where) do {						\
	EXPECT_EQ(BUS_MCEERR_AR, touch_signal()->si_code);		\
	EXPECT_EQ((void *)(where), touch_signal()->si_addr);		\
	EXPECT_EQ(self->page, 1ull << touch_signal()->si_addr_lsb);	\
} while (0)

TEST_F_TIMEOUT(poison_consumed, load_is_told_the_page, 60)
{
	uint64_t at = pmd_size() + 3 * self->page, value;

	ASSERT_EQ(0, break_page(&self->gpu, variant->region, at));
	EXPECT_EQ(-EFAULT, touch_read(self->map + at + 8, &value));
	EXPECT_TOLD(self->map + at);
	EXPECT_EQ(0, poison_wait(self->gpu.bdf, 1));
	EXPECT_EQ(0, touch_read(self->map + at - 8, &value));
	EXPECT_EQ(0, touch_read(self->map + at + self->page, &value));
	kmsg_show(&self->log, KMSG_WARN, "Memory failure", NULL);
}

TEST_F_TIMEOUT(poison_consumed, page_is_not_consumed_twice, 60)
{
	uint64_t at = pmd_size() + 5 * self->page, value;
	char byte;

	ASSERT_EQ(0, break_page(&self->gpu, variant->region, at));
	EXPECT_EQ(-EFAULT, touch_read(self->map + at, &value));
	ASSERT_EQ(0, poison_wait(self->gpu.bdf, 1));
	sleep_ms(100);
	kmsg_close(&self->log);
	ASSERT_EQ(0, kmsg_mark(&self->log));
	/* Were it still mapped, or read by the kernel, there would be an abort. */
	EXPECT_EQ(-EFAULT, touch_read(self->map + at + 16, &value));
	EXPECT_TOLD(self->map + at + 16);
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, variant->region, at, &byte, 1));
	EXPECT_EQ(0, kmsg_count(&self->log, KMSG_ANY, "Memory failure: ",
				"recovery action"));
}

TEST_F_TIMEOUT(poison_consumed, page_is_kept_from_the_next_user, 60)
{
	uint64_t at = pmd_size() + 7 * self->page, value;
	char byte;

	ASSERT_EQ(0, break_page(&self->gpu, variant->region, at));
	EXPECT_EQ(-EFAULT, touch_read(self->map + at, &value));
	ASSERT_EQ(0, poison_wait(self->gpu.bdf, 1));
	munmap(self->map, self->len);
	gpu_close(&self->gpu);
	ASSERT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
	ASSERT_EQ(0, break_page(&self->gpu, variant->region, at));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, variant->region, at, &byte, 1));
	self->map = gpu_map(&self->gpu, variant->region, 0, self->len, PROT_READ);
	ASSERT_NE(MAP_FAILED, (void *)self->map);
	EXPECT_EQ(-EFAULT, touch_read(self->map + at, &value));
	EXPECT_EQ(0, touch_read(self->map + at - 8, &value));
}

/* A process that maps the same page and asked to be told early. */
static void __attribute__((noreturn)) stand_by(const char *where, int ready)
{
	const struct timespec patience = { .tv_sec = TOLD_MS / 1000 };
	siginfo_t told;
	sigset_t sigbus;

	sigemptyset(&sigbus);
	sigaddset(&sigbus, SIGBUS);
	sigprocmask(SIG_BLOCK, &sigbus, NULL);
	prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
	if (write(ready, "", 1) != 1 ||
	    sigtimedwait(&sigbus, &told, &patience) != SIGBUS)
		_exit(1);
	_exit(told.si_code == BUS_MCEERR_AO && told.si_addr == where ? 0 : 2);
}

TEST_F_TIMEOUT(poison_consumed, others_are_told_too, 60)
{
	uint64_t at = pmd_size() + 9 * self->page, value;
	int ready[2], status;
	char byte;
	pid_t pid;

	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid)
		stand_by(self->map + at, ready[1]);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	ASSERT_EQ(0, break_page(&self->gpu, variant->region, at));
	EXPECT_EQ(-EFAULT, touch_read(self->map + at, &value));
	EXPECT_TOLD(self->map + at);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
