// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() with any window, protection and flags, and what is done to mappings.
 *
 * A mapping is shared, never executable, and inside the memory; it never grows.
 * Accesses are eight bytes at a time, which is what is atomic.
 */

#include "fuzzer.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "places.h"
#include "touch.h"

static void forget_map(struct map *map)
{
	if (map->where)
		munmap(map->where, map->len);
	*map = (struct map){ 0 };
}

void unmap_all(struct fuzzer *f)
{
	unsigned int i;

	for (i = 0; i < MAPS; i++)
		forget_map(&f->map[i]);
}

static struct map *pick_map(struct fuzzer *f)
{
	return &f->map[pick(f, MAPS)];
}

static size_t round_to_pages(size_t len)
{
	return (len + page_size() - 1) & ~(page_size() - 1);
}

static size_t pick_map_length(struct fuzzer *f, const struct memory *m)
{
	switch (pick(f, 5)) {
	case 0:
		return m->real;
	case 1:
		return 1 + pick(f, m->bar);
	case 2:
		return (1 + pick(f, 16)) << 21;
	default:
		return 1 + pick(f, 64 * MEMORY_PAGE);
	}
}

/* mmap() of the memory; half the time where huge pages are possible. */
static char *map_memory(struct fuzzer *f, const struct memory *m, uint64_t at,
			size_t len, int prot, int flags)
{
	off_t offset = (off_t)(f->gpu->region[m->index].offset + at);
	char *where = NULL, *map;

	if (one_in(f, 2)) {
		where = reserve_aligned(len + at % MIB(512), MIB(512));
		if (where == MAP_FAILED)
			return MAP_FAILED;
		munmap(where, len + at % MIB(512));
		where += at % MIB(512);
	}
	map = mmap(where, len, prot, flags, f->gpu->device, offset);
	return map == MAP_FAILED ? MAP_FAILED : map;
}

void fuzz_map(struct fuzzer *f)
{
	static const int prots[] = {
		PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
		PROT_READ, PROT_NONE, PROT_READ | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	int prot = prots[pick(f, sizeof(prots) / sizeof(*prots))];
	int flags = one_in(f, 8) ? MAP_PRIVATE : MAP_SHARED;
	struct place place = pick_place(f);
	struct memory *m = place.memory;
	uint64_t at = place.at & ~(uint64_t)(page_size() - 1);
	size_t len = pick_map_length(f, m);
	struct map *map = pick_map(f);
	bool good = flags == MAP_SHARED && !(prot & PROT_EXEC) && at <= m->real &&
		    round_to_pages(len) <= m->real - at;
	char *where;

	forget_map(map);
	where = map_memory(f, m, at, len, prot, flags);
	note(f, "mmap", m->index | (uint64_t)flags << 32 | (uint64_t)prot << 40, at,
	     len, where == MAP_FAILED ? -errno : 0);
	if (good != (where != MAP_FAILED))
		complain(f, "mmap() of 0x%zx bytes at 0x%llx %s", len,
			 (unsigned long long)at, good ? "failed" : "succeeded");
	if (where == MAP_FAILED)
		return;
	*map = (struct map){ where, round_to_pages(len), prot, m, at };
}

void fuzz_unmap(struct fuzzer *f)
{
	struct map *map = pick_map(f);
	size_t half = round_to_pages(map->len / 2);

	note(f, "munmap", map->at, map->len, 0, 0);
	if (!map->where || half == map->len || one_in(f, 2)) {
		forget_map(map);
		return;
	}
	/* The first half only: the VMA begins in the middle of a block, then. */
	munmap(map->where, half);
	map->where += half;
	map->at += half;
	map->len -= half;
}

/* Grown, made executable: neither; cut: yes. */
void fuzz_remap(struct fuzzer *f)
{
	struct map *map = pick_map(f);
	size_t page = page_size();
	void *grown;

	if (!map->where)
		return;
	if (one_in(f, 3)) {
		note(f, "mprotect", map->at, map->len, 0, 0);
		if (!mprotect(map->where, map->len, map->prot | PROT_EXEC))
			complain(f, "mprotect() made a mapping executable");
	} else if (one_in(f, 2) && map->len > page) {
		note(f, "mremap, less", map->at, map->len, 0, 0);
		if (mremap(map->where, map->len, map->len - page, 0) == MAP_FAILED)
			complain(f, "mremap() could not cut a mapping: %d", errno);
		map->len -= page;
	} else {
		note(f, "mremap, more", map->at, map->len, 0, 0);
		grown = mremap(map->where, map->len, map->len + page, MREMAP_MAYMOVE);
		if (grown != MAP_FAILED)
			complain(f, "mremap() made a mapping grow");
	}
}

/* Advice is not followed for device memory; nothing may come of it. */
void fuzz_advise(struct fuzzer *f)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE,
		MADV_REMOVE, MADV_MERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_COLD,
		MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_COLLAPSE,
		MADV_DODUMP,
	};
	const struct map *map = pick_map(f);
	int what = advice[pick(f, sizeof(advice) / sizeof(*advice))];
	size_t len = map->len < MIB(16) ? map->len : MIB(16);

	if (!map->where)
		return;
	note(f, "madvise", map->at, len, (uint64_t)what,
	     madvise(map->where, len, what) ? -errno : 0);
}

/* What an access through @map must end in: 0, -ENXIO (SIGSEGV), -EFAULT (SIGBUS). */
static int expected_touch(const struct fuzzer *f, const struct map *map, int prot)
{
	if ((map->prot & prot) != prot)
		return -ENXIO;
	return mappings_work(f) ? 0 : -EFAULT;
}

static bool right_touch(struct fuzzer *f, const struct map *map, int prot, int ret)
{
	int want = expected_touch(f, map, prot);

	if (ret == want || (racing(f) && want == 0 && ret == -EFAULT))
		return true;
	complain(f, "access to a mapping: %d, should be %d", ret, want);
	return false;
}

void fuzz_load(struct fuzzer *f)
{
	const struct map *map = pick_map(f);
	uint64_t value = 0;
	size_t skip;
	int ret;

	if (!map->where || !pick_word(f, map, &skip))
		return;
	ret = touch_read(map->where + skip, &value);
	note(f, "load", map->memory->index, map->at + skip, value, ret);
	if (!right_touch(f, map, PROT_READ, ret) || ret)
		return;
	if (shadow_read(map->memory->shadow, map->at + skip, (uint8_t *)&value, 8) < 8)
		complain(f, "mapping of region %u shows 0x%016llx at 0x%llx",
			 map->memory->index, (unsigned long long)value,
			 (unsigned long long)map->at + skip);
}

void fuzz_store(struct fuzzer *f)
{
	const struct map *map = pick_map(f);
	uint64_t value = f->random;
	size_t skip;
	int ret;

	if (!map->where || !pick_word(f, map, &skip))
		return;
	ret = touch_write(map->where + skip, value);
	note(f, "store", map->memory->index, map->at + skip, value, ret);
	if (!right_touch(f, map, PROT_WRITE, ret) || ret)
		return;
	shadow_write(map->memory->shadow, map->at + skip, (uint8_t *)&value, 8);
}

/* A child has the same mappings. */
static int load_all(struct fuzzer *f)
{
	unsigned int i;

	for (i = 0; i < MAPS && !*f->complaint; i++)
		fuzz_load(f);
	return *f->complaint ? 1 : 0;
}

void fuzz_fork(struct fuzzer *f)
{
	pid_t child = fork();
	int status = -1;

	if (child < 0)
		return;
	if (!child)
		_exit(load_all(f));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	note(f, "fork", 0, 0, 0, status);
	if (status)
		complain(f, "a child ended with 0x%x", status);
}
