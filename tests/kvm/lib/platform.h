/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What decides whether this host can give the GPU's memory to a guest.
 *
 * Copyright (C) The nvgrace-gpu authors
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include "s2leaf.h"

/*
 * Reads the platform from /dev/s2leaf and prints "# platform.<what>=<value>"
 * lines: 0 or -1 with errno.
 */
int platform_report(struct s2leaf_platform *platform);

#endif
