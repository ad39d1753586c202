// SPDX-License-Identifier: GPL-2.0-only
/* Where in the memory; see places.h. */

#include "places.h"

#define HOT_PAGES	128

struct memory *pick_memory(struct fuzzer *f)
{
	return &f->memory[f->memory[1].real && one_in(f, 3)];
}

/* An edge of something, not always one that @m has. */
static uint64_t pick_edge(struct fuzzer *f, const struct memory *m)
{
	switch (pick(f, 6)) {
	case 0:
		return 0;
	case 1:
		return m->real;
	case 2:
		return m->bar;
	case 3:		/* the kernel's window */
		return pick(f, 8) << 24;
	case 4:		/* a block of the page table, of 4K or of 64K pages */
		return one_in(f, 2) ? pick(f, 16) << 21 : pick(f, 4) << 29;
	default:
		return m->real - (pick(f, 4) << 21);
	}
}

/* The @i-th page that many accesses share: the same one in every run. */
static uint64_t hot_page(const struct memory *m, uint64_t i)
{
	uint64_t pages = m->real / MEMORY_PAGE;

	return i * 0x9e3779b97f4a7c15ull % pages * MEMORY_PAGE;
}

/* Pages are dealt to racing fuzzers in turn. */
static uint64_t own_page(const struct fuzzer *f, uint64_t at)
{
	uint64_t page = at / MEMORY_PAGE;

	page = page - page % f->slices + f->slice;
	return page * MEMORY_PAGE + at % MEMORY_PAGE;
}

struct place pick_place(struct fuzzer *f)
{
	struct place place = { .memory = pick_memory(f) };
	const struct memory *m = place.memory;

	switch (pick(f, 8)) {
	case 0:
		place.at = pick(f, m->bar);
		break;
	case 1:
	case 2:
	case 3:
		place.at = pick_edge(f, m) + pick(f, 2 * MEMORY_PAGE) - MEMORY_PAGE;
		if (place.at > m->bar + MEMORY_PAGE)
			place.at = pick(f, MEMORY_PAGE);
		break;
	default:
		place.at = hot_page(m, pick(f, HOT_PAGES)) + pick(f, MEMORY_PAGE);
	}
	if (racing(f))
		place.at = own_page(f, place.at);
	return place;
}

size_t pick_length(struct fuzzer *f, const struct place *place)
{
	size_t len;

	if (racing(f))
		return pick(f, MEMORY_PAGE - place->at % MEMORY_PAGE + 1);
	switch (pick(f, 64)) {
	case 0:
		return pick(f, BUFFER_LEN + 1);
	case 1:		/* more than any buffer has; ends in a fault or at the BAR */
		return pick_odd(f) & 0x7fffffff;
	case 2 ... 9:
		return pick(f, 2 * MEMORY_PAGE);
	case 10 ... 20:
		len = 1ul << pick(f, 4);
		return len;
	default:
		return pick(f, 300);
	}
}

bool pick_word(struct fuzzer *f, const struct map *map, size_t *skip)
{
	struct place place = pick_place(f);
	uint64_t at = place.at & ~7ull;

	/* The place itself if the mapping shows it, else any. */
	if (place.memory != map->memory || at < map->at ||
	    at - map->at + 8 > map->len) {
		at = (map->at + pick(f, map->len)) & ~7ull;
		if (racing(f))
			at = own_page(f, at);
	}
	*skip = at - map->at;
	return at >= map->at && at - map->at + 8 <= map->len;
}
