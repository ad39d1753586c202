/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's trace events, of all CPUs: how many there were, and what they say.
 * One user at a time. Whatever cannot be had ends the program.
 */
#ifndef BENCH_EVENTS_H
#define BENCH_EVENTS_H

#include <stdint.h>

/*
 * Forgets what was traced; begins or ends with an event ("kvm/kvm_guest_fault"), or with
 * those of them that @filter lets through ("0": all).
 */
void events_forget(void);
void events_begin(const char *event, const char *filter);
void events_end(const char *event);

/* Events since events_forget(), also those that there was no room for. */
uint64_t events_counted(void);

/* Those that there was room for, one line each; to be freed. */
char *events_text(void);

#endif
