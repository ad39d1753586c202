// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory mapped ungated; see lab.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lab.h"

static int memory_from_environment(struct lab *lab)
{
	const char *text = getenv("DEVMEM");
	unsigned long long base, bytes;

	if (!text || sscanf(text, "%lli:%lli", &base, &bytes) != 2)
		return -1;
	lab->base = base;
	lab->bytes = bytes;
	return 0;
}

/* The longest range that is claimed in the GPU's name: BARs are shorter. */
static int memory_from_iomem(struct lab *lab)
{
	unsigned long long first, last;
	const char *gpu = getenv("GPU0");
	char line[128], name[64];
	FILE *iomem = gpu ? fopen("/proc/iomem", "r") : NULL;

	while (iomem && fgets(line, sizeof(line), iomem)) {
		if (sscanf(line, " %llx-%llx : %63s", &first, &last, name) != 3 ||
		    strcmp(name, gpu) || last - first < lab->bytes)
			continue;
		lab->base = first;
		lab->bytes = last - first + 1;
	}
	if (iomem)
		fclose(iomem);
	return lab->bytes ? 0 : -1;
}

static void align_to_blocks(struct lab *lab)
{
	uint64_t skip = -lab->base & (block_size() - 1);

	lab->base += skip;
	lab->bytes = lab->bytes > skip ? (lab->bytes - skip) & -block_size() : 0;
}

int lab_open(struct lab *lab)
{
	*lab = (struct lab){ .fd = -1 };
	if (memory_from_environment(lab) && memory_from_iomem(lab)) {
		fprintf(stderr, "# no memory to use: neither DEVMEM nor GPU0 names some\n");
		errno = ENXIO;
		return -1;
	}
	align_to_blocks(lab);
	lab->fd = open("/dev/pfnlab", O_RDWR | O_CLOEXEC);
	if (lab->fd < 0)
		fprintf(stderr, "# /dev/pfnlab: %s; is the module loaded?\n",
			strerror(errno));
	return lab->fd < 0 ? -1 : 0;
}

void lab_close(struct lab *lab)
{
	if (lab->fd >= 0)
		close(lab->fd);
}

static int map_kind(struct lab *lab, const struct lab_kind *kind, int flags,
		    uint64_t offset, struct mapping *map, uint64_t at,
		    uint64_t bytes)
{
	struct pfnlab_setup setup = {
		.phys = lab->base,
		.type = kind->type,
		.populate = kind->populate,
		.flags = kind->flags,
	};
	int prot = kind->prot ?: PROT_READ | PROT_WRITE;
	void *start;

	if (ioctl(lab->fd, PFNLAB_SETUP, &setup))
		return -1;
	start = mmap(map->start + at, bytes, prot, flags | MAP_FIXED, lab->fd,
		     offset);
	return start == MAP_FAILED ? -1 : 0;
}

int lab_map(struct lab *lab, const struct lab_kind *kind, uint64_t offset,
	    struct mapping *map, uint64_t at, uint64_t bytes)
{
	return map_kind(lab, kind, MAP_SHARED, offset, map, at, bytes);
}

int lab_map_private(struct lab *lab, const struct lab_kind *kind,
		    uint64_t offset, struct mapping *map, uint64_t at,
		    uint64_t bytes)
{
	return map_kind(lab, kind, MAP_PRIVATE, offset, map, at, bytes);
}

int lab_show(struct lab *lab, uint64_t phys)
{
	__u64 wanted = phys;

	return ioctl(lab->fd, PFNLAB_SHOW, &wanted);
}

int lab_zap(struct lab *lab, uint64_t offset, uint64_t bytes)
{
	struct pfnlab_range range = { .offset = offset, .bytes = bytes };

	return ioctl(lab->fd, PFNLAB_ZAP, &range);
}

uint64_t lab_entry_size(const struct lab_kind *kind)
{
	return kind->populate == PFNLAB_BLOCKS ? block_size() : page_size();
}

int lab_withhold(struct lab *lab, uint64_t offset, uint64_t bytes)
{
	struct pfnlab_range range = { .offset = offset, .bytes = bytes };

	return ioctl(lab->fd, PFNLAB_WITHHOLD, &range);
}

int lab_attrindx(struct lab *lab, const void *address, unsigned int index)
{
	struct pfnlab_attrindx request = {
		.address = (uintptr_t)address,
		.index = index,
	};

	return ioctl(lab->fd, PFNLAB_ATTRINDX, &request);
}
