/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NVGRACE_SYNC_H
#define NVGRACE_SYNC_H

#include "gpu.h"

/*
 * Makes the driver's list and what is saved in @directory the same: 0, or -1 after a message.
 * A GPU that is unbound meanwhile is no error.
 */
int sync_gpu(struct gpu *gpu, const char *directory);

#endif
