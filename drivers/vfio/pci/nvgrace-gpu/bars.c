// SPDX-License-Identifier: GPL-2.0-only
/*
 * The emulated base address registers, as a register file; see bars.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */

#include <linux/kernel.h>

#include "bars.h"

/* PCI Local Bus 3.0, 6.2.5.1: 64-bit address (10b in 2:1), prefetchable. */
#define BAR_FLAGS	0xcULL

/* Index of the BAR register that holds @pos; may be out of range. */
static u64 bar_index(u64 pos)
{
	return (pos - NVGRACE_GPU_BARS_POS) / NVGRACE_GPU_BAR_BYTES;
}

static unsigned int bar_shift(u64 pos)
{
	return 8 * (pos % NVGRACE_GPU_BAR_BYTES);
}

static bool byte_is_emulated(const struct nvgrace_gpu_bars *bars, u64 pos)
{
	if (pos < NVGRACE_GPU_BARS_POS || bar_index(pos) >= NVGRACE_GPU_NR_BARS)
		return false;
	return bars->bar[bar_index(pos)].size;
}

/**
 * nvgrace_gpu_bars_span() - find who answers for the start of an access
 * @bars: register file
 * @pos: first byte
 * @count: bytes of the access
 * @emulated: set to true if the register file owns the span, false if the
 *	      physical device does
 *
 * Return: length in bytes of the leading run with one owner, 0 only if
 * @count is 0. An emulated span is never longer than the register file.
 */
size_t nvgrace_gpu_bars_span(const struct nvgrace_gpu_bars *bars,
			     u64 pos, size_t count, bool *emulated)
{
	const u64 end = NVGRACE_GPU_BARS_POS +
			NVGRACE_GPU_NR_BARS * NVGRACE_GPU_BAR_BYTES;
	size_t len = 1;

	*emulated = count && byte_is_emulated(bars, pos);
	if (!count || pos >= end)
		return count;

	while (len < count && pos + len < end &&
	       byte_is_emulated(bars, pos + len) == *emulated)
		len++;

	/* Behind the register file the physical device owns all the rest. */
	if (pos + len == end && !*emulated)
		return count;
	return len;
}

/**
 * nvgrace_gpu_bars_read() - read bytes of an emulated span
 * @bars: register file
 * @pos: first byte
 * @buf: destination
 * @count: bytes, all inside one emulated span
 */
void nvgrace_gpu_bars_read(const struct nvgrace_gpu_bars *bars,
			   u64 pos, u8 *buf, size_t count)
{
	for (; count; count--, pos++) {
		u64 mask = ~(bars->bar[bar_index(pos)].size - 1);
		u64 value = bars->bar[bar_index(pos)].value;

		*buf++ = ((value & mask) | BAR_FLAGS) >> bar_shift(pos);
	}
}

/**
 * nvgrace_gpu_bars_write() - write bytes of an emulated span
 * @bars: register file
 * @pos: first byte
 * @buf: source
 * @count: bytes, all inside one emulated span
 *
 * Bits below the BAR size stay zero to the reader, as in hardware.
 */
void nvgrace_gpu_bars_write(struct nvgrace_gpu_bars *bars,
			    u64 pos, const u8 *buf, size_t count)
{
	for (; count; count--, pos++) {
		u64 *value = &bars->bar[bar_index(pos)].value;

		*value &= ~(0xffULL << bar_shift(pos));
		*value |= (u64)*buf++ << bar_shift(pos);
	}
}

/**
 * nvgrace_gpu_bars_clear() - the state after a reset
 * @bars: register file
 */
void nvgrace_gpu_bars_clear(struct nvgrace_gpu_bars *bars)
{
	unsigned int i;

	for (i = 0; i < NVGRACE_GPU_NR_BARS; i++)
		bars->bar[i].value = 0;
}
