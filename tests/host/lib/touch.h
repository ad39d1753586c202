/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory accesses that may end in a signal, from any thread: each returns 0,
 * -EFAULT for SIGBUS, or -ENXIO for SIGSEGV (nothing mapped there).
 */
#ifndef HOST_TOUCH_H
#define HOST_TOUCH_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int touch_read(const volatile void *at, uint64_t *value);
int touch_write(volatile void *at, uint64_t value);
/* Reads until the memory is taken away: work for a worker. */
int touch_until_gone(void *at);
/* The same, or until told to stop. */
struct toucher {
	const volatile void *at;
	_Atomic bool stop;
};
int touch_until_stopped(void *toucher);
int touch_read_byte(const volatile void *at, uint8_t *value);

/* The signal that ended this thread's last failed access. */
const siginfo_t *touch_signal(void);

/* Reads one word per @step bytes: the first failure, or 0. */
int touch_every(const volatile void *at, size_t len, size_t step);

/*
 * A pattern in which every eight-byte word tells its own position, so that a
 * shifted, stale or swapped byte cannot look right.  @seed tells runs apart.
 */
uint64_t pattern_word(uint64_t seed, uint64_t index);
void pattern_fill(void *buf, size_t len, uint64_t seed, uint64_t at);
/* Index of the first wrong byte, or @len. */
size_t pattern_check(const void *buf, size_t len, uint64_t seed, uint64_t at);

/* SEED from the environment, else from the clock; printed either way. */
uint64_t test_seed(void);
uint64_t next_random(uint64_t *state);

#endif
