// SPDX-License-Identifier: GPL-2.0-only
/*
 * W2: a read into an unfaulted mapping of the same memory while the device is
 * reset over and over.  The in-tree driver copies to the user under the lock
 * that the fault handler needs and that the reset waits for: both threads then
 * hang for good, so this program runs alone.
 */

#include <errno.h>
#include <string.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define PIECE		(256 << 10)
#define ROUNDS		60	/* on a slow kernel as many as the time allows, */
#define ROUNDS_MIN	10	/* but never fewer than these */
#define TIME_MS		60000
#define STUCK_MS	240000

FIXTURE(rw_own_mapping) {
	struct gpu gpu;
};

FIXTURE_VARIANT(rw_own_mapping) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(rw_own_mapping);

FIXTURE_SETUP(rw_own_mapping)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
}

FIXTURE_TEARDOWN(rw_own_mapping)
{
	gpu_close(&self->gpu);
}

struct job {
	const struct gpu *gpu;
	unsigned int region;
	bool write;
	_Atomic unsigned int rounds;
	_Atomic bool stop;
	unsigned int resets;
};

static int reset_over_and_over(void *arg)
{
	struct job *job = arg;
	int ret = 0;

	while (!ret && !atomic_load(&job->stop)) {
		ret = gpu_reset(job->gpu);
		job->resets++;
		/* The next one strikes at another point of the copy. */
		sleep_ms((unsigned int)(now_ns() / 1000 % 8));
	}
	return ret;
}

/*
 * One round: a fresh mapping, which no page table knows yet, as the buffer.  It
 * starts at an odd page, so that the copy meets a fault at every page.
 */
static int one_round(const struct job *job)
{
	char *room = reserve_aligned(pmd_size(), pmd_size());
	char *map = gpu_map_fixed(job->gpu, job->region, MIB(8), PIECE,
				  PROT_READ | PROT_WRITE, room + page_size());
	ssize_t n;

	if (map == MAP_FAILED)
		return -errno;
	if (job->write)
		n = gpu_write(job->gpu, job->region, 0, map, PIECE);
	else
		n = gpu_read(job->gpu, job->region, 0, map, PIECE);
	munmap(room, pmd_size());
	if (n != PIECE)
		return n < 0 ? (int)n : -EMSGSIZE;
	return 0;
}

static int copy_over_and_over(void *arg)
{
	uint64_t end = now_ms() + TIME_MS;
	struct job *job = arg;
	int ret = 0;

	while (!ret && atomic_load(&job->rounds) < ROUNDS &&
	       (now_ms() < end || atomic_load(&job->rounds) < ROUNDS_MIN)) {
		ret = one_round(job);
		atomic_fetch_add(&job->rounds, 1);
	}
	return ret;
}

/* 0 when both threads came to an end in time. */
static int race(struct job *job)
{
	struct worker copier, resetter;
	int ret;

	if (worker_start(&resetter, reset_over_and_over, job) ||
	    worker_start(&copier, copy_over_and_over, job))
		return -EAGAIN;
	ret = worker_wait(&copier, STUCK_MS);
	atomic_store(&job->stop, true);
	if (ret)
		return ret;
	return worker_wait(&resetter, 10000);
}

TEST_F_TIMEOUT(rw_own_mapping,
	       read_into_own_unfaulted_mapping_during_resets_completes, 270)
{							/* W2 */
	struct job job = { .gpu = &self->gpu, .region = variant->region };

	EXPECT_EQ(0, race(&job))
		TH_LOG("stuck or failed in round %u", atomic_load(&job.rounds));
	TH_LOG("%u resets during %u reads", job.resets,
	       atomic_load(&job.rounds));
	EXPECT_GE(atomic_load(&job.rounds), ROUNDS_MIN);
	EXPECT_GT(job.resets, 1);
}

TEST_F_TIMEOUT(rw_own_mapping,
	       write_from_own_unfaulted_mapping_during_resets_completes, 270)
{							/* W2 */
	struct job job = {
		.gpu = &self->gpu, .region = variant->region, .write = true,
	};

	EXPECT_EQ(0, race(&job))
		TH_LOG("stuck or failed in round %u", atomic_load(&job.rounds));
	EXPECT_GE(atomic_load(&job.rounds), ROUNDS_MIN);
	EXPECT_GT(job.resets, 1);
}

TEST_HARNESS_MAIN
