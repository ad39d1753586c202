/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Upstream's harness as it is, but for where it starts:
 *
 *   SLOWNESS=n   gives every case n times its time. Its limits are for GPUs whose memory is
 *                ready soon after a reset, and for kernels without checks; one may take minutes.
 *   CASE=names   runs only these cases, of those that the arguments choose: names as in the
 *                results (fixture.case, fixture.variant.case) or their last parts, with
 *                commas between them.
 *
 * This directory comes before upstream's on the compiler's search path; tests/peer has the
 * compiler include this file first.
 */
#ifndef KSELFTEST_HARNESS_WITH_SLOWNESS_H
#define KSELFTEST_HARNESS_WITH_SLOWNESS_H

#include_next <kselftest_harness.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Is one of the names in CASE that of this case? */
static inline bool case_is_wanted(const char *names, const char *fixture, const char *variant,
				  const char *test)
{
	char list[2048], whole[512], family[512], *name, *rest = list;

	snprintf(list, sizeof(list), "%s", names);
	snprintf(whole, sizeof(whole), "%s.%s%s%s", fixture, variant, *variant ? "." : "", test);
	snprintf(family, sizeof(family), "%s.%s", fixture, test);
	while ((name = strsep(&rest, ",")))
		if (!strcmp(name, test) || !strcmp(name, family) || !strcmp(name, whole))
			return true;
	return false;
}

/* The harness takes cases by name: those that the arguments choose and CASE wants. */
static inline int name_wanted_cases(int argc, char **argv, const char *names, char **named)
{
	static struct __fixture_variant_metadata none = { .name = "" };
	struct __fixture_variant_metadata *variant;
	struct __fixture_metadata *fixture;
	struct __test_metadata *test;
	int count = 0;

	for (fixture = __fixture_list; fixture; fixture = fixture->next)
		for (variant = fixture->variant ?: &none; variant; variant = variant->next)
			for (test = fixture->tests; test; test = test->next) {
				if (!test_enabled(argc, argv, fixture, variant, test) ||
				    !case_is_wanted(names, fixture->name, variant->name, test->name))
					continue;
				named[count++] = "-r";
				if (asprintf(&named[count++], "%s.%s%s%s", fixture->name, variant->name,
					     *variant->name ? "." : "", test->name) < 0)
					exit(KSFT_FAIL);
			}
	return count;
}

static inline int run_wanted_cases(int argc, char **argv)
{
	/* Without any name after it all cases would run. */
	static char *named[4096] = { [1] = "-r", [2] = "" };
	const char *names = getenv("CASE");
	int count;

	stretch_limits();
	if (!names || !*names)
		return test_harness_run(argc, argv);
	named[0] = argv[0];
	count = name_wanted_cases(argc, argv, names, named + 1);
	/* The harness goes on where getopt() stopped. */
	optind = 1;
	return test_harness_run(1 + (count ?: 2), named);
}

/* Whoever calls it: a main() of upstream's, or of its own. */
#define test_harness_run(argc, argv) run_wanted_cases(argc, argv)

#endif
