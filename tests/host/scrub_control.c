// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scrub as its administrator sees it: when it runs and when it does not, what
 * sysfs, the log and the trace say of it, and that whatever stops it leaves the
 * memory dirty and nobody hanging.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "kmsg.h"
#include "poison.h"
#include "scrub.h"
#include "sysfs.h"
#include "testblock.h"
#include "trace.h"
#include "variants.h"
#include "worker.h"

#define PROMPT_MS	3000	/* for what must not wait for the scrub */
#define UNREADY_MS	4000

/* The threads of all GPUs; wq_sysfs_attrs of the kernel's. */
#define THREADS		"/sys/devices/virtual/workqueue/nvgrace-gpu-scrub/"

static int limit_threads(const char *max_active, const char *nice)
{
	int ret = file_write(THREADS "max_active", max_active);

	return ret ?: file_write(THREADS "nice", nice);
}

FIXTURE(scrub_control) {
	const char *bdf;
	struct gpu gpu;
	struct kmsg log;
};

FIXTURE_VARIANT(scrub_control) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(scrub_control);

FIXTURE_SETUP(scrub_control)
{
	self->gpu = GPU_CLOSED;
	SETUP_BDF(self->bdf, variant->gpu);
	if (!driver_is_bound(self->bdf))
		ASSERT_EQ(0, driver_bind(self->bdf));
	/* Whatever the last test left: dirty, with nothing in the background. */
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "off"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(scrub_control)
{
	gpu_close(&self->gpu);
	if (!driver_is_bound(self->bdf))
		EXPECT_EQ(0, driver_bind(self->bdf));
	pci_attribute_write(self->bdf, "reset_method", "default");
	limit_threads("16", "0");
	EXPECT_EQ(0, scrub_and_poison_off(self->bdf));
	kmsg_close(&self->log);
}

static int open_and_close(FIXTURE_DATA(scrub_control) *self)
{
	int ret = gpu_open(&self->gpu, self->bdf);

	gpu_close(&self->gpu);
	return ret;
}

static unsigned int scrubs_logged(FIXTURE_DATA(scrub_control) *self)
{
	return kmsg_count(&self->log, KMSG_ANY, self->bdf, "memory scrubbed: ");
}

TEST_F(scrub_control, policies_are_taken_and_nothing_else)
{
	static const char * const policies[] = { "on-close", "on-open", "off" };
	static const char * const others[] = { "", "on", "On-open", "on-opens" };
	char now[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		EXPECT_EQ(0, scrub_set_policy(self->bdf, policies[i]));
		gpu_attribute(self->bdf, "scrub_policy", now, sizeof(now));
		EXPECT_STREQ(policies[i], now);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT_EQ(-EINVAL, scrub_set_policy(self->bdf, others[i]));
	gpu_attribute(self->bdf, "scrub_policy", now, sizeof(now));
	EXPECT_STREQ("off", now);
}

TEST_F(scrub_control, module_parameter_is_the_policy_of_gpus_bound_later)
{
	char now[16], *shown;

	ASSERT_EQ(0, scrub_set_policy(self->bdf, "default"));
	EXPECT_EQ(-EINVAL, file_write(SCRUB_DEFAULT_POLICY, "sometimes"));
	ASSERT_EQ(0, file_write(SCRUB_DEFAULT_POLICY, "on-open"));
	shown = file_slurp(SCRUB_DEFAULT_POLICY);
	ASSERT_NE(NULL, shown);
	EXPECT_STREQ("on-open\n", shown);
	free(shown);
	gpu_attribute(self->bdf, "scrub_policy", now, sizeof(now));
	EXPECT_STREQ("off", now);
	ASSERT_EQ(0, driver_unbind(self->bdf));
	ASSERT_EQ(0, driver_bind(self->bdf));
	gpu_attribute(self->bdf, "scrub_policy", now, sizeof(now));
	EXPECT_STREQ("on-open", now);
	EXPECT_EQ(0, file_write(SCRUB_DEFAULT_POLICY, "off"));
}

/* As libvirt does after each domain. */
TEST_F(scrub_control, policy_outlives_the_binding)
{
	char now[16];

	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	ASSERT_EQ(0, driver_unbind(self->bdf));
	ASSERT_EQ(0, driver_bind(self->bdf));
	gpu_attribute(self->bdf, "scrub_policy", now, sizeof(now));
	EXPECT_STREQ("on-open", now);
}

TEST_F(scrub_control, off_does_nothing)
{
	ASSERT_EQ(0, open_and_close(self));
	sleep_ms(300);
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
	EXPECT_EQ(0, scrubs_logged(self));
}

TEST_F(scrub_control, bound_memory_is_dirty)
{
	ASSERT_EQ(0, driver_unbind(self->bdf));
	ASSERT_EQ(0, driver_bind(self->bdf));
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
}

TEST_F_TIMEOUT(scrub_control, on_close_cleans_with_nobody_there, 120)
{
	uint64_t done, total;

	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	total = memory_bytes(&self->gpu);
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	EXPECT_EQ(total, scrub_bytes_done(self->bdf));
	EXPECT_EQ(0, scrub_progress(self->bdf, &done, &total));
	EXPECT_EQ(done, total);
	/* What the open found dirty it has cleaned too. */
	EXPECT_EQ(2, scrubs_logged(self));
}

TEST_F_TIMEOUT(scrub_control, clean_memory_is_not_scrubbed_again, 120)
{
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	ASSERT_EQ(0, open_and_close(self));
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_EQ(2, scrubs_logged(self));
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
}

TEST_F_TIMEOUT(scrub_control, device_sleeps_again_afterwards, 120)
{
	char now[16];
	int tries;

	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	ASSERT_EQ(0, open_and_close(self));
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	for (tries = 0; tries < 200; tries++) {
		pci_attribute_read(self->bdf, "power/runtime_status", now, sizeof(now));
		if (!strcmp(now, "suspended"))
			break;
		sleep_ms(10);
	}
	EXPECT_STREQ("suspended", now);
	pci_attribute_read(self->bdf, "enable", now, sizeof(now));
	EXPECT_STREQ("0", now);
}

TEST_F_TIMEOUT(scrub_control, state_can_be_polled, 120)
{
	char path[128], text[16];
	struct pollfd state = { .events = POLLPRI };
	uint64_t deadline = now_ms() + SCRUB_MS;

	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/nvgrace_gpu/scrub_state",
		 self->bdf);
	state.fd = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(state.fd, 0);
	gpu_close(&self->gpu);
	do {
		ASSERT_GT(pread(state.fd, text, sizeof(text), 0), 0);
		if (!strncmp(text, "clean", 5))
			break;
		ASSERT_EQ(1, poll(&state, 1, SCRUB_MS));
	} while (now_ms() < deadline);
	EXPECT_EQ(0, strncmp(text, "clean", 5));
	close(state.fd);
}

TEST_F_TIMEOUT(scrub_control, open_waits_for_the_background, 120)
{
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	ASSERT_EQ(0, open_and_close(self));
	ASSERT_EQ(0, scrub_wait_begun(self->bdf));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	/* There was no second one beside it, which would end later. */
	sleep_ms(2000);
	EXPECT_EQ(2, scrubs_logged(self));
	EXPECT_EQ(0, kmsg_count(&self->log, KMSG_WARN, self->bdf, "scrubbed only "));
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
}

TEST_F_TIMEOUT(scrub_control, killed_while_it_scrubs_leaves_it_dirty, 120)
{
	uint64_t done, total;
	pid_t pid;

	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	pid = tenant_opens(self->bdf);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, scrub_wait_begun(self->bdf));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-EINTR, child_wait(pid, PROMPT_MS));
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
	ASSERT_EQ(0, scrub_progress(self->bdf, &done, &total));
	EXPECT_LT(done, total);
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->bdf, "scrubbed only "));
	/* The next one gets it clean. */
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_EQ(1, scrubs_logged(self));
}

TEST_F_TIMEOUT(scrub_control, killed_while_it_waits_for_the_gpu, 120)
{
	pid_t pid;

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	NEEDS_TESTBLOCK(&self->gpu);
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_READY_DELAY_MS, UNREADY_MS));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	pid = tenant_opens(self->bdf);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, scrub_wait(self->bdf, "scrubbing", PROMPT_MS));
	EXPECT_EQ(0, scrub_bytes_done(self->bdf));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-EINTR, child_wait(pid, UNREADY_MS / 2));
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
}

/* A child that waits in open() for a scrub in the background, or -errno. */
static pid_t open_behind_the_background(FIXTURE_DATA(scrub_control) *self)
{
	pid_t pid = scrub_set_policy(self->bdf, "on-close") ?: open_and_close(self) ?:
		    scrub_wait_begun(self->bdf) ?: tenant_opens(self->bdf);

	sleep_ms(100);
	return pid;
}

TEST_F_TIMEOUT(scrub_control, killed_while_it_waits_for_the_background, 120)
{
	pid_t pid;

	pid = open_behind_the_background(self);
	ASSERT_GT(pid, 0);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-EINTR, child_wait(pid, PROMPT_MS));
	/* Which is none of the background's business. */
	EXPECT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
}

TEST_F_TIMEOUT(scrub_control, unbind_does_not_wait_for_the_background, 120)
{
	uint64_t before;

	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	ASSERT_EQ(0, open_and_close(self));
	ASSERT_EQ(0, scrub_wait_begun(self->bdf));
	before = now_ms();
	ASSERT_EQ(0, driver_unbind(self->bdf));
	EXPECT_LT(now_ms() - before, PROMPT_MS);
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->bdf, "scrubbed only "));
	ASSERT_EQ(0, driver_bind(self->bdf));
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
}

TEST_F_TIMEOUT(scrub_control, unbind_ends_an_open_that_waits_for_the_background, 120)
{
	uint64_t before;
	pid_t pid;

	pid = open_behind_the_background(self);
	ASSERT_GT(pid, 0);
	before = now_ms();
	ASSERT_EQ(0, driver_unbind(self->bdf));
	EXPECT_LT(now_ms() - before, PROMPT_MS);
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->bdf, "scrubbed only "));
	EXPECT_EQ(1, child_wait(pid, PROMPT_MS));
	ASSERT_EQ(0, driver_bind(self->bdf));
	EXPECT_TRUE(scrub_state_is(self->bdf, "dirty"));
}

TEST_F_TIMEOUT(scrub_control, reset_by_others_does_not_harm_it, 120)
{
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	ASSERT_EQ(0, open_and_close(self));
	ASSERT_EQ(0, scrub_wait_begun(self->bdf));
	ASSERT_EQ(0, gpu_reset_by_sysfs(self->bdf));
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	ASSERT_EQ(0, gpu_open_raw(&self->gpu, self->bdf));
	NEEDS_TESTBLOCK(&self->gpu);
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

/* Each keeps the device locked for as long as the GPU needs, at least 100 ms. */
static int reset_often(const char *bdf)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 10 && !ret; i++)
		ret = gpu_reset_by_sysfs(bdf);
	return -ret;
}

/*
 * The registers are out of reach from just before a reset to the end of the 100 ms after
 * it. Whoever closes the device just before it loses the configuration that the PCI core
 * has saved; see "Chance" in Documentation/testing/testbed.rst.
 */
static void wait_for_the_midst_of_a_reset(const struct gpu *gpu)
{
	while (testblock_read(gpu, TB_MAGIC) == TB_MAGIC_VALUE)
		sleep_ms(1);
	sleep_ms(20);
}

TEST_F_TIMEOUT(scrub_control, waits_while_others_reset, 120)
{
	pid_t pid;

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	NEEDS_TESTBLOCK(&self->gpu);
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_READY_DELAY_MS, 200));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		/* The parent's is to be the last. */
		gpu_close(&self->gpu);
		_exit(reset_often(self->bdf));
	}
	wait_for_the_midst_of_a_reset(&self->gpu);
	gpu_close(&self->gpu);
	EXPECT_EQ(0, child_wait(pid, SCRUB_MS));
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	EXPECT_EQ(1, scrubs_logged(self));
	ASSERT_EQ(0, gpu_open_raw(&self->gpu, self->bdf));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
	EXPECT_EQ(0, testblock_rest(&self->gpu));
}

TEST_F_TIMEOUT(scrub_control, gpu_without_reset_is_not_given_out, 120)
{
	uint64_t began;
	unsigned int i;

	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	ASSERT_EQ(0, pci_attribute_write(self->bdf, "reset_method", ""));
	EXPECT_EQ(-EIO, gpu_open_raw(&self->gpu, self->bdf));
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->bdf, "cannot be reset"));
	began = now_ms();
	for (i = 0; i < KMSG_FLOOD; i++)
		EXPECT_EQ(-EIO, gpu_open_raw(&self->gpu, self->bdf));
	EXPECT_GE(1 + kmsg_limit(now_ms() - began),
		  kmsg_count(&self->log, KMSG_WARN, self->bdf, "cannot be reset"));
	ASSERT_EQ(0, pci_attribute_write(self->bdf, "reset_method", "default"));
	EXPECT_EQ(0, gpu_open(&self->gpu, self->bdf));
}

/* It fails late, after all but the scrub. */
TEST_F_TIMEOUT(scrub_control, failed_open_leaves_nothing_behind, 120)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_EQ(0, poison_elsewhere(poison_address(&self->gpu, GPU_USEMEM, 0)));
	ASSERT_EQ(0, poison_wait(self->bdf, 1));
	gpu_close(&self->gpu);

	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	ASSERT_EQ(0, pci_attribute_write(self->bdf, "reset_method", ""));
	EXPECT_EQ(-EIO, gpu_open_raw(&self->gpu, self->bdf));
	EXPECT_TRUE(gpu_attribute_is(self->bdf, "ready", "unknown"));
	EXPECT_EQ(0, poison_clear(self->bdf));
	ASSERT_EQ(0, pci_attribute_write(self->bdf, "reset_method", "default"));
	EXPECT_EQ(0, gpu_open(&self->gpu, self->bdf));
}

TEST_F_TIMEOUT(scrub_control, trace_is_evidence, 120)
{
	uint64_t done, total;

	ASSERT_EQ(0, trace_begin());
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_EQ(0, scrub_progress(self->bdf, &done, &total));
	EXPECT_TRUE(trace_has("nvgrace_gpu_scrub: %s bytes=%llu bad_pages=0 ns=", self->bdf,
			      (unsigned long long)total));
	EXPECT_TRUE(trace_has(" result=0\n"));
	trace_end();
}

TEST_F_TIMEOUT(scrub_control, administrator_limits_the_threads, 120)
{
	char *before = file_slurp(THREADS "max_active"), *cpus = file_slurp(THREADS "cpumask");

	ASSERT_NE(NULL, before);
	ASSERT_NE(NULL, cpus);
	EXPECT_STREQ("16\n", before);
	ASSERT_EQ(0, limit_threads("1", "19"));
	ASSERT_EQ(0, file_write(THREADS "cpumask", "1"));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	ASSERT_EQ(0, open_and_close(self));
	EXPECT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	EXPECT_EQ(0, file_write(THREADS "cpumask", cpus));
	free(before);
	free(cpus);
}

static bool both_under_way(const char *one, const char *other)
{
	uint64_t deadline = now_ms() + SCRUB_MS;

	while (now_ms() < deadline) {
		if (scrub_bytes_done(one) && scrub_bytes_done(other))
			return scrub_state_is(one, "scrubbing") && scrub_state_is(other, "scrubbing");
		sleep_ms(1);
	}
	return false;
}

/* With one thread for both, too, neither waits for the other's end. */
TEST_F_TIMEOUT(scrub_control, two_gpus_take_turns, 120)
{
	const char *other = gpu_bdf(!variant->gpu);
	struct gpu gpu;

	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, limit_threads("1", "0"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_EQ(0, gpu_open(&gpu, other));
	EXPECT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	EXPECT_EQ(0, scrub_set_policy(other, "on-close"));
	gpu_close(&self->gpu);
	gpu_close(&gpu);
	EXPECT_TRUE(both_under_way(self->bdf, other));
	EXPECT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	EXPECT_EQ(0, scrub_wait(other, "clean", SCRUB_MS));
	EXPECT_EQ(0, scrub_and_poison_off(other));
}

/* An opener that is killed while the other GPU's scrub has the only thread. */
TEST_F_TIMEOUT(scrub_control, killed_while_it_waits_for_a_thread, 120)
{
	const char *other = gpu_bdf(!variant->gpu);
	struct gpu gpu;
	pid_t pid;

	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, gpu_open(&gpu, other));
	NEEDS_TESTBLOCK(&gpu);
	/* Its thread waits for memory that is not ready. */
	ASSERT_EQ(0, testblock_write(&gpu, TB_READY_DELAY_MS, UNREADY_MS));
	ASSERT_EQ(0, limit_threads("1", "0"));
	EXPECT_EQ(0, scrub_set_policy(other, "on-close"));
	gpu_close(&gpu);
	ASSERT_EQ(0, scrub_wait_begun(other));
	ASSERT_EQ(0, gpu_reset_by_sysfs(other));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-open"));
	pid = tenant_opens(self->bdf);
	ASSERT_GT(pid, 0);
	EXPECT_EQ(0, scrub_wait(self->bdf, "scrubbing", PROMPT_MS));
	sleep_ms(100);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(-EINTR, child_wait(pid, UNREADY_MS / 2));
	EXPECT_EQ(0, scrub_wait(other, "clean", SCRUB_MS));
	EXPECT_EQ(0, scrub_and_poison_off(other));
}

/* The background has mapped BAR0 and, piece by piece, the memory. */
TEST_F_TIMEOUT(scrub_control, nothing_stays_mapped, 120)
{
	uint64_t bytes, bytes_now;
	unsigned int mappings;

	mappings = physical_mappings(&bytes);
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	ASSERT_EQ(0, open_and_close(self));
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	EXPECT_EQ(mappings, physical_mappings(&bytes_now));
	EXPECT_EQ(bytes, bytes_now);
	/* BAR0, which is unmapped last. */
	EXPECT_GE(1, unpurged_mappings(MIB(1)));
}

TEST_HARNESS_MAIN
