// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and write() of the memory: any place, length and buffer.
 *
 * What is behind the memory reads 0xff and swallows writes, without the buffer of a
 * write being looked at; what is behind the BAR is no place to begin at.
 */

#include "fuzzer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "places.h"

/* A copy that faults in the hole may stop some bytes early (copy_to_user()). */
#define COPY_SLACK	64

/* Where the user's side of a copy is, and how much of it can be used. */
struct buffer {
	uint8_t *at;
	size_t good;
	const struct map *map;		/* it is GPU memory itself */
	uint64_t map_at;
};

static bool overlap(const struct map *map, uint64_t map_at,
		    const struct place *place, size_t len)
{
	return map->memory == place->memory && map_at < place->at + len &&
	       place->at < map_at + len;
}

static bool take_mapping(struct fuzzer *f, const struct place *place, size_t len,
			 struct buffer *buffer)
{
	const struct map *map = &f->map[pick(f, MAPS)];
	uint64_t skip;

	if (racing(f) || !map->where || map->len < len || len > BUFFER_LEN ||
	    map->prot != (PROT_READ | PROT_WRITE))
		return false;
	skip = pick(f, map->len - len + 1);
	if (overlap(map, map->at + skip, place, len))
		return false;
	*buffer = (struct buffer){
		.at = (uint8_t *)map->where + skip,
		.good = mappings_work(f) ? len : 0,
		.map = map,
		.map_at = map->at + skip,
	};
	return true;
}

static void take_buffer(struct fuzzer *f, const struct place *place, size_t len,
			struct buffer *buffer)
{
	size_t good = len;

	switch (pick(f, 8)) {
	case 0:	/* ends too early */
		good = pick(f, (len < BUFFER_LEN ? len : BUFFER_LEN) + 1);
		*buffer = (struct buffer){ f->buffer + BUFFER_LEN - good, good };
		return;
	case 1:	/* has no pages yet */
		madvise(f->fresh, BUFFER_LEN, MADV_DONTNEED);
		if (len <= BUFFER_LEN) {
			*buffer = (struct buffer){ f->fresh, len };
			return;
		}
		break;
	case 2:	/* GPU memory */
		if (take_mapping(f, place, len, buffer))
			return;
		break;
	}
	if (good > BUFFER_LEN)
		good = BUFFER_LEN;
	*buffer = (struct buffer){ f->buffer + BUFFER_LEN - good, good };
}

struct expected {
	long count;		/* or -errno */
	long least;		/* as good as count, where less can be copied */
	size_t memory;		/* bytes of memory, from the place on */
};

/*
 * Buffers that end beyond user space fail before the driver is asked; where that is
 * depends on the kernel. It says so for any file, also for one that takes no bytes.
 */
static bool is_user_space(const void *at, size_t len)
{
	static int null = -1;

	if (null < 0)
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	return write(null, at, len) >= 0 || errno != EFAULT;
}

static struct expected expect(const struct fuzzer *f, const struct place *place,
			      size_t len, const struct buffer *buffer, bool write)
{
	const struct memory *m = place->memory;
	struct expected e = { 0 };
	size_t good = buffer->good;

	if (!is_user_space(buffer->at, len))
		return (struct expected){ -EFAULT, -EFAULT };
	if (place->at >= m->bar)
		return (struct expected){ -EINVAL, -EINVAL };
	if (len > m->bar - place->at)
		len = m->bar - place->at;
	if (place->at < m->real)
		e.memory = len < m->real - place->at ? len : m->real - place->at;
	if (!len)
		return e;
	if (!file_works(f)) {
		e.count = e.least = -EIO;
		return e;
	}
	if (good > len || (write && good >= e.memory))
		good = len;
	e.count = e.least = good ? (long)good : -EFAULT;
	if (good < len && good >= e.memory) {
		e.least = good > e.memory + COPY_SLACK ? (long)good - COPY_SLACK :
							 (long)e.memory;
		if (!e.least)
			e.least = -EFAULT;
	}
	return e;
}

/* Another one may have made the memory inaccessible, before or meanwhile. */
static bool right_count(const struct fuzzer *f, const struct expected *e, long n)
{
	if (n == e->count || n == e->least || (n > e->least && n < e->count))
		return true;
	return racing(f) && (n == -EIO || (n > 0 && n < e->count));
}

static void check_ones(struct fuzzer *f, const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (bytes[i] != 0xff) {
			complain(f, "byte %zu behind the memory reads 0x%02x", i,
				 bytes[i]);
			return;
		}
}

static void check_read(struct fuzzer *f, const struct place *place,
		       const struct buffer *buffer, size_t n, size_t memory)
{
	const uint8_t *bytes = buffer->at;
	size_t right;

	if (buffer->map) {
		memcpy(f->scratch, buffer->at, n);
		bytes = f->scratch;
		shadow_write(buffer->map->memory->shadow, buffer->map_at, bytes, n);
	}
	if (memory > n)
		memory = n;
	right = shadow_read(place->memory->shadow, place->at, bytes, memory);
	if (right < memory)
		complain(f, "region %u reads 0x%02x at 0x%llx, should be 0x%02x",
			 place->memory->index, bytes[right],
			 (unsigned long long)place->at + right,
			 shadow_byte(place->memory->shadow, place->at + right));
	check_ones(f, bytes + memory, n - memory);
}

void fuzz_read(struct fuzzer *f)
{
	struct place place = pick_place(f);
	size_t len = pick_length(f, &place);
	struct buffer buffer;
	struct expected e;
	long n;

	take_buffer(f, &place, len, &buffer);
	e = expect(f, &place, len, &buffer, false);
	n = gpu_read(f->gpu, place.memory->index, place.at, buffer.at, len);
	note(f, "read", place.memory->index, place.at, len, n);
	if (!right_count(f, &e, n))
		complain(f, "read() returned %ld, not %ld (%zu bytes of buffer)", n,
			 e.count, buffer.good);
	else if (n > 0)
		check_read(f, &place, &buffer, (size_t)n, e.memory);
}

/* What is about to be written, as the fuzzer knows it. */
static const uint8_t *prepare_source(struct fuzzer *f, const struct buffer *buffer)
{
	size_t i, right;

	if (!buffer->map) {
		for (i = 0; i < buffer->good; i++)
			buffer->at[i] = (uint8_t)(f->random >> i % 56);
		return buffer->at;
	}
	if (!mappings_work(f))
		return f->scratch;
	memcpy(f->scratch, buffer->at, buffer->good);
	right = shadow_read(buffer->map->memory->shadow, buffer->map_at, f->scratch,
			    buffer->good);
	if (right < buffer->good)
		complain(f, "mapping shows 0x%02x at 0x%llx", f->scratch[right],
			 (unsigned long long)buffer->map_at + right);
	return f->scratch;
}

void fuzz_write(struct fuzzer *f)
{
	struct place place = pick_place(f);
	size_t len = pick_length(f, &place), certain;
	const uint8_t *source;
	struct buffer buffer;
	struct expected e;
	long n;

	take_buffer(f, &place, len, &buffer);
	source = prepare_source(f, &buffer);
	e = expect(f, &place, len, &buffer, true);
	n = gpu_write(f->gpu, place.memory->index, place.at, buffer.at, len);
	note(f, "write", place.memory->index, place.at, len, n);
	if (!right_count(f, &e, n)) {
		complain(f, "write() returned %ld, not %ld (%zu bytes of buffer)", n,
			 e.count, buffer.good);
		return;
	}
	certain = n > 0 ? (size_t)n : 0;
	if (certain > e.memory)
		certain = e.memory;
	shadow_write(place.memory->shadow, place.at, source, certain);
}

/* Places that no memory has: other regions, behind the BARs, wild lengths. */
void fuzz_stray_access(struct fuzzer *f)
{
	static const unsigned int nowhere[] = { 1, 3, 5, 8, 9, 10, 15, 255 };
	unsigned int index = nowhere[pick(f, sizeof(nowhere) / sizeof(*nowhere))];
	const struct memory *m = &f->memory[0];
	size_t len = pick_odd(f);
	uint64_t at = pick_odd(f) & ((1ull << 40) - 1);
	off_t offset = (off_t)index << 40 | (off_t)at;
	long n;

	if (one_in(f, 2)) {
		at = m->bar + (one_in(f, 2) ? pick(f, 1 << 20) : at);
		at &= (1ull << 40) - 1;
		if (at < m->bar)
			return;
		index = m->index;
		offset = (off_t)f->gpu->region[index].offset + (off_t)at;
	}
	if (len > BUFFER_LEN)
		len = BUFFER_LEN;
	n = one_in(f, 2) ? pread(f->gpu->device, f->buffer, len, offset) :
			   pwrite(f->gpu->device, f->buffer, len, offset);
	note(f, "stray access", index, at, len, n);
	if (n > 0)
		complain(f, "region %u took %ld bytes at 0x%llx", index, n,
			 (unsigned long long)at);
}
