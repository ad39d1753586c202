/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Poison in GPU memory, played by the kernel's own injector: memory_failure() runs
 * as if the hardware had reported the page, the memory itself stays as it is.
 */
#ifndef HOST_POISON_H
#define HOST_POISON_H

#include <stdint.h>

#include "gpu.h"

/* Takes a physical address. */
#define POISON_INJECTOR	"/sys/devices/system/memory/hard_offline_page"

/*
 * The physical address of @at in a region: 0 if it cannot be told. Taken from
 * /proc/iomem; GPU_MEMORY_BASE in the environment, for a driver that claims no
 * memory there, is where that of the one GPU tested begins.
 */
uint64_t poison_address(const struct gpu *gpu, unsigned int region, uint64_t at);

/*
 * The page at a physical address fails, met by this process or by one that maps
 * no GPU memory. 0 or -errno.
 */
int poison_here(uint64_t address);
int poison_elsewhere(uint64_t address);

/* Waits until the driver lists @count bad pages: 0, or -ETIMEDOUT. */
int poison_wait(const char *bdf, unsigned int count);

/*
 * Waits until touching the mapped page @at gives SIGBUS: 0, or -ETIMEDOUT. A work item of
 * the kernel takes it away, a moment after the page is on the list.
 */
int poison_wait_withdrawn(const volatile void *at);

/* What an administrator does after a repair: 0 or -errno. */
int poison_clear(const char *bdf);

#endif
