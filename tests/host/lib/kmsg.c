// SPDX-License-Identifier: GPL-2.0-only
/* Reader of /dev/kmsg; a record reads "prio,seq,time,flags;text\n". */

#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define RECORD_MAX	8192

int kmsg_mark(struct kmsg *log)
{
	*log = (struct kmsg){ .room = 1 << 20 };
	log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log->fd < 0)
		return -errno;
	log->text = calloc(1, log->room);
	if (!log->text)
		return -ENOMEM;
	return lseek(log->fd, 0, SEEK_END) < 0 ? -errno : 0;
}

void kmsg_close(struct kmsg *log)
{
	if (log->fd >= 0)
		close(log->fd);
	free(log->text);
	log->text = NULL;
}

/* A record overwritten before it was read (EPIPE) is skipped, as dmesg does. */
static void drain(struct kmsg *log)
{
	ssize_t n;

	while (log->used + RECORD_MAX < log->room) {
		n = read(log->fd, log->text + log->used, RECORD_MAX);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			break;
		log->used += (unsigned long)n;
	}
	log->text[log->used] = '\0';
}

static bool matches(const char *record, int level, const char *a, const char *b)
{
	/* Lines that open with a blank continue a record: its key=value part. */
	if (*record == ' ' || (atoi(record) & 7) > level)
		return false;
	if (strstr(record, "failed with error"))
		return false;
	return (!a || strstr(record, a)) && (!b || strstr(record, b));
}

static unsigned int walk(struct kmsg *log, int level, const char *a,
			 const char *b, bool show)
{
	unsigned int count = 0;
	char *copy, *save, *line;

	drain(log);
	copy = strdup(log->text);
	for (line = copy ? strtok_r(copy, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!matches(line, level, a, b))
			continue;
		count++;
		if (show)
			fprintf(stderr, "# log: %s\n", line);
	}
	free(copy);
	return count;
}

unsigned int kmsg_count(struct kmsg *log, int level, const char *a,
			const char *b)
{
	return walk(log, level, a, b, false);
}

int kmsg_wait(struct kmsg *log, int level, const char *a, const char *b,
	      unsigned int count, unsigned int ms)
{
	uint64_t deadline = now_ms() + ms;

	while (kmsg_count(log, level, a, b) < count) {
		if (now_ms() > deadline)
			return -ETIMEDOUT;
		sleep_ms(5);
	}
	return 0;
}

void kmsg_show(struct kmsg *log, int level, const char *a, const char *b)
{
	walk(log, level, a, b, true);
}
