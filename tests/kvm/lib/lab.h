/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device memory mapped ungated through /dev/pfnlab, as a test wants it.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Which memory is used, and overwritten, is said by the environment:
 *   DEVMEM=<physical address>:<bytes>   or else
 *   GPU0=<PCI address>                  what its driver claims in /proc/iomem
 */
#ifndef LAB_H
#define LAB_H

#include <stdint.h>

#include "mapping.h"
#include "pfnlab.h"

struct lab {
	int fd;
	uint64_t base;		/* first physical address, aligned to a block */
	uint64_t bytes;
};

/**
 * struct lab_kind - what a mapping is like
 * @type: memory type of the host's mapping
 * @populate: how its page tables are filled
 * @flags: PFNLAB_*
 * @prot: PROT_*; 0: readable and writable
 */
struct lab_kind {
	enum pfnlab_type type;
	enum pfnlab_populate populate;
	unsigned int flags;
	int prot;
};

/* Bytes that one entry of stage 2 maps of it. */
uint64_t lab_entry_size(const struct lab_kind *kind);

/* 0, or -1 with errno and a line on stderr saying what is missing. */
int lab_open(struct lab *lab);
void lab_close(struct lab *lab);

/*
 * Maps @bytes from offset @offset of the memory over a part of @map, from @at
 * on: 0, or -1 with errno.
 */
int lab_map(struct lab *lab, const struct lab_kind *kind, uint64_t offset,
	    struct mapping *map, uint64_t at, uint64_t bytes);

/* The same, privately (MAP_PRIVATE). */
int lab_map_private(struct lab *lab, const struct lab_kind *kind,
		    uint64_t offset, struct mapping *map, uint64_t at,
		    uint64_t bytes);

/* See pfnlab.h; @phys may be PFNLAB_RAM. Each 0, or -1 with errno. */
int lab_show(struct lab *lab, uint64_t phys);
int lab_zap(struct lab *lab, uint64_t offset, uint64_t bytes);
int lab_withhold(struct lab *lab, uint64_t offset, uint64_t bytes);
int lab_attrindx(struct lab *lab, const void *address, unsigned int index);

#endif
