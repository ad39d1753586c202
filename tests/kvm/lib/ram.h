/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ordinary memory of all kinds a VMM gives to guests.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef RAM_H
#define RAM_H

#include "mapping.h"

enum ram_kind {
	RAM_PAGES,		/* anonymous, without huge pages */
	RAM_HUGE,		/* anonymous, transparent huge pages */
	RAM_MEMFD,		/* shared, of a memfd */
	RAM_HUGETLB,		/* of hugetlbfs, pages of block_size() */
	RAM_HUGETLB_GIGANTIC,	/* the same, the next larger size */
};

/* What one page of that kind is. */
uint64_t ram_page(enum ram_kind kind);

/* 0, or -1 with errno; ENOMEM when the host has too few huge pages. */
int ram_map(enum ram_kind kind, uint64_t bytes, struct mapping *map);

#endif
