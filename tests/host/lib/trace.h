/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's tracepoints, all on, and calls of functions of the kernel, in a trace
 * instance of the test's own: what else the host traces stays out.
 */
#ifndef HOST_TRACE_H
#define HOST_TRACE_H

#include <stdbool.h>

/* From an empty trace on: 0 or -errno. */
int trace_begin(void);
void trace_end(void);

/* Calls of a function of the kernel are traced, too, as "name: (...": 0 or -errno. */
int trace_calls_of(const char *function);

/*
 * Does the trace get, within three seconds, an event of the driver that begins with the words
 * of @format, after those that were found before? Prints the trace if not.
 */
__attribute__((format(printf, 1, 2)))
bool trace_has(const char *format, ...);

#endif
