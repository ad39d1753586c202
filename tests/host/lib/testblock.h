/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device model's test block: registers in BAR0 that say what the device saw and
 * make it misbehave (tests/testbed/qemu/coherent-gpu-testblock.h lists them).  Real
 * hardware has none; tests that need it ask testblock_present() and skip.
 *
 * The block is reached by pread()/pwrite() of region 0, never by mmap(): it
 * stays usable whatever happens to mappings, and needs no signal handling.
 * Clocks are the emulator's virtual clock in nanoseconds.
 */
#ifndef HOST_TESTBLOCK_H
#define HOST_TESTBLOCK_H

#include "coherent-gpu-testblock.h"
#include "gpu.h"

bool testblock_present(const struct gpu *gpu);
uint32_t testblock_read(const struct gpu *gpu, enum testblock_register reg);
uint64_t testblock_read64(const struct gpu *gpu, enum testblock_register reg);
int testblock_write(const struct gpu *gpu, enum testblock_register reg,
		    uint32_t value);
int testblock_write64(const struct gpu *gpu, enum testblock_register reg,
		      uint64_t value);

/* Resets the device so that it is ready only @ms later (TB_NEVER: never). */
int testblock_reset_unready(const struct gpu *gpu, uint32_t ms);

/* Ends a wait: the device turns ready within milliseconds, without a reset. */
int testblock_make_ready(const struct gpu *gpu);

/* The page at byte @mem of the memory loses its content; all are well again. */
int testblock_poison(const struct gpu *gpu, uint64_t mem);
int testblock_heal(const struct gpu *gpu);

/* No delays, no faults, counters zero; resets only if something was set. */
int testblock_rest(const struct gpu *gpu);

/*
 * One run of the DMA engine between byte @mem of the memory and @iova; returns
 * TB_DMA_OK or TB_DMA_ERROR, or -EIO.  @vector raises that MSI-X vector at the
 * end, -1 none.
 */
int testblock_dma(const struct gpu *gpu, uint32_t command, uint64_t mem,
		  uint64_t iova, uint32_t len, int vector);

#endif
