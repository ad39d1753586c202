/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Upstream's harness as it is, but for where it starts: SLOWNESS=n in the environment gives
 * every case n times its time. Its limits are for GPUs whose memory is ready soon after a
 * reset, and for kernels without checks; one may take minutes.
 *
 * This directory comes before upstream's on the compiler's search path; tests/peer has the
 * compiler include this file first.
 */
#ifndef KSELFTEST_HARNESS_WITH_SLOWNESS_H
#define KSELFTEST_HARNESS_WITH_SLOWNESS_H

#include_next <kselftest_harness.h>

static inline void stretch_limits(void)
{
	const char *slowness = getenv("SLOWNESS");
	int factor = slowness ? atoi(slowness) : 1;
	struct __fixture_metadata *fixture;
	struct __test_metadata *test;

	for (fixture = __fixture_list; fixture; fixture = fixture->next)
		for (test = fixture->tests; test; test = test->next)
			if (test->timeout > 0 && factor > 1)
				test->timeout *= factor;
}

/* Whoever calls it: a main() of upstream's, or of its own. */
#define test_harness_run(argc, argv)	\
	(stretch_limits(), test_harness_run(argc, argv))

#endif
