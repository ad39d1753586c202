/* SPDX-License-Identifier: GPL-2.0-only */
/* Monotonic time, sleeping, and how badly the machine under the test stalls. */
#ifndef HOST_CLOCK_H
#define HOST_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

uint64_t now_ns(void);
uint64_t now_ms(void);
void sleep_ms(unsigned int ms);

/*
 * A witness tells emulation stalls from driver latency: on every CPU a thread
 * that sleeps a millisecond at a time and remembers its longest oversleep.  A
 * latency sample taken while one of them overslept says nothing about the driver.
 */
struct witness;
struct witness *witness_start(void);
void witness_clear(struct witness *witness);
uint64_t witness_longest_ns(const struct witness *witness);
void witness_stop(struct witness *witness);

#endif
