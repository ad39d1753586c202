/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The emulated base address registers, as a register file.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Pure: no device, no allocation; the caller serialises. Also compiled in
 * user space.
 *
 * The GPU memory is not behind a physical BAR. A guest sees it behind 64-bit
 * prefetchable memory BARs that exist only here: BAR2/3 for RESMEM, BAR4/5 for
 * USEMEM. Software sizes a BAR by writing ones and reading back; every access
 * of any length and alignment gives what a real register would give.
 *
 * Vocabulary: pos is a byte offset in configuration space, a span a run of
 * bytes that one owner answers for.
 */
#ifndef NVGRACE_GPU_BARS_H
#define NVGRACE_GPU_BARS_H

#include <linux/types.h>

/* Configuration offset of BAR2, the first of the two emulated 64-bit BARs. */
#define NVGRACE_GPU_BARS_POS	0x18
#define NVGRACE_GPU_BAR_BYTES	8
#define NVGRACE_GPU_NR_BARS	2

/**
 * struct nvgrace_gpu_bars - BAR2/3 and BAR4/5
 * @bar: index 0 is BAR2/3, index 1 is BAR4/5
 * @bar.size: bytes decoded, a power of two; 0 when the physical register is
 *	      not emulated; immutable
 * @bar.value: as last written, without the read-only bits
 */
struct nvgrace_gpu_bars {
	struct {
		u64 size;
		u64 value;
	} bar[NVGRACE_GPU_NR_BARS];
};

size_t nvgrace_gpu_bars_span(const struct nvgrace_gpu_bars *bars,
			     u64 pos, size_t count, bool *emulated);
void nvgrace_gpu_bars_read(const struct nvgrace_gpu_bars *bars,
			   u64 pos, u8 *buf, size_t count);
void nvgrace_gpu_bars_write(struct nvgrace_gpu_bars *bars,
			    u64 pos, const u8 *buf, size_t count);
void nvgrace_gpu_bars_clear(struct nvgrace_gpu_bars *bars);

#endif
