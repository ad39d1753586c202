/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's macros that spatch cannot parse by itself.
 */
#define scoped_guard YACFE_ITERATOR
