/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How bytes from libFuzzer become numbers.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Rules change at powers of two, at multiples of blocks, at zero and where sums
 * wrap. A number starts with a byte that says how it is written, so that those
 * values and their neighbours are a few bytes and one mutation away. An input
 * that ends in the middle of something goes on with zeros.
 */
#ifndef UNIT_FUZZ_H
#define UNIT_FUZZ_H

#include <stdlib.h>
#include <string.h>

#include "ktap.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct input {
	const u8 *at;
	size_t left;
};

static inline u8 take_byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static inline u64 take_bytes(struct input *in, unsigned int count)
{
	u64 value = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		value |= (u64)take_byte(in) << 8 * i;
	return value;
}

/* A few units above or below zero, modulo 2^64. */
static inline u64 take_offset(struct input *in, u64 unit)
{
	return (u64)(signed char)take_byte(in) * unit;
}

/* Any number: 8 bytes as they are, or something round and some units more. */
static inline u64 take_number(struct input *in, u64 unit)
{
	u8 form = take_byte(in);
	unsigned int shift = form & 63;

	switch (form >> 6) {
	case 0:
		return take_offset(in, unit);
	case 1:
		return (1ULL << shift) + take_offset(in, unit);
	case 2:
		return (take_bytes(in, 2) << shift) + take_offset(in, unit);
	default:
		return take_bytes(in, 8) >> shift;
	}
}

/* The end of each input: what the model did not expect is a crash. */
static inline void no_failure_or_abort(void)
{
	if (failures)
		abort();
}

#endif
