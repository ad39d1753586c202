// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random use of a GPU's file descriptor: no answer is wrong, nothing hangs, and the
 * kernel has nothing to say.
 *
 *   SEED=n        the same run again (exactly, but for how threads interleave)
 *   OPERATIONS=n  how many, for each test; a complaint names the one that caused it
 */

#include <stdio.h>

#include "kselftest_harness.h"

#include "fuzzer.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define THREADS		4
#define REPORTS		10

FIXTURE(fuzz) {
	struct gpu gpu;
	uint64_t seed;
	uint64_t operations;
};

FIXTURE_VARIANT(fuzz) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(fuzz);

FIXTURE_SETUP(fuzz)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	self->seed = test_seed();
	self->operations = wanted("OPERATIONS", 20000);
	ASSERT_LT(0, self->operations);
}

FIXTURE_TEARDOWN(fuzz)
{
	gpu_close(&self->gpu);
}

static void say_progress(const struct fuzzer *f)
{
	printf("# %llu operations\n", (unsigned long long)f->done);
	fflush(stdout);
}

TEST_F_TIMEOUT(fuzz, every_answer_is_the_right_one, NO_LIMIT)
{
	uint64_t step = (self->operations + REPORTS - 1) / REPORTS, left;
	struct fuzzer f;

	ASSERT_EQ(0, fuzzer_init(&f, &self->gpu, variant->gpu, self->seed, 0, 1));
	f.administrator = true;
	for (left = self->operations; left; left -= step) {
		if (step > left)
			step = left;
		ASSERT_EQ(0, fuzzer_run(&f, step)) {
			TH_LOG("SEED=%llu repeats it", (unsigned long long)self->seed);
		}
		say_progress(&f);
	}
	figure("fuzz", f.done, "operations");
	fuzzer_done(&f);
}

struct racer {
	struct fuzzer fuzzer;
	uint64_t operations;
	struct worker worker;
};

static int race(void *arg)
{
	struct racer *racer = arg;

	return fuzzer_run(&racer->fuzzer, racer->operations);
}

TEST_F_TIMEOUT(fuzz, threads_do_not_disturb_each_other, NO_LIMIT)
{
	static struct racer racers[THREADS];
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		racers[i].operations = (self->operations + THREADS - 1) / THREADS;
		ASSERT_EQ(0, fuzzer_init(&racers[i].fuzzer, &self->gpu, variant->gpu,
					 self->seed, i, THREADS));
		racers[i].fuzzer.administrator = true;
	}
	for (i = 0; i < THREADS; i++)
		ASSERT_EQ(0, worker_start(&racers[i].worker, race, &racers[i]));
	for (i = 0; i < THREADS; i++) {
		EXPECT_EQ(0, worker_wait(&racers[i].worker, NO_LIMIT * 1000u));
		figure("fuzz", racers[i].fuzzer.done, "operations");
		fuzzer_done(&racers[i].fuzzer);
	}
}

TEST_HARNESS_MAIN
