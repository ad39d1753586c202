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

#include "clock.h"
#include "sysfs.h"

#define TRACING	"/sys/kernel/tracing"
#define INSTANCE	TRACING "/instances/nvgrace_gpu_test"
#define EVENT_MS	3000	/* some come from a work item, after what they tell of */

static size_t found_up_to;

int trace_begin(void)
{
	/* A test that was killed leaves its own. */
	trace_end();
	found_up_to = 0;
	if (mkdir(INSTANCE, 0700))
		return -errno;
	return file_write(INSTANCE "/events/nvgrace_gpu/enable", "1");
}

void trace_end(void)
{
	rmdir(INSTANCE);
	/* Probes are there for all instances. */
	file_write(TRACING "/kprobe_events", "-:nvgrace_gpu_test/");
}

int trace_calls_of(const char *function)
{
	char probe[160];
	int ret;

	snprintf(probe, sizeof(probe), "p:nvgrace_gpu_test/%s %s", function, function);
	ret = file_write(TRACING "/kprobe_events", probe);
	return ret ?: file_write(INSTANCE "/events/nvgrace_gpu_test/enable", "1");
}

/* Found events are not looked at again. */
static bool find(const char *trace, const char *wanted)
{
	const char *at;

	if (!trace || strlen(trace) < found_up_to)
		return false;
	at = strstr(trace + found_up_to, wanted);
	if (!at)
		return false;
	found_up_to = at + strlen(wanted) - trace;
	return true;
}

bool trace_has(const char *format, ...)
{
	uint64_t deadline = now_ms() + EVENT_MS;
	char wanted[160], *trace;
	va_list words;
	bool found;

	va_start(words, format);
	vsnprintf(wanted, sizeof(wanted), format, words);
	va_end(words);

	for (;;) {
		trace = file_slurp(INSTANCE "/trace");
		found = find(trace, wanted);
		if (found || now_ms() > deadline)
			break;
		free(trace);
		sleep_ms(10);
	}
	if (!found)
		printf("# no \"%s\" in:\n%s", wanted, trace ?: "no trace");
	free(trace);
	return found;
}
