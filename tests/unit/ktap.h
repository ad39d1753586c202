/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of test functions that speaks KTAP.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The plan is printed first: a program that dies on the way has said how many
 * results are missing. A failed expectation is printed with its place and
 * values and the test goes on; after FAILURES_SHOWN of them it goes on
 * silently, since one mistake tends to show at every offset.
 *
 * Random tests draw from one generator, seeded from the environment variable
 * SEED or from the clock; the seed is printed.
 */
#ifndef UNIT_KTAP_H
#define UNIT_KTAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/types.h>

#define FAILURES_SHOWN 8

struct test {
	const char *name;
	void (*run)(void);
};

static unsigned int failures;
static u64 random_state;

__attribute__((format(printf, 4, 5)))
static inline void expect_failed(const char *file, int line, const char *expr,
				 const char *fmt, ...)
{
	va_list args;

	if (failures++ >= FAILURES_SHOWN)
		return;
	printf("# %s:%d: expected %s; ", file, line, expr);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

/* expect(condition, format, values...): the values say what was seen. */
#define expect(cond, ...) do {						\
	if (!(cond))							\
		expect_failed(__FILE__, __LINE__, #cond, __VA_ARGS__);	\
} while (0)

/* xorshift64*: small, and the same numbers on every machine. */
static inline u64 random_u64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dULL;
}

static inline u64 random_below(u64 limit)
{
	return random_u64() % limit;
}

static inline void random_init(void)
{
	const char *seed = getenv("SEED");

	if (seed)
		random_state = strtoull(seed, NULL, 0);
	else
		random_state = (u64)time(NULL) * 1000003 + clock();
	/* Zero is the one state the generator never leaves. */
	if (!random_state)
		random_state = 1;
	printf("# SEED=%llu\n", random_state);
}

static inline bool run_test(const struct test *test, unsigned int number)
{
	failures = 0;
	fflush(stdout);
	test->run();
	if (failures > FAILURES_SHOWN)
		printf("# %u more\n", failures - FAILURES_SHOWN);
	printf("%s %u %s\n", failures ? "not ok" : "ok", number, test->name);
	return !failures;
}

/* All tests, or those named in the arguments: program [test]... */
static inline bool is_wanted(const struct test *test, char *const *names)
{
	bool any = false;

	for (; *names; names++) {
		if (!strcmp(*names, test->name))
			return true;
		any = true;
	}
	return !any;
}

static inline int run_tests(const struct test *tests, unsigned int count,
			    char *const *names)
{
	unsigned int i, wanted = 0, done = 0, passed = 0;

	for (i = 0; i < count; i++)
		wanted += is_wanted(&tests[i], names);
	printf("KTAP version 1\n1..%u\n", wanted);
	random_init();
	for (i = 0; i < count; i++)
		if (is_wanted(&tests[i], names))
			passed += run_test(&tests[i], ++done);
	printf("# Totals: pass:%u fail:%u\n", passed, done - passed);
	return done && passed == done ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
