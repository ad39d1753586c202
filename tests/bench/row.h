/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures, each measured a few times.
 *
 * Instructions are counted by the clock: the emulator runs with "-icount shift=0", so
 * that one nanosecond of a thread's CPU time is one instruction that it, or the kernel
 * for it, has executed. Waiting costs nothing. On any other machine the same numbers are
 * nanoseconds, and mean nothing here.
 *
 * A row is printed as "# bench.<name>=<least> <most> <unit> <limit>": the least and the
 * most of all times, and what arithmetic says it cannot be less than (0: nothing).
 */
#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include <stdint.h>

#define ROUNDS 5

struct row {
	char name[64];
	const char *unit;
	uint64_t limit;
	uint64_t least;
	uint64_t most;
};

/* Instructions of this thread so far. */
uint64_t instructions(void);

/*
 * Of everything, on a machine with one CPU, from the first call on. What threads did that
 * have ended is in it; kernels may lose that of a thread which ended within a tick.
 */
uint64_t instructions_of_all(void);

/* Begins a row: printf()-like name. */
struct row row_of(const char *unit, uint64_t limit, const char *name, ...)
	__attribute__((format(printf, 3, 4)));
void row_add(struct row *row, uint64_t value);
void row_print(const struct row *row);

/* A row of one value. */
void row_of_one(uint64_t value, const char *unit, uint64_t limit, const char *name, ...)
	__attribute__((format(printf, 4, 5)));

/* Instructions of @work, after @prepare, each ROUNDS times. */
#define ROW_OF_INSTRUCTIONS(limit, prepare, work, ...) do {		\
	struct row __row = row_of("instructions", (limit), __VA_ARGS__);\
	uint64_t __before;						\
	int __round;							\
									\
	for (__round = 0; __round < ROUNDS; __round++) {		\
		prepare;						\
		__before = instructions();				\
		work;							\
		row_add(&__row, instructions() - __before);		\
	}								\
	row_print(&__row);						\
} while (0)

/* Ends the program with a line that says what failed. */
void must(int ok, const char *what);

/* For GPU0, GPU1, ...: as many as SIZES in the environment has names for ("4G 96G"). */
void for_sizes(void (*with)(unsigned int nr, const char *size));

/* KiB of this process's page tables. */
uint64_t page_table_kib(void);

#endif
