/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes, in user space; int, as in the kernel.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef UNIT_LINUX_SIZES_H
#define UNIT_LINUX_SIZES_H

#define SZ_512M	0x20000000
#define SZ_1G	0x40000000
#define SZ_1T	0x10000000000ULL

#endif
