/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When the memory of which GPU is zeroed between its users, as an administrator wants it:
 *
 *	# which                      when
 *	0009:01:00.0                 on-open
 *	serial-0048b02dff000001      off
 *	*                            on-close
 *
 * The first line that fits counts. Without one the driver's own default holds.
 */
#ifndef NVGRACE_POLICY_H
#define NVGRACE_POLICY_H

#include "gpu.h"

/*
 * Tells the driver the policy of @gpu by the file @path: 0, or -1 after a message. A file that
 * is not understood, or cannot be read, is not ignored: the memory is zeroed then.
 */
int policy_apply(const struct gpu *gpu, const char *path);

/*
 * The policy by the file @path, NULL for none; @wrong is set, after a message for each, if a
 * line of the file is no such line. For a GPU of this address and serial number ("": none).
 */
const char *policy_by_file(const char *path, const char *address, const char *serial,
			   bool *wrong);

#endif
