// SPDX-License-Identifier: GPL-2.0-only
/* Figures; see row.h. */

#include "row.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sysfs.h"

uint64_t instructions(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
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

uint64_t page_table_kib(void)
{
	char *status = file_slurp("/proc/self/status"), *line;
	unsigned long long kib = 0;

	line = status ? strstr(status, "VmPTE:") : NULL;
	must(line && sscanf(line, "VmPTE: %llu", &kib) == 1, "VmPTE");
	free(status);
	return kib;
}
