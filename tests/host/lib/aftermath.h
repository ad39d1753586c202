/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a failure must leave to others: nothing that was not there before, and a GPU
 * that works.
 */
#ifndef HOST_AFTERMATH_H
#define HOST_AFTERMATH_H

#include <stdbool.h>
#include <stdint.h>

/* What lists of the kernel refer to, so that its leak detector is content. */
struct footprint {
	char *iomem;
	unsigned int mappings;		/* of physical memory, in the kernel */
	uint64_t mapped;
	unsigned int workqueues;	/* in parts, one per CPU; 0: not counted */
};

/*
 * Both wait for what is freed only some time after it is given up. Workqueues count
 * only where the checks of their slab are on.
 */
void footprint_take(struct footprint *footprint);
bool footprint_is_back(const struct footprint *footprint);
void footprint_free(struct footprint *footprint);

/*
 * Somebody opens the GPU, maps it, and finds what he wrote there after a reset, by the
 * mapping and by read(): 0 or -errno.
 */
int next_user(const char *bdf);

#endif
