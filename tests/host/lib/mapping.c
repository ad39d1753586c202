// SPDX-License-Identifier: GPL-2.0-only
/* Mappings of a GPU's regions, and the sizes of pages that they are made of. */

#include "gpu.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Covers every PMD size of arm64, so that huge faults are never ruled out, and what a
 * table of PMDs maps with 4K pages.
 */
#define MAP_ALIGN	GIB(1)

size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* A page table fills one page with eight-byte entries. */
size_t pmd_size(void)
{
	return page_size() / 8 * page_size();
}

size_t pmd_table_span(void)
{
	return page_size() / 8 * pmd_size();
}

void *reserve_aligned(size_t len, size_t align)
{
	char *raw = mmap(NULL, len + align, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *aligned, *end;

	if (raw == MAP_FAILED)
		return MAP_FAILED;
	aligned = (char *)(((uintptr_t)raw + align - 1) / align * align);
	end = aligned + (len + page_size() - 1) / page_size() * page_size();
	if (aligned > raw)
		munmap(raw, (size_t)(aligned - raw));
	if (raw + len + align > end)
		munmap(end, (size_t)(raw + len + align - end));
	return aligned;
}

void *gpu_map_fixed(const struct gpu *gpu, unsigned int region, uint64_t at,
		    size_t len, int prot, void *where)
{
	return mmap(where, len, prot, MAP_SHARED | (where ? MAP_FIXED : 0),
		    gpu->device, (off_t)(gpu->region[region].offset + at));
}

void *gpu_map(const struct gpu *gpu, unsigned int region, uint64_t at,
	      size_t len, int prot)
{
	size_t skew = at % MAP_ALIGN;
	char *base = reserve_aligned(len + skew, MAP_ALIGN);
	void *map;

	if (base == MAP_FAILED)
		return MAP_FAILED;
	map = gpu_map_fixed(gpu, region, at, len, prot, base + skew);
	if (skew)
		munmap(base, skew);
	if (map == MAP_FAILED) {
		int saved = errno;

		munmap(base + skew, len);
		errno = saved;
	}
	return map;
}

static size_t qemu_align(size_t len)
{
	size_t align = len & -len;

	if (align < page_size())
		return page_size();
	return align < MAP_ALIGN ? align : MAP_ALIGN;
}

void *gpu_map_area(const struct gpu *gpu, unsigned int region, unsigned int area, int prot)
{
	const struct gpu_area *a = &gpu->region[region].area[area];
	size_t align = qemu_align(a->len);
	char *base = reserve_aligned(a->len + align, 2 * align);

	if (base == MAP_FAILED)
		return MAP_FAILED;
	munmap(base, align);
	return gpu_map_fixed(gpu, region, a->at, a->len, prot, base + align);
}
