// SPDX-License-Identifier: GPL-2.0-only
/* How recovery ends. */
#include "recovery.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "clock.h"

bool recovery_is_new(void)
{
	unsigned int version, patchlevel;
	struct utsname name;

	return !uname(&name) &&
	       sscanf(name.release, "%u.%u", &version, &patchlevel) == 2 &&
	       version * 1000 + patchlevel >= 6018;
}

int recovery_wait(struct kmsg *log)
{
	uint64_t deadline = now_ms() + RECOVERY_MS;

	while (now_ms() < deadline) {
		if (kmsg_count(log, KMSG_ANY, "AER: device recovery", "successful"))
			return 0;
		if (kmsg_count(log, KMSG_ANY, "AER: device recovery", "failed"))
			return -ECANCELED;
		sleep_ms(20);
	}
	return -ETIMEDOUT;
}
