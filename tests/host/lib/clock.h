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
 * that sleeps a millisecond at a time and remembers when it last overslept by
 * more than WITNESS_STALL_NS.  A latency sample taken around such a moment says
 * nothing about the driver.
 */
#define WITNESS_STALL_NS	6000000ull

struct witness;
struct witness *witness_start(void);
bool witness_stalled_since(const struct witness *witness, uint64_t since_ns);
void witness_stop(struct witness *witness);

#endif
