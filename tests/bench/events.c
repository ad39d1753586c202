// SPDX-License-Identifier: GPL-2.0-only
/* Trace events; see events.h. */

#include "events.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "row.h"
#include "sysfs.h"

#define TRACING "/sys/kernel/tracing/"

void events_forget(void)
{
	int fd = open(TRACING "trace", O_WRONLY | O_TRUNC | O_CLOEXEC);

	must(fd >= 0, "forgetting trace events");
	close(fd);
}

static void set(const char *event, const char *what, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), TRACING "events/%s/%s", event, what);
	must(!file_write(path, value), event);
}

void events_begin(const char *event, const char *filter)
{
	set(event, "filter", filter);
	set(event, "enable", "1");
}

void events_end(const char *event)
{
	set(event, "enable", "0");
	set(event, "filter", "0");
}

/* The number behind @name in one CPU's statistics. */
static uint64_t statistic(const char *stats, const char *name)
{
	const char *at = strstr(stats, name);

	must(at != NULL, name);
	return strtoull(at + strlen(name), NULL, 10);
}

static uint64_t counted_by(const char *path)
{
	char *stats = file_slurp(path);
	uint64_t count;

	must(stats != NULL, path);
	count = statistic(stats, "entries: ") + statistic(stats, "\noverrun: ") +
		statistic(stats, "\ndropped events: ");
	free(stats);
	return count;
}

uint64_t events_counted(void)
{
	uint64_t count = 0;
	glob_t found;
	size_t i;

	must(!glob(TRACING "per_cpu/cpu*/stats", 0, NULL, &found), "trace statistics");
	for (i = 0; i < found.gl_pathc; i++)
		count += counted_by(found.gl_pathv[i]);
	globfree(&found);
	return count;
}

char *events_text(void)
{
	char *text = file_slurp(TRACING "trace");

	must(text != NULL, "trace");
	return text;
}
