// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many threads in write() at once, each with a buffer that is slow to read: registers.
 * Whoever resets the GPU waits for one piece of 256 KiB on each CPU, not for one of each
 * thread.
 */

#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "variants.h"
#include "worker.h"

#define THREADS_MAX	64
#define PIECE		(256 << 10)	/* bytes per hold of the driver's locks */
#define REGISTERS_AT	MIB(4)		/* where they do nothing */
#define TRIES		3
/*
 * A reset may take as much longer as so many pieces, one after the other: one would do, if
 * the machine had nothing else to do. A piece of each thread takes twice as long as this,
 * on two CPUs.
 */
#define PIECES_MAX	(THREADS_MAX / 4)

FIXTURE(rw_crowd) {
	struct gpu gpu;
	void *registers;
	uint64_t piece_ms;
};

static _Atomic bool stop;

static int write_on(void *fixture)
{
	const FIXTURE_DATA(rw_crowd) *self = fixture;

	while (!stop)
		if (gpu_write(&self->gpu, GPU_USEMEM, 0, self->registers, PIECE) < 0)
			return -EIO;
	return 0;
}

/* The quickest of some resets, ms. */
static uint64_t reset_ms(const struct gpu *gpu)
{
	uint64_t best = UINT64_MAX, before;
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		before = now_ms();
		if (gpu_reset(gpu))
			return UINT64_MAX;
		if (now_ms() - before < best)
			best = now_ms() - before;
		/* All of them are to be in write() again. */
		sleep_ms(1000);
	}
	return best;
}

FIXTURE_SETUP(rw_crowd)
{
	uint64_t before;

	SETUP_GPU(&self->gpu, 0);
	self->registers = gpu_map(&self->gpu, VFIO_PCI_BAR0_REGION_INDEX, REGISTERS_AT, PIECE,
				  PROT_READ);
	ASSERT_NE(MAP_FAILED, self->registers);
	ASSERT_EQ(PIECE, gpu_write(&self->gpu, GPU_USEMEM, 0, self->registers, PIECE));
	before = now_ms();
	ASSERT_EQ(PIECE, gpu_write(&self->gpu, GPU_USEMEM, 0, self->registers, PIECE));
	self->piece_ms = now_ms() - before;
}

FIXTURE_TEARDOWN(rw_crowd)
{
	munmap(self->registers, PIECE);
	gpu_close(&self->gpu);
}

/* The same, while so many threads are in write(). */
static uint64_t reset_among(FIXTURE_DATA(rw_crowd) *self, unsigned int threads)
{
	const struct sched_param first = { .sched_priority = 1 }, usual = { 0 };
	struct worker workers[THREADS_MAX];
	unsigned int i, failed = 0;
	uint64_t ms;

	stop = false;
	for (i = 0; i < threads; i++)
		failed += !!worker_start(&workers[i], write_on, self);
	/* What is measured is what a reset waits for, not how this thread gets a CPU. */
	failed += !!sched_setscheduler(0, SCHED_FIFO, &first);
	sleep_ms(1000);
	ms = reset_ms(&self->gpu);
	failed += !!sched_setscheduler(0, SCHED_OTHER, &usual);
	stop = true;
	for (i = 0; i < threads; i++)
		failed += !!worker_wait(&workers[i], 20000);
	return failed ? UINT64_MAX : ms;
}

TEST_F_TIMEOUT(rw_crowd, reset_waits_for_one_piece_on_each_cpu, 150)
{
	uint64_t alone, among_one, among_many;

	/* Slow enough to be told from everything else. */
	ASSERT_LE(2, self->piece_ms);
	alone = reset_ms(&self->gpu);
	ASSERT_NE(UINT64_MAX, alone);
	among_one = reset_among(self, 1);
	among_many = reset_among(self, THREADS_MAX);
	TH_LOG("a piece takes %llu ms, a reset %llu ms, with 1 thread %llu ms, with %u %llu ms",
	       (unsigned long long)self->piece_ms, (unsigned long long)alone,
	       (unsigned long long)among_one, THREADS_MAX, (unsigned long long)among_many);
	EXPECT_LT(among_one, alone + PIECES_MAX * self->piece_ms);
	EXPECT_LT(among_many, alone + PIECES_MAX * self->piece_ms);
}

TEST_HARNESS_MAIN
