// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that do not become ready: one bounded error, one log line, then
 * errors at once; a device that recovers late is simply used.  With a waiter
 * killed in mid-wait the device is free for the next user.
 */

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "kmsg.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define AT_ONCE_MS	1000
#define FAST_MS		2000

FIXTURE(readiness_errors) {
	struct gpu gpu;
	volatile uint64_t *map;
	struct kmsg log;
};

FIXTURE_VARIANT(readiness_errors) {
	unsigned int gpu;
	/* What the waiter may take: BAR0 30 s; CXL its own coded time. */
	unsigned int limit_ms;
};

FIXTURE_VARIANT_ADD(readiness_errors, gpu0) { .gpu = 0, .limit_ms = 30000 };
FIXTURE_VARIANT_ADD(readiness_errors, gpu2) { .gpu = 2, .limit_ms = 4000 };

FIXTURE_SETUP(readiness_errors)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	NEEDS_TESTBLOCK(&self->gpu);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(4),
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(readiness_errors)
{
	kmsg_close(&self->log);
	gpu_close(&self->gpu);
}

struct attempt {
	const struct gpu *gpu;
	volatile uint64_t *map;
};

static int attempt_touch(void *arg)
{
	struct attempt *attempt = arg;
	uint64_t value;

	return touch_read(attempt->map, &value);
}

static int attempt_read(void *arg)
{
	struct attempt *attempt = arg;
	uint64_t value;
	ssize_t n = gpu_read(attempt->gpu, GPU_USEMEM, 0, &value, 8);

	return n == 8 ? 0 : n < 0 ? (int)n : -EMSGSIZE;
}

static int attempt_write(void *arg)
{
	struct attempt *attempt = arg;
	uint64_t value = 1;
	ssize_t n = gpu_write(attempt->gpu, GPU_USEMEM, 0, &value, 8);

	return n == 8 ? 0 : n < 0 ? (int)n : -EMSGSIZE;
}

#define LOG_LINES() kmsg_count(&self->log, KMSG_WARN, driver_name(), \
			       self->gpu.bdf)

/* Every further access fails within AT_ONCE_MS and adds no line to the log. */
#define EXPECT_FAILS_AT_ONCE(attempt) do {				\
	uint64_t start_ = now_ms();					\
	EXPECT_EQ(-EFAULT, attempt_touch(attempt));			\
	EXPECT_EQ(-EIO, attempt_read(attempt));				\
	EXPECT_EQ(-EIO, attempt_write(attempt));			\
	EXPECT_LT(now_ms() - start_, AT_ONCE_MS);			\
} while (0)

/*
 * Two waiters of different kinds at once: both must give up together, so the
 * time limit is the device's and not each waiter's own.
 */
TEST_F_TIMEOUT(readiness_errors, never_ready_is_one_bounded_error, 90)
{
	struct attempt attempt = { .gpu = &self->gpu, .map = self->map };
	struct worker fault, reader;
	uint64_t start, took;

	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, TB_NEVER));
	start = now_ms();
	ASSERT_EQ(0, worker_start(&fault, attempt_touch, &attempt));
	ASSERT_EQ(0, worker_start(&reader, attempt_read, &attempt));
	EXPECT_EQ(-EFAULT, worker_wait(&fault, variant->limit_ms + 3000));
	EXPECT_EQ(-EIO, worker_wait(&reader, 3000));
	took = now_ms() - start;
	TH_LOG("gave up after %llu ms", (unsigned long long)took);
	EXPECT_GE(took, variant->limit_ms - 1500);
	EXPECT_LE(took, variant->limit_ms + 3000);
	kmsg_show(&self->log, KMSG_WARN, driver_name(), self->gpu.bdf);
	EXPECT_EQ(1, LOG_LINES());
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->gpu.bdf,
				"not ready"));
	EXPECT_TRUE(gpu_attribute_is(self->gpu.bdf, "ready", "failed"));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));

	EXPECT_FAILS_AT_ONCE(&attempt);
	EXPECT_EQ(1, LOG_LINES());

	/* It got there after all: no reset, no reopening, it just works. */
	ASSERT_EQ(0, testblock_make_ready(&self->gpu));
	sleep_ms(50);
	EXPECT_EQ(0, attempt_touch(&attempt));
	EXPECT_EQ(0, attempt_read(&attempt));
	EXPECT_EQ(0, attempt_write(&attempt));
	EXPECT_TRUE(gpu_attribute_is(self->gpu.bdf, "ready", "ready"));
	EXPECT_EQ(1, LOG_LINES());

	/* And a reset starts over, with a wait of its own. */
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 300));
	EXPECT_EQ(0, attempt_touch(&attempt));
	EXPECT_EQ(0, attempt_read(&attempt));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

TEST_F(readiness_errors, all_ones_device_fails_fast)
{
	struct attempt attempt = { .gpu = &self->gpu, .map = self->map };
	uint64_t start;

	ASSERT_EQ(0, testblock_write(&self->gpu, TB_FAULTS, TB_FAULT_ALL_ONES));
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, TB_NEVER));
	start = now_ms();
	EXPECT_EQ(-EFAULT, attempt_touch(&attempt));
	EXPECT_LT(now_ms() - start, FAST_MS);
	EXPECT_TRUE(gpu_attribute_is(self->gpu.bdf, "ready", "gone"));
	EXPECT_FAILS_AT_ONCE(&attempt);
	EXPECT_EQ(1, LOG_LINES());
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->gpu.bdf,
				"all ones"));
}

TEST_F(readiness_errors, all_ones_device_that_comes_back_is_used)
{
	struct attempt attempt = { .gpu = &self->gpu, .map = self->map };

	ASSERT_EQ(0, testblock_write(&self->gpu, TB_FAULTS, TB_FAULT_ALL_ONES));
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 0));
	EXPECT_EQ(-EIO, attempt_read(&attempt));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_FAULTS, 0));
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 200));
	EXPECT_EQ(0, attempt_touch(&attempt));
	EXPECT_EQ(0, attempt_read(&attempt));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

/* Registers say ready; but whether they are the GPU's, nothing says. */
TEST_F(readiness_errors, config_space_of_all_ones_is_asked_first)
{
	struct attempt attempt = { .gpu = &self->gpu, .map = self->map };

	ASSERT_EQ(0, gpu_power_state(&self->gpu, 3));
	ASSERT_EQ(0, gpu_power_state(&self->gpu, 0));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_FAULTS, TB_FAULT_CONFIG));
	EXPECT_FAILS_AT_ONCE(&attempt);
	EXPECT_TRUE(gpu_attribute_is(self->gpu.bdf, "ready", "gone"));
	EXPECT_EQ(1, LOG_LINES());

	ASSERT_EQ(0, testblock_write(&self->gpu, TB_FAULTS, 0));
	EXPECT_EQ(0, attempt_touch(&attempt));
	EXPECT_EQ(1, LOG_LINES());
}

/*
 * futex() makes its word writable by a fault that keeps mm's lock, so that nobody may wait
 * in it: an error, at once, and nothing is touched.
 */
TEST_F(readiness_errors, fault_that_may_not_wait_is_an_error)
{
	const int add_nothing = FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 1);
	uint32_t word = 0;
	uint64_t start;

	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 1500));
	start = now_ms();
	EXPECT_EQ(-1, syscall(SYS_futex, &word, FUTEX_WAKE_OP_PRIVATE, 1, 1, self->map,
			      add_nothing));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_LT(now_ms() - start, AT_ONCE_MS);
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));

	/* Memory that has become ready is looked at in it, too. */
	sleep_ms(2000);
	EXPECT_LE(0, syscall(SYS_futex, &word, FUTEX_WAKE_OP_PRIVATE, 1, 1, self->map,
			     add_nothing));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

static volatile sig_atomic_t signals;

/* Signals: a read gives up its wait for one, a fault goes on after it. */
static void on_signal(int signo)
{
	(void)signo;
	signals++;
}

static bool signal_comes(unsigned int within_ms)
{
	uint64_t deadline = now_ms() + within_ms;

	while (!signals && now_ms() < deadline)
		sleep_ms(10);
	return signals;
}

TEST_F(readiness_errors, signal_interrupts_a_waiting_read)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct attempt attempt = { .gpu = &self->gpu, .map = self->map };
	struct worker reader;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, TB_NEVER));
	ASSERT_EQ(0, worker_start(&reader, attempt_read, &attempt));
	sleep_ms(200);
	ASSERT_FALSE(worker_done(&reader));
	syscall(SYS_tgkill, getpid(), atomic_load(&reader.tid), SIGUSR1);
	EXPECT_EQ(-EINTR, worker_wait(&reader, AT_ONCE_MS));
	EXPECT_EQ(0, LOG_LINES());
}

TEST_F(readiness_errors, signal_interrupts_a_waiting_write)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct attempt attempt = { .gpu = &self->gpu, .map = self->map };
	struct worker writer;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, TB_NEVER));
	ASSERT_EQ(0, worker_start(&writer, attempt_write, &attempt));
	sleep_ms(200);
	syscall(SYS_tgkill, getpid(), atomic_load(&writer.tid), SIGUSR1);
	EXPECT_EQ(-EINTR, worker_wait(&writer, AT_ONCE_MS));
}

TEST_F(readiness_errors, restartable_signal_lets_the_read_go_on)
{
	struct sigaction action = {
		.sa_handler = on_signal, .sa_flags = SA_RESTART,
	};
	struct attempt attempt = { .gpu = &self->gpu, .map = self->map };
	struct worker reader;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 1200));
	ASSERT_EQ(0, worker_start(&reader, attempt_read, &attempt));
	sleep_ms(200);
	syscall(SYS_tgkill, getpid(), atomic_load(&reader.tid), SIGUSR1);
	EXPECT_EQ(0, worker_wait(&reader, 5000));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

/* A VMM's thread, say, that is to be stopped meanwhile. */
TEST_F(readiness_errors, signal_is_taken_in_a_waiting_fault_which_goes_on)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct attempt attempt = { .gpu = &self->gpu, .map = self->map };
	struct worker fault;

	signals = 0;
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 3000));
	ASSERT_EQ(0, worker_start(&fault, attempt_touch, &attempt));
	sleep_ms(200);
	syscall(SYS_tgkill, getpid(), atomic_load(&fault.tid), SIGUSR1);
	EXPECT_TRUE(signal_comes(AT_ONCE_MS));
	EXPECT_FALSE(worker_done(&fault));
	EXPECT_EQ(0, worker_wait(&fault, 6000));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

/* A child of its own opens the device, waits in @work, and is killed there. */
static int kill_in_mid_wait(struct gpu *gpu, const char *bdf,
			    int (*work)(void *arg))
{
	pid_t child = fork();
	uint64_t deadline;
	int status;

	if (!child) {
		struct attempt attempt = { .gpu = gpu };

		if (gpu_open(gpu, bdf))
			_exit(2);
		attempt.map = gpu_map(gpu, GPU_USEMEM, 0, MIB(4),
				      PROT_READ | PROT_WRITE);
		if (testblock_reset_unready(gpu, TB_NEVER))
			_exit(3);
		_exit(work(&attempt) ? 4 : 5);
	}
	sleep_ms(1500);
	if (kill(child, SIGKILL))
		return -errno;
	for (deadline = now_ms() + 3000; now_ms() < deadline; sleep_ms(10))
		if (waitpid(child, &status, WNOHANG) == child)
			return WIFSIGNALED(status) ? 0 : -WEXITSTATUS(status);
	return -ETIMEDOUT;
}

#define EXPECT_NEXT_USER_IS_SERVED() do {				\
	struct attempt attempt_ = { .gpu = &self->gpu };		\
	ASSERT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));	\
	attempt_.map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(4), PROT_READ); \
	ASSERT_NE(MAP_FAILED, attempt_.map);				\
	EXPECT_EQ(0, attempt_touch(&attempt_));				\
	EXPECT_EQ(0, attempt_read(&attempt_));				\
} while (0)

TEST_F(readiness_errors, killed_in_mid_fault_frees_the_device)
{
	munmap((void *)self->map, MIB(4));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, kill_in_mid_wait(&self->gpu, gpu_bdf(variant->gpu),
				      attempt_touch));
	EXPECT_NEXT_USER_IS_SERVED();
}

TEST_F(readiness_errors, killed_in_mid_read_frees_the_device)
{
	munmap((void *)self->map, MIB(4));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, kill_in_mid_wait(&self->gpu, gpu_bdf(variant->gpu),
				      attempt_read));
	EXPECT_NEXT_USER_IS_SERVED();
}

/* GPU0, which has no CXL DVSEC. */
FIXTURE(by_bar0) {
	struct gpu gpu;
	volatile uint64_t *map;
};

FIXTURE_SETUP(by_bar0)
{
	SETUP_GPU(&self->gpu, 0);
	NEEDS_TESTBLOCK(&self->gpu);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(4), PROT_READ);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(by_bar0)
{
	gpu_close(&self->gpu);
}

TEST_F(by_bar0, link_that_comes_up_late_is_waited_for)
{
	struct attempt attempt = { .gpu = &self->gpu, .map = self->map };
	struct worker fault;

	ASSERT_EQ(0, testblock_write(&self->gpu, TB_FAULTS, TB_FAULT_C2C_DOWN));
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 0));
	ASSERT_EQ(0, worker_start(&fault, attempt_touch, &attempt));
	sleep_ms(500);
	EXPECT_FALSE(worker_done(&fault));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_FAULTS, 0));
	EXPECT_EQ(0, worker_wait(&fault, 3000));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

/* A GPU that is slower than its limit is not late while nobody waits for it. */
TEST_F_TIMEOUT(by_bar0, first_look_has_all_the_time, 60)
{
	uint64_t value;

	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 33000));
	sleep_ms(31000);
	EXPECT_EQ(0, touch_read(self->map, &value));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

/* Memory that trains anew after low power has all its time for that. */
TEST_F_TIMEOUT(by_bar0, time_asleep_does_not_count, 60)
{
	uint64_t value;

	ASSERT_EQ(0, gpu_feature(&self->gpu, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	sleep_ms(31000);
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_UNREADY_MS, 1500));
	ASSERT_EQ(0, gpu_feature(&self->gpu, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	EXPECT_EQ(0, touch_read(self->map, &value));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

/* GPU2, which has one; its code says 4 s. */
FIXTURE(by_cxl) {
	struct gpu gpu;
	volatile uint64_t *map;
};

#define VALID_MS	1000
#define ACTIVE_MS	4000
/* The driver counts ticks: one that a busy emulated CPU sees late begins the time too soon. */
#define LATE_TICKS_MS	100

FIXTURE_SETUP(by_cxl)
{
	SETUP_GPU(&self->gpu, 2);
	NEEDS_TESTBLOCK(&self->gpu);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(4), PROT_READ);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(by_cxl)
{
	gpu_close(&self->gpu);
}

/* How long the first look after a reset waits with @faults, in vain. */
static uint64_t waits_in_vain(struct gpu *gpu, volatile uint64_t *map, uint32_t faults)
{
	uint64_t value, start;

	if (testblock_write(gpu, TB_FAULTS, faults) || testblock_reset_unready(gpu, 0))
		return 0;
	start = now_ms();
	return touch_read(map, &value) == -EFAULT ? now_ms() - start : 0;
}

TEST_F(by_cxl, memory_that_is_not_valid_has_a_second)
{
	uint64_t took = waits_in_vain(&self->gpu, self->map, TB_FAULT_CXL_INVALID);

	EXPECT_LE(VALID_MS - LATE_TICKS_MS, took);
	EXPECT_GT(ACTIVE_MS, took);
	EXPECT_TRUE(gpu_attribute_is(self->gpu.bdf, "ready", "failed"));
}

TEST_F(by_cxl, memory_that_is_valid_has_the_coded_time_to_become_active)
{
	uint64_t took = waits_in_vain(&self->gpu, self->map, TB_FAULT_CXL_INACTIVE);

	EXPECT_LE(ACTIVE_MS - LATE_TICKS_MS, took);
	EXPECT_TRUE(gpu_attribute_is(self->gpu.bdf, "ready", "failed"));
}

TEST_F(by_cxl, coded_time_begins_when_the_memory_is_valid)
{
	struct attempt attempt = { .gpu = &self->gpu, .map = self->map };
	struct worker fault;
	uint64_t valid;

	ASSERT_EQ(0, testblock_write(&self->gpu, TB_FAULTS, TB_FAULT_CXL_INVALID));
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 0));
	ASSERT_EQ(0, worker_start(&fault, attempt_touch, &attempt));
	sleep_ms(VALID_MS / 2);
	valid = now_ms();
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_FAULTS, TB_FAULT_CXL_INACTIVE));
	EXPECT_EQ(-EFAULT, worker_wait(&fault, 2 * ACTIVE_MS));
	EXPECT_LE(valid + ACTIVE_MS - LATE_TICKS_MS, now_ms());
}

TEST_HARNESS_MAIN
