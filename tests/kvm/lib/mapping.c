// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address space of the test; see mapping.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mapping.h"

uint64_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* One page of a table holds page / 8 entries. */
uint64_t block_size(void)
{
	return page_size() / sizeof(uint64_t) * page_size();
}

int map_reserve(struct mapping *map, uint64_t bytes)
{
	uint64_t align = block_size();
	uint64_t room = bytes + align;
	void *reserved;

	reserved = mmap(NULL, room, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (reserved == MAP_FAILED)
		return -1;
	map->start = (char *)(((uintptr_t)reserved + align - 1) & -align);
	map->bytes = bytes;
	map->reserved = reserved;
	map->reserved_bytes = room;
	return 0;
}

static int replace(struct mapping *map, uint64_t at, uint64_t bytes, int prot,
		   int flags, int fd, uint64_t offset)
{
	void *start = mmap(map->start + at, bytes, prot, flags | MAP_FIXED, fd,
			   offset);

	return start == MAP_FAILED ? -1 : 0;
}

int map_replace(struct mapping *map, uint64_t at, uint64_t bytes, int prot,
		int fd, uint64_t offset)
{
	return replace(map, at, bytes, prot, MAP_SHARED, fd, offset);
}

int map_replace_anonymous(struct mapping *map, uint64_t at, uint64_t bytes)
{
	return replace(map, at, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int map_aligned(struct mapping *map, int fd, uint64_t offset, uint64_t bytes)
{
	int error;

	if (map_reserve(map, bytes))
		return -1;
	if (!map_replace(map, 0, bytes, PROT_READ | PROT_WRITE, fd, offset))
		return 0;
	error = errno;
	map_release(map);
	errno = error;
	return -1;
}

void map_release(struct mapping *map)
{
	if (map->reserved)
		munmap(map->reserved, map->reserved_bytes);
	*map = (struct mapping){};
}
