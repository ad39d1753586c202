/* SPDX-License-Identifier: GPL-2.0-only */
/* How the PCI core's recovery from an error (AER) ends, as the kernel log tells. */
#ifndef HOST_RECOVERY_H
#define HOST_RECOVERY_H

#include <stdbool.h>

#include "kmsg.h"

#define RECOVERY_MS	15000

/*
 * Whether this kernel tells drivers that recovery has failed, and resets the bus after an
 * error that leaves the link alone if a driver asks for it: Linux 6.18 began both.
 */
bool recovery_is_new(void);

/* Waits up to RECOVERY_MS: 0 when it has succeeded, -ECANCELED when it has failed. */
int recovery_wait(struct kmsg *log);

#endif
