// SPDX-License-Identifier: GPL-2.0-only
/* Tracepoints of the driver; see trace.h. */

#include "trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sysfs.h"

#define INSTANCE	"/sys/kernel/tracing/instances/nvgrace_gpu_test"

static size_t found_up_to;

int trace_begin(void)
{
	/* A test that was killed leaves its own. */
	rmdir(INSTANCE);
	found_up_to = 0;
	if (mkdir(INSTANCE, 0700))
		return -errno;
	return file_write(INSTANCE "/events/nvgrace_gpu/enable", "1");
}

void trace_end(void)
{
	rmdir(INSTANCE);
}

bool trace_has(const char *format, ...)
{
	char wanted[160], *trace, *at = NULL;
	va_list words;

	va_start(words, format);
	vsnprintf(wanted, sizeof(wanted), format, words);
	va_end(words);

	trace = file_slurp(INSTANCE "/trace");
	if (trace && strlen(trace) >= found_up_to)
		at = strstr(trace + found_up_to, wanted);
	if (at)
		found_up_to = at + strlen(wanted) - trace;
	else
		printf("# no \"%s\" in:\n%s", wanted, trace ?: "no trace");
	free(trace);
	return at;
}
