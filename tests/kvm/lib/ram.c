// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ordinary memory of all kinds; see ram.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <errno.h>
#include <linux/mman.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ram.h"

uint64_t ram_page(enum ram_kind kind)
{
	switch (kind) {
	case RAM_HUGE:
	case RAM_HUGETLB:
		return block_size();
	case RAM_HUGETLB_GIGANTIC:
		return page_size() / sizeof(uint64_t) * block_size();
	default:
		return page_size();
	}
}

/* Makes sure that so many huge pages are free, if the host can. */
static int reserve_huge_pages(uint64_t page, uint64_t count)
{
	char path[96];
	FILE *file;
	int ret;

	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/hugepages/hugepages-%llukB/nr_hugepages",
		 (unsigned long long)page >> 10);
	file = fopen(path, "w");
	if (!file)
		return -1;
	ret = fprintf(file, "%llu\n", (unsigned long long)count) < 0;
	return fclose(file) || ret ? -1 : 0;
}

static int map_at(struct mapping *map, int flags, int fd)
{
	void *start = mmap(map->start, map->bytes, PROT_READ | PROT_WRITE,
			   flags | MAP_FIXED, fd, 0);

	return start == MAP_FAILED ? -1 : 0;
}

/* In address space that is aligned to such a page, not only to a block. */
static int map_hugetlb(struct mapping *map, uint64_t page)
{
	int order = __builtin_ctzll(page);
	uint64_t bytes = map->bytes;

	if (reserve_huge_pages(page, bytes / page)) {
		errno = ENOMEM;
		return -1;
	}
	map_release(map);
	if (map_reserve(map, bytes + page))
		return -1;
	map->start = (char *)(((uintptr_t)map->start + page - 1) & -page);
	map->bytes = bytes;
	return map_at(map, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB |
		      order << MAP_HUGE_SHIFT, -1);
}

static int map_memfd(struct mapping *map)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	int ret;

	if (fd < 0)
		return -1;
	ret = ftruncate(fd, map->bytes) ? -1 : map_at(map, MAP_SHARED, fd);
	close(fd);
	return ret;
}

static int map_anonymous(struct mapping *map, int advice)
{
	if (map_replace_anonymous(map, 0, map->bytes))
		return -1;
	return madvise(map->start, map->bytes, advice);
}

int ram_map(enum ram_kind kind, uint64_t bytes, struct mapping *map)
{
	if (map_reserve(map, bytes))
		return -1;
	switch (kind) {
	case RAM_PAGES:
		return map_anonymous(map, MADV_NOHUGEPAGE);
	case RAM_HUGE:
		return map_anonymous(map, MADV_HUGEPAGE);
	case RAM_MEMFD:
		return map_memfd(map);
	default:
		return map_hugetlb(map, ram_page(kind));
	}
}
