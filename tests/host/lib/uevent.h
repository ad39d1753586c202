/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's own uevents, to which any local process may listen. */
#ifndef HOST_UEVENT_H
#define HOST_UEVENT_H

#include <stdbool.h>
#include <sys/types.h>

/* "ACTION@path", then "KEY=value", each ended by 0. */
struct uevent {
	char text[4096];
	ssize_t len;
};

/* A socket to be closed, or -errno. */
int uevent_listen(void);

/* The next event that has this key: 0, or -ETIMEDOUT after 3 s without an event. */
int uevent_wait(int socket, const char *key, struct uevent *event);

/* NULL if it has no such key. */
const char *uevent_value(const struct uevent *event, const char *key);

/* A number, decimal; ~0 if there is none. */
unsigned long long uevent_number(const struct uevent *event, const char *key);

/* Anywhere in it. */
bool uevent_has(const struct uevent *event, const char *text);

#endif
