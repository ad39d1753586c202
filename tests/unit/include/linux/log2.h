/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rounding to powers of two, in user space.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Stricter than the kernel's: where that one is undefined, this one ends the
 * program, so that no test passes by luck.
 */
#ifndef UNIT_LINUX_LOG2_H
#define UNIT_LINUX_LOG2_H

#include <stdlib.h>

#include <linux/types.h>

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	if (!n || n > 1UL << 63)
		abort();
	return n == 1 ? 1 : 1UL << (64 - __builtin_clzl(n - 1));
}

#endif
