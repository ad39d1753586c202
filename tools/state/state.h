/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is saved of a GPU's memory: a file of text for each GPU.
 *
 *	nvgrace-gpu-bad-pages 1
 *	serial 48b02dffff000001		or "-", where it has none
 *	base 0x420000000000		physical address when it was saved, bytes
 *	size 0x1800000000		bytes
 *	page_size 0x1000		bytes
 *	page 0x200000			offset in the memory, bytes; one line each
 *	more				there were too many to list all
 *	end 2 5bd4a1f7fd2c1b1e		so many lines of the last two kinds; a checksum of all
 *					bytes before this line (FNV-1a)
 *
 * Offsets, since a GPU that is put into another slot takes its bad pages along.
 */
#ifndef NVGRACE_STATE_H
#define NVGRACE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_SUFFIX	".bad-pages"
/* What is kept, and was not understood. */
#define STATE_UNREAD	".unread"

/* Pages of memory. The driver lists 256; there may be files of several times. */
struct pages {
	uint64_t *offset;	/* bytes */
	size_t count;
	bool more;		/* than could be listed */
};

bool pages_have(const struct pages *pages, uint64_t offset);
/* Once. */
void pages_add(struct pages *pages, uint64_t offset);
void pages_free(struct pages *pages);

/* Which memory: @serial "" for a GPU without, @base and @size in bytes. */
struct memory {
	char serial[17];
	uint64_t base;
	uint64_t size;
};

enum state_file {
	STATE_ABSENT,
	STATE_READ,
	STATE_DAMAGED,		/* cut off, changed, or not ours: pages are what could be read */
	STATE_NEWER,		/* of a later version of this program */
	STATE_ERROR,		/* errno */
};

/*
 * Reads the file @path: what memory it is about (all zero if that cannot be told) and the
 * pages, in pages of @page_size bytes, which are added to @pages.
 */
enum state_file state_read(const char *path, uint64_t page_size, struct memory *memory,
			   struct pages *pages);

/* Writes it, whole or not at all: 0 or -1 with errno. It survives a power cut. */
int state_write(const char *directory, const char *name, uint64_t page_size,
		const struct memory *memory, const struct pages *pages);

/* The name of the file for this memory, without directory; the caller frees it. */
char *state_name(const struct memory *memory);

#endif
