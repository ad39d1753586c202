/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that fail on demand, where the kernel has fault injection (its
 * Documentation/fault-injection/fault-injection.rst): one at a time, until every
 * allocation of some behaviour has had its turn.
 *
 * Vocabulary
 *   sweep    a call is repeated, its n-th allocation failing, for n = 1, 2, 3, …
 *            until it makes fewer than n. Counted is what the kernel allocates in
 *            the calling thread, the driver's as well as everybody else's.
 *   away     allocations in any thread with the driver's code in its stack: what
 *            work items do, whose thread nobody knows beforehand.
 *
 * A failed allocation need not fail the call: some have a fallback, and the kernel's
 * leak detector allocates a record (from a reserve, if it must) for each.
 */
#ifndef HOST_FAILNTH_H
#define HOST_FAILNTH_H

#include <stdbool.h>
#include <stdint.h>

struct sweep {
	int fd;			/* of the thread that began it, and sweeps */
	unsigned int nth;
	unsigned int failed;	/* allocations */
	unsigned int refused;	/* calls that failed with their allocation */
	int result;		/* of the last call */
};

/* 0 or -errno: -ENOENT if this kernel cannot. */
int sweep_begin(struct sweep *sweep);
void sweep_end(struct sweep *sweep);

/*
 * Until the next sweep, what this function of the kernel allocates, or has others
 * allocate for it, does not fail: for kernels that do not survive it. -ENOENT if
 * there is no such function.
 */
int sweep_spare(const char *function);

/*
 * Calls once more; @call returns 0 or -errno. False when no allocation failed: the
 * sweep is through, and the result is that of an undisturbed call.
 */
bool sweep_step(struct sweep *sweep, int (*call)(void *arg), void *arg);

/* In a test whose fixture has a sweep, and is what @call takes. */
#define SWEEP(call) while (sweep_step(&self->sweep, call, self))

/*
 * The same for allocations away from this thread, as far as they are ended when @call
 * returns. Slab objects only, and told by their sizes: the driver's n-th 64 bytes
 * fail, so that an object of more than that fails several times, and none never.
 */
bool away_step(struct sweep *sweep, int (*call)(void *arg), void *arg);

/*
 * What is true of a sweep that is through: at least @failures allocations failed, with
 * @refusals of them the call, and undisturbed it succeeds.
 */
#define EXPECT_SWEPT(sweep, failures, refusals) do {			\
	TH_LOG("%u allocations failed, %u with the call",		\
	       (sweep)->failed, (sweep)->refused);			\
	EXPECT_EQ(0, (sweep)->result);					\
	EXPECT_GE((sweep)->failed, failures);				\
	EXPECT_GE((sweep)->refused, refusals);				\
} while (0)

#define EXPECT_OUT_OF_MEMORY_OR_0(sweep) do {				\
	if ((sweep)->result)						\
		EXPECT_EQ(-ENOMEM, (sweep)->result)			\
			TH_LOG("allocation %u", (sweep)->nth);		\
} while (0)

#endif
