// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork() against the removal of mappings: a child must have none of the blocks that have
 * been taken away by the time fork() returns.
 *
 * Linux loses that race, but for kernels with the patch of patches/<kernel>/mm.
 * copy_huge_pmd() reads the parent's entry before it takes the lock, and gives the child
 * what it has read; whoever removes the mappings meanwhile has been to the child's, still
 * empty, table by then. Every driver that maps device memory in blocks is hit. A page that
 * is bad, or in reset, so stays mapped until mappings are removed again. Only mm can mend
 * it; this program is the patch's reproducer, and no part of make check, since it hits in
 * one of a hundred rounds. ROUNDS= says how often it tries.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define LEN	GIB(1)

FIXTURE(fork_race) {
	struct gpu gpu;
	char *map;
	_Atomic bool *off;		/* shared with the children */
	uint64_t random;
};

FIXTURE_SETUP(fork_race)
{
	SETUP_GPU(&self->gpu, 0);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, LEN, PROT_READ);
	ASSERT_NE(MAP_FAILED, self->map);
	self->off = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);
	ASSERT_NE(MAP_FAILED, self->off);
	self->random = test_seed();
}

FIXTURE_TEARDOWN(fork_race)
{
	munmap((void *)self->off, page_size());
	munmap(self->map, LEN);
	gpu_close(&self->gpu);
}

/* Takes all mappings away, at another moment of the fork every time. */
static int decode_off(void *fixture)
{
	FIXTURE_DATA(fork_race) *self = fixture;
	uint64_t until = now_ns() + next_random(&self->random) % 2000000;
	int ret;

	while (now_ns() < until)
		;
	ret = gpu_command(&self->gpu, 0, PCI_COMMAND_MEMORY);
	*self->off = true;
	return ret;
}

/* The child: how many blocks it still sees once they have been taken away, 255 at most. */
static int blocks_left(const FIXTURE_DATA(fork_race) *self)
{
	uint64_t at, value;
	int left = 0;

	while (!*self->off)
		;
	for (at = 0; at < LEN; at += pmd_size())
		left += !touch_read(self->map + at, &value);
	return left > 255 ? 255 : left;
}

/* Blocks that a child kept, or -errno. */
static int one_round(FIXTURE_DATA(fork_race) *self)
{
	struct worker worker;
	int status, ret;
	pid_t child;

	ret = gpu_command(&self->gpu, PCI_COMMAND_MEMORY, 0) ?:
	      touch_every(self->map, LEN, pmd_size());
	*self->off = false;
	if (ret || worker_start(&worker, decode_off, self))
		return ret ?: -EAGAIN;
	child = fork();
	if (!child)
		_exit(blocks_left(self));
	ret = worker_wait(&worker, 10000);
	status = child_wait(child, 10000);
	return ret ?: status;
}

TEST_F_TIMEOUT(fork_race, child_has_nothing_that_was_taken_away, 600)
{
	unsigned int rounds = (unsigned int)atoi(getenv("ROUNDS") ?: "200");
	unsigned int i, hit = 0, blocks = 0;
	int left;

	for (i = 0; i < rounds; i++) {
		left = one_round(self);
		ASSERT_LE(0, left);
		hit += left > 0;
		blocks += left;
	}
	TH_LOG("in %u of %u rounds a child kept blocks, %u in all", hit, rounds, blocks);
	EXPECT_EQ(0, blocks);
}

TEST_HARNESS_MAIN
