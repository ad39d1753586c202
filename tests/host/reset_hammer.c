// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hundreds of resets while threads fault, read and write as fast as they can:
 * the device must never see one access before it is ready (EARLY stays 0), and
 * no thread may see an error.
 */

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define MAP_LEN		MIB(32)
#define READY_AFTER_MS	130	/* longer than a function reset itself takes */

FIXTURE(reset_hammer) {
	struct gpu gpu;
};

FIXTURE_VARIANT(reset_hammer) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(reset_hammer);

FIXTURE_SETUP(reset_hammer)
{
	SETUP_GPU(&self->gpu, variant->gpu);
}

FIXTURE_TEARDOWN(reset_hammer)
{
	gpu_close(&self->gpu);
}

struct hammer {
	const struct gpu *gpu;
	unsigned int region;
	_Atomic bool stop;
	_Atomic uint64_t strokes;
};

/* -EFAULT if the mapping ever answers with a signal. */
static int hammer_faults(void *arg)
{
	struct hammer *hammer = arg;
	volatile char *map = gpu_map(hammer->gpu, hammer->region, 0, MAP_LEN,
				     PROT_READ | PROT_WRITE);
	uint64_t random = now_ns() | 1;
	int ret = 0;

	if (map == MAP_FAILED)
		return -errno;
	while (!ret && !atomic_load(&hammer->stop)) {
		volatile char *at = map + next_random(&random) % MAP_LEN / 8 * 8;
		uint64_t value;

		ret = random & 1 ? touch_write(at, random) :
				   touch_read(at, &value);
		atomic_fetch_add(&hammer->strokes, 1);
	}
	munmap((void *)map, MAP_LEN);
	return ret;
}

static int hammer_file(struct hammer *hammer, bool write)
{
	static const size_t len = 4096;
	uint64_t random = now_ns() | 1;
	char *buf = calloc(1, len);
	ssize_t n = (ssize_t)len;

	while (n == (ssize_t)len && !atomic_load(&hammer->stop)) {
		uint64_t at = next_random(&random) % (MAP_LEN - len);

		n = write ? gpu_write(hammer->gpu, hammer->region, at, buf, len) :
			    gpu_read(hammer->gpu, hammer->region, at, buf, len);
		atomic_fetch_add(&hammer->strokes, 1);
	}
	free(buf);
	return n == (ssize_t)len ? 0 : n < 0 ? (int)n : -EMSGSIZE;
}

static int hammer_reads(void *arg)
{
	return hammer_file(arg, false);
}

static int hammer_writes(void *arg)
{
	return hammer_file(arg, true);
}

static int (*const strokes[])(void *) = {
	hammer_faults, hammer_reads, hammer_writes, hammer_faults,
};

/* @reset_once over and over while four threads hammer @region. */
static int hammer_while(struct hammer *hammer, unsigned int resets,
			int (*reset_once)(const struct gpu *gpu))
{
	struct worker workers[ARRAY_SIZE(strokes)];
	unsigned int i;
	int ret = 0, one;

	for (i = 0; i < ARRAY_SIZE(workers); i++)
		if (worker_start(&workers[i], strokes[i], hammer))
			return -EAGAIN;
	for (i = 0; !ret && i < resets; i++)
		ret = reset_once(hammer->gpu);
	atomic_store(&hammer->stop, true);
	for (i = 0; i < ARRAY_SIZE(workers); i++) {
		one = worker_wait(&workers[i], 20000);
		ret = ret ? ret : one;
	}
	return ret;
}

/* Lets the threads in between resets, at another moment every time. */
static int reset_and_pause(const struct gpu *gpu)
{
	int ret = gpu_reset(gpu);

	sleep_ms((unsigned int)(now_ns() / 1000 % 60));
	return ret;
}

/* While VFIO's own reset holds the device, the PCI core says "try again". */
static int reset_by_sysfs_and_pause(const struct gpu *gpu)
{
	int ret = gpu_reset_by_sysfs(gpu->bdf);

	sleep_ms((unsigned int)(now_ns() / 1000 % 60));
	return ret;
}

/* Four threads at work on @region, and more accesses than resets. */
static void no_early_access(struct __test_metadata *_metadata,
			    FIXTURE_DATA(reset_hammer) *self, unsigned int region,
			    unsigned int resets, int (*reset_once)(const struct gpu *gpu))
{
	struct hammer hammer = { .gpu = &self->gpu, .region = region };

	NEEDS_TESTBLOCK(&self->gpu);
	if (region == GPU_RESMEM && !gpu_has_resmem(&self->gpu))
		SKIP(return, "this GPU has no RESMEM");
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, READY_AFTER_MS));
	EXPECT_EQ(0, hammer_while(&hammer, resets, reset_once));
	TH_LOG("%llu accesses", (unsigned long long)hammer.strokes);
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
	EXPECT_GT(hammer.strokes, resets);
}

TEST_F_TIMEOUT(reset_hammer, two_hundred_resets_see_no_early_access, 200)
{
	no_early_access(_metadata, self, GPU_USEMEM, 200, reset_and_pause);
}

TEST_F_TIMEOUT(reset_hammer, forty_resets_by_sysfs_see_no_early_access, 100)
{							/* W7 */
	no_early_access(_metadata, self, GPU_USEMEM, 40, reset_by_sysfs_and_pause);
}

TEST_F_TIMEOUT(reset_hammer, resets_under_resmem_see_no_early_access, 100)
{
	no_early_access(_metadata, self, GPU_RESMEM, 40, reset_and_pause);
}

TEST_F_TIMEOUT(reset_hammer, resets_by_sysfs_under_resmem_see_no_early_access, 100)
{
	no_early_access(_metadata, self, GPU_RESMEM, 20, reset_by_sysfs_and_pause);
}

struct resetter {
	const struct gpu *gpu;
	_Atomic bool stop;
	_Atomic unsigned int resets;
};

/* Ready for a part of every pause, at another moment of a read every time. */
static int reset_over_and_over(void *arg)
{
	struct resetter *job = arg;
	int ret = 0;

	while (!ret && !atomic_load(&job->stop)) {
		ret = gpu_reset(job->gpu);
		atomic_fetch_add(&job->resets, 1);
		sleep_ms(20 + (unsigned int)(now_ns() / 1000 % 80));
	}
	return ret;
}

/* W12: a reset may delay a read; it is never an error of the read. */
TEST_F_TIMEOUT(reset_hammer, thousand_reads_racing_resets_see_no_error, 150)
{							/* W12 */
	struct resetter job = { .gpu = &self->gpu };
	struct worker resetter;
	unsigned int reads = 0;
	char buf[4096];
	ssize_t n = (ssize_t)sizeof(buf);

	NEEDS_TESTBLOCK(&self->gpu);
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, READY_AFTER_MS));
	ASSERT_EQ(0, worker_start(&resetter, reset_over_and_over, &job));
	while (n == (ssize_t)sizeof(buf) &&
	       (reads < 1000 || atomic_load(&job.resets) < 40)) {
		n = gpu_read(&self->gpu, GPU_USEMEM, reads % 1000 * 8191ull,
			     buf, sizeof(buf));
		reads++;
	}
	atomic_store(&job.stop, true);
	EXPECT_EQ(0, worker_wait(&resetter, 10000));
	EXPECT_EQ((ssize_t)sizeof(buf), n)
		TH_LOG("in read %u", reads);
	TH_LOG("%u reads, %u resets", reads, atomic_load(&job.resets));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

TEST_HARNESS_MAIN
