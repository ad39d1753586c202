/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places in the memory.  Most accesses go to a few hundred pages, so that they meet
 * what others left there, most of those at the edges of the memory, of the BAR and
 * of the sizes the driver works in.
 */
#ifndef FUZZ_PLACES_H
#define FUZZ_PLACES_H

#include "fuzzer.h"

struct place {
	struct memory *memory;
	uint64_t at;		/* bytes, in the BAR or just behind it */
};

struct memory *pick_memory(struct fuzzer *f);
struct place pick_place(struct fuzzer *f);

/* Bytes for a read() or write(); a racing fuzzer stays on its page. */
size_t pick_length(struct fuzzer *f, const struct place *place);

/* Offset of a word in a mapping, on one of the fuzzer's own pages. */
bool pick_word(struct fuzzer *f, const struct map *map, size_t *skip);

#endif
