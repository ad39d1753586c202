// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors in every state but the midst of a reset, in which a device can report none: what
 * sysfs then says of the memory, one line in the log at most, nothing of the memory touched
 * before it is ready, and a next user who finds a GPU that works.
 *
 * GPU1 has the device model report the errors, for GPUs that nobody has open, too. The
 * others tell readiness by CXL, which gives up soon. GPU2 is a Hopper part, whose link
 * Linux does not reset: recovery from a fatal error fails. On GPU3 it succeeds.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "aftermath.h"
#include "clock.h"
#include "gpu.h"
#include "kmsg.h"
#include "recovery.h"
#include "scrub.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"

#define MAP_LEN		MIB(8)
#define LONG_MS		8000	/* more than readiness may take, less than a test */
#define TIMEOUT		90	/* s */

struct target {
	const char *bdf;
	struct gpu reporter;
	struct gpu gpu;
	volatile uint64_t *map;
	bool scrubbing;
};

FIXTURE(error_states) {
	struct target target;
	struct kmsg log;
};

FIXTURE_VARIANT(error_states) {
	unsigned int gpu;
	int (*reach)(struct target *target);
	/* As sysfs shows it after an error that changes nothing; NULL: until it is over. */
	const char *state;
};

static int open_and_map(struct target *t)
{
	uint64_t value;
	int ret = gpu_open(&t->gpu, t->bdf);

	if (ret)
		return ret;
	t->map = gpu_map(&t->gpu, GPU_USEMEM, 0, MAP_LEN, PROT_READ | PROT_WRITE);
	return t->map == MAP_FAILED ? -errno : touch_read(t->map, &value);
}

static int reach_closed(struct target *t)
{
	(void)t;
	return 0;
}

static int reach_ready(struct target *t)
{
	return open_and_map(t);
}

static int reach_waiting(struct target *t)
{
	return open_and_map(t) ?: testblock_reset_unready(&t->gpu, LONG_MS);
}

static int reach_failed(struct target *t)
{
	uint64_t value;
	int ret = open_and_map(t) ?: testblock_reset_unready(&t->gpu, TB_NEVER);

	return ret ?: touch_read(t->map, &value) == -EFAULT ? 0 : -ETIME;
}

static int reach_gone(struct target *t)
{
	uint64_t value;
	int ret = open_and_map(t) ?: testblock_write(&t->gpu, TB_FAULTS, TB_FAULT_ALL_ONES) ?:
		  testblock_reset_unready(&t->gpu, 0);

	return ret ?: touch_read(t->map, &value) == -EFAULT ? 0 : -ENODEV;
}

static int report(struct target *t, enum testblock_register how, uint32_t error)
{
	unsigned int bus, device, function;

	if (sscanf(t->bdf, "%*x:%x:%x.%x", &bus, &device, &function) != 3)
		return -EINVAL;
	return testblock_write(&t->reporter, TB_AER_OF, bus << 8 | device << 3 | function) ?:
	       testblock_write(&t->reporter, how, error);
}

static int report_and_wait(struct target *t, uint32_t error)
{
	struct kmsg log;
	int ret = kmsg_mark(&log);

	ret = ret ?: report(t, TB_AER_OTHER, error);
	ret = ret ?: recovery_wait(&log);
	kmsg_close(&log);
	return ret;
}

static int reach_lost(struct target *t)
{
	return open_and_map(t) ?:
	       report_and_wait(t, PCI_ERR_UNC_DLP) == -ECANCELED ? 0 : -EBUSY;
}

static int reach_scrubbing(struct target *t)
{
	int ret = scrub_set_policy(t->bdf, "on-close") ?: gpu_open(&t->gpu, t->bdf);

	gpu_close(&t->gpu);
	t->scrubbing = !ret;
	return ret ?: scrub_wait(t->bdf, "scrubbing", LONG_MS);
}

static int reach_asleep(struct target *t)
{
	return open_and_map(t) ?: gpu_feature(&t->gpu, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
}

#define IN_STATE(name, what)							\
	FIXTURE_VARIANT_ADD(error_states, hopper_##name)			\
	{ .gpu = 2, .reach = reach_##name, .state = what };			\
	FIXTURE_VARIANT_ADD(error_states, blackwell_##name)			\
	{ .gpu = 3, .reach = reach_##name, .state = what }

IN_STATE(closed, "unknown");
IN_STATE(waiting, NULL);
IN_STATE(ready, "ready");
IN_STATE(failed, "failed");
IN_STATE(gone, "gone");
IN_STATE(scrubbing, NULL);
IN_STATE(asleep, "waiting");

FIXTURE_VARIANT_ADD(error_states, hopper_lost)
{ .gpu = 2, .reach = reach_lost, .state = "lost" };

static void leave(struct target *t)
{
	if (t->map)
		munmap((void *)t->map, MAP_LEN);
	t->map = NULL;
	gpu_close(&t->gpu);
}

FIXTURE_SETUP(error_states)
{
	self->target.gpu = self->target.reporter = GPU_CLOSED;
	SETUP_BDF(self->target.bdf, variant->gpu);
	ASSERT_EQ(0, gpu_open(&self->target.reporter, gpu_bdf(1)));
	NEEDS_TESTBLOCK(&self->target.reporter);
	ASSERT_EQ(0, variant->reach(&self->target));
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(error_states)
{
	leave(&self->target);
	gpu_close(&self->target.reporter);
	scrub_and_poison_off(self->target.bdf);
	kmsg_close(&self->log);
}

static bool is_hopper(const FIXTURE_VARIANT(error_states) *variant)
{
	return variant->gpu == 2;
}

/* Nobody need have looked at the memory since. */
static bool shows(const struct target *t, const char *state)
{
	uint64_t value;

	if (t->map)
		touch_read(t->map, &value);
	return gpu_attribute_is(t->bdf, "ready", state);
}

/* Of the driver's own: those of the PCI core begin with the driver's name, too. */
static unsigned int lines_about(FIXTURE_DATA(error_states) *self)
{
	return kmsg_count(&self->log, KMSG_WARN, self->target.bdf, "accesses");
}

/* A scrub waits for the end of recovery, but not for ever. */
static bool scrub_ends(const struct target *t, const char *state)
{
	return !t->scrubbing || !scrub_wait(t->bdf, state, SCRUB_MS);
}

/* Whatever it is after the error: what the next one gets works, and was not touched. */
static int next_one(FIXTURE_DATA(error_states) *self)
{
	struct gpu gpu;
	int ret;

	leave(&self->target);
	ret = scrub_set_policy(self->target.bdf, "off") ?: next_user(self->target.bdf) ?:
	      gpu_open(&gpu, self->target.bdf);
	if (ret)
		return ret;
	ret = testblock_read(&gpu, TB_EARLY) ? -EUCLEAN : 0;
	gpu_close(&gpu);
	return ret;
}

/* A record of the error, and nothing else. */
TEST_F_TIMEOUT(error_states, correctable_error_changes_nothing, TIMEOUT)
{
	struct target *t = &self->target;

	ASSERT_EQ(0, report(t, TB_AER_COR, PCI_ERR_COR_RCVR));
	sleep_ms(200);
	if (variant->state)
		EXPECT_TRUE(gpu_attribute_is(t->bdf, "ready", variant->state));
	EXPECT_EQ(0, lines_about(self));
	EXPECT_EQ(0, next_one(self));
}

/* The memory comes back by itself where it was there before. */
TEST_F_TIMEOUT(error_states, harmless_error_ends_as_it_began, TIMEOUT)
{
	struct target *t = &self->target;

	EXPECT_EQ(0, report_and_wait(t, PCI_ERR_UNC_COMP_TIME));
	if (variant->state)
		EXPECT_TRUE(shows(t, variant->state));
	EXPECT_TRUE(scrub_ends(t, "clean"));
	EXPECT_GE(1, lines_about(self));
	EXPECT_EQ(0, next_one(self));
}

TEST_F_TIMEOUT(error_states, fatal_error_is_one_line_and_a_gpu_that_is_lost_or_works, TIMEOUT)
{
	struct target *t = &self->target;
	bool lost = is_hopper(variant);

	EXPECT_EQ(lost ? -ECANCELED : 0, report_and_wait(t, PCI_ERR_UNC_DLP));
	EXPECT_EQ(lost, shows(t, "lost"));
	EXPECT_TRUE(scrub_ends(t, lost ? "dirty" : "clean"));
	EXPECT_EQ(lost, kmsg_count(&self->log, KMSG_WARN, t->bdf, "recovery from a PCI error"));
	EXPECT_GE(2, lines_about(self));
	EXPECT_EQ(0, next_one(self));
}

TEST_F_TIMEOUT(error_states, reset_by_an_administrator_begins_anew, TIMEOUT)
{
	struct target *t = &self->target;
	int ret = gpu_reset_by_sysfs(t->bdf);

	/* Asleep or locked by somebody else's reset it may be refused. */
	if (ret)
		TH_LOG("reset: %d", ret);
	EXPECT_FALSE(gpu_attribute_is(t->bdf, "ready", "lost"));
	EXPECT_TRUE(scrub_ends(t, "clean"));
	EXPECT_GE(1, lines_about(self));
	EXPECT_EQ(0, next_one(self));
}

TEST_HARNESS_MAIN
