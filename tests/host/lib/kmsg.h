/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log from a mark on: how often did it say a thing, and how loudly. */
#ifndef HOST_KMSG_H
#define HOST_KMSG_H

struct kmsg {
	int fd;
	char *text;	/* records since the mark, one per line */
	unsigned long used, room;
};

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

/* Prints what kmsg_count() counts, as test diagnostics. */
void kmsg_show(struct kmsg *log, int level, const char *a, const char *b);

#endif
