/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device model's test block: registers in BAR0 at 0x800000 that say what
 * the device saw and make it misbehave.  Real hardware has none; tests that
 * need it ask testblock_present() and skip.
 *
 * The block is reached by pread()/pwrite() of region 0, never by mmap(): it
 * stays usable whatever happens to mappings, and needs no signal handling.
 * Clocks are the emulator's virtual clock in nanoseconds.
 */
#ifndef HOST_TESTBLOCK_H
#define HOST_TESTBLOCK_H

#include "gpu.h"

enum testblock_register {
	TB_MAGIC	  = 0x00,
	TB_EARLY	  = 0x04,
	TB_RESETS	  = 0x08,
	TB_READY_NS	  = 0x10,
	TB_NOW_NS	  = 0x18,
	TB_FIRST_TOUCH_NS = 0x20,
	TB_READY_DELAY_MS = 0x28,
	TB_FAULTS	  = 0x2c,
	TB_UNREADY_MS	  = 0x30,
	TB_SURPRISE	  = 0x34,
	TB_INSERT	  = 0x38,
	TB_DMA_IOVA	  = 0x40,
	TB_DMA_MEM	  = 0x48,
	TB_DMA_LEN	  = 0x50,
	TB_DMA_CMD	  = 0x54,
	TB_DMA_STATUS	  = 0x58,
	TB_MSIX_FIRE	  = 0x60,
	TB_POISON_MEM	  = 0x68,
	TB_POISON_CMD	  = 0x70,
	TB_POISONED	  = 0x74,
	TB_AER		  = 0x78,
};

#define TB_MAGIC_VALUE		0x55504743u
#define TB_NEVER		0xffffffffu
#define TB_FAULT_ALL_ONES	0x1u
#define TB_FAULT_C2C_DOWN	0x2u
#define TB_DMA_TO_IOVA		1u
#define TB_DMA_FROM_IOVA	2u
#define TB_DMA_OK		0u
#define TB_DMA_BUSY		1u
#define TB_DMA_ERROR		2u
#define TB_POISON		1u
#define TB_HEAL			2u

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
 * TB_DMA_OK or TB_DMA_ERROR, or -ETIMEDOUT.  @vector raises that MSI-X vector
 * on completion, -1 none.
 */
int testblock_dma(const struct gpu *gpu, uint32_t command, uint64_t mem,
		  uint64_t iova, uint32_t len, int vector);

#endif
