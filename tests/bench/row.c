// SPDX-License-Identifier: GPL-2.0-only
/* Figures; see row.h. */

#include "row.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <time.h>
#include <unistd.h>

#include "sysfs.h"

/*
 * What mm pays for a mapping depends on what is beside it: no two runs, and no two
 * drivers, would be alike.
 */
static void lie_where_all_lie(char **argv)
{
	const unsigned long current = 0xffffffff;

	if (personality(current) & ADDR_NO_RANDOMIZE)
		return;
	must(personality(ADDR_NO_RANDOMIZE) >= 0, "personality");
	execv("/proc/self/exe", argv);
	must(0, "exec");
}

/*
 * Ahead of whatever else wakes up. A kernel that is not preempted charges what it wakes
 * with all that passes until it lets go of the CPU (see rq_clock_skip_update() there):
 * a thread's CPU time would lack pieces of what was done for it.
 */
static void go_ahead(void)
{
	static const struct sched_param least = { .sched_priority = 1 };

	must(!file_write("/proc/sys/kernel/sched_rt_runtime_us", "-1") &&
	     !sched_setscheduler(0, SCHED_RR, &least), "SCHED_RR");
}

static void __attribute__((constructor)) begin(int argc, char **argv)
{
	(void)argc;
	lie_where_all_lie(argv);
	go_ahead();
}

static uint64_t ns_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t instructions(void)
{
	return ns_of(CLOCK_THREAD_CPUTIME_ID);
}

/* Takes what time nobody else wants. */
static void *idle(void *nothing)
{
	static const struct sched_param none;

	must(!sched_setscheduler(0, SCHED_IDLE, &none), "SCHED_IDLE");
	for (;;)
		;
	return nothing;
}

/* The clock of a thread that is idle instead of the CPU: that one is never idle. */
static clockid_t idle_clock(void)
{
	static clockid_t clock;
	static bool runs;
	pthread_t thread;

	if (!runs) {
		runs = true;
		must(!pthread_create(&thread, NULL, idle, NULL) &&
		     !pthread_getcpuclockid(thread, &clock), "idle thread");
	}
	return clock;
}

uint64_t instructions_of_all(void)
{
	return ns_of(CLOCK_MONOTONIC) - ns_of(idle_clock());
}

static struct row new_row(const char *unit, uint64_t limit, const char *name, va_list args)
{
	struct row row = { .unit = unit, .limit = limit, .least = UINT64_MAX };

	vsnprintf(row.name, sizeof(row.name), name, args);
	return row;
}

struct row row_of(const char *unit, uint64_t limit, const char *name, ...)
{
	struct row row;
	va_list args;

	va_start(args, name);
	row = new_row(unit, limit, name, args);
	va_end(args);
	return row;
}

void row_add(struct row *row, uint64_t value)
{
	if (value < row->least)
		row->least = value;
	if (value > row->most)
		row->most = value;
}

void row_print(const struct row *row)
{
	printf("# bench.%s=%llu %llu %s %llu\n", row->name,
	       (unsigned long long)row->least, (unsigned long long)row->most,
	       row->unit, (unsigned long long)row->limit);
	fflush(stdout);
}

void row_of_one(uint64_t value, const char *unit, uint64_t limit, const char *name, ...)
{
	struct row row;
	va_list args;

	va_start(args, name);
	row = new_row(unit, limit, name, args);
	va_end(args);
	row_add(&row, value);
	row_print(&row);
}

void must(int ok, const char *what)
{
	if (ok)
		return;
	printf("# %s: %s\n", what, strerror(errno));
	exit(1);
}

void for_sizes(void (*with)(unsigned int nr, const char *size))
{
	char *sizes = strdup(getenv("SIZES") ?: ""), *size;
	unsigned int nr = 0;

	for (size = strtok(sizes, " "); size; size = strtok(NULL, " "))
		with(nr++, size);
	free(sizes);
}

uint64_t page_table_kib(void)
{
	char *status = file_slurp("/proc/self/status"), *line;
	unsigned long long kib = 0;

	line = status ? strstr(status, "VmPTE:") : NULL;
	must(line && sscanf(line, "VmPTE: %llu", &kib) == 1, "VmPTE");
	free(status);
	return kib;
}
