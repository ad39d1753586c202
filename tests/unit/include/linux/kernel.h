/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pure files use of the kernel's helpers, in user space.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef UNIT_LINUX_KERNEL_H
#define UNIT_LINUX_KERNEL_H

#include <linux/types.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof(*(array)))

#define min_t(type, x, y) ({		\
	type min_x = (x);		\
	type min_y = (y);		\
	min_x < min_y ? min_x : min_y;	\
})

#endif
