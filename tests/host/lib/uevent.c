// SPDX-License-Identifier: GPL-2.0-only
/* See uevent.h. */

#include "uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int uevent_listen(void)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	struct timeval patience = { .tv_sec = 3 };
	int events = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	int error;

	if (events < 0)
		return -errno;
	if (!bind(events, (void *)&kernel, sizeof(kernel)) &&
	    !setsockopt(events, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		return events;
	error = errno;
	close(events);
	return -error;
}

int uevent_wait(int socket, const char *key, struct uevent *event)
{
	do {
		event->len = recv(socket, event->text, sizeof(event->text) - 1, 0);
		if (event->len < 0)
			return -ETIMEDOUT;
		event->text[event->len] = '\0';
	} while (!uevent_value(event, key));
	return 0;
}

const char *uevent_value(const struct uevent *event, const char *key)
{
	size_t len = strlen(key);
	const char *word;

	for (word = event->text; word < event->text + event->len; word += strlen(word) + 1)
		if (!strncmp(word, key, len) && word[len] == '=')
			return word + len + 1;
	return NULL;
}

unsigned long long uevent_number(const struct uevent *event, const char *key)
{
	const char *value = uevent_value(event, key);
	unsigned long long number;
	char *end;

	if (!value)
		return ~0ULL;
	number = strtoull(value, &end, 10);
	return *value && !*end ? number : ~0ULL;
}

bool uevent_has(const struct uevent *event, const char *text)
{
	return memmem(event->text, event->len, text, strlen(text));
}
