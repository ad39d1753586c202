/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log from a mark on: how often did it say a thing, and how loudly. */
#ifndef HOST_KMSG_H
#define HOST_KMSG_H

#include <stdint.h>

struct kmsg {
	int fd;
	char *text;	/* records since the mark, one per line */
	unsigned long used, room;
};

/*
 * A user who repeats something so often must not fill the log: printk_ratelimit lets
 * 10 lines of it through in 5 s (include/linux/ratelimit_types.h).
 */
#define KMSG_FLOOD	100

/* So many lines, at most, in that time. */
static inline unsigned int kmsg_limit(uint64_t ms)
{
	return 10 * (ms / 5000 + 2);
}

#define KMSG_ANY	7	/* every level */
#define KMSG_WARN	4	/* warning and worse */

int kmsg_mark(struct kmsg *log);
void kmsg_close(struct kmsg *log);

/*
 * Records since the mark at @level or worse that contain both strings (NULL:
 * anything).  The driver core's own "failed with error" is never counted.
 */
unsigned int kmsg_count(struct kmsg *log, int level, const char *a,
			const char *b);

/*
 * Waits until kmsg_count() is @count or more: the driver says of work in the background
 * when that is done, and the machine may be slow.  -ETIMEDOUT after @ms milliseconds.
 */
int kmsg_wait(struct kmsg *log, int level, const char *a, const char *b,
	      unsigned int count, unsigned int ms);

/* Prints what kmsg_count() counts, as test diagnostics. */
void kmsg_show(struct kmsg *log, int level, const char *a, const char *b);

#endif
