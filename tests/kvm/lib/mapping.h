/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address space of the test: ranges aligned to the size of a block (PMD), in
 * which this or that is mapped.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef MAPPING_H
#define MAPPING_H

#include <stdint.h>

struct mapping {
	char *start;		/* aligned to block_size() */
	uint64_t bytes;
	void *reserved;		/* address space that holds it */
	uint64_t reserved_bytes;
};

/* Of this kernel: a page, and what one PMD entry maps (2 MiB with 4K pages). */
uint64_t page_size(void);
uint64_t block_size(void);

/* Reserves @bytes without anything behind them: 0, or -1 with errno. */
int map_reserve(struct mapping *map, uint64_t bytes);

/*
 * Replaces the part from @at on by @bytes of a file, shared, or by new memory:
 * 0, or -1 with errno.
 */
int map_replace(struct mapping *map, uint64_t at, uint64_t bytes, int prot,
		int fd, uint64_t offset);
int map_replace_anonymous(struct mapping *map, uint64_t at, uint64_t bytes);

/* Reserves, and maps the file (offset, bytes) there. */
int map_aligned(struct mapping *map, int fd, uint64_t offset, uint64_t bytes);

void map_release(struct mapping *map);

#endif
