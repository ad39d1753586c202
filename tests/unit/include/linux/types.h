/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's integer types, in user space.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef UNIT_LINUX_TYPES_H
#define UNIT_LINUX_TYPES_H

#include <stdbool.h>
#include <stddef.h>

#include_next <linux/types.h>

typedef __u8 u8;
typedef __u64 u64;

#endif
