// SPDX-License-Identifier: GPL-2.0-only
/* Pages in an open hash table that only ever grows, up to its bound; see shadow.h. */

#include "shadow.h"

#include <stdlib.h>
#include <string.h>

#define PAGE		4096u
#define BUCKETS		16384u		/* a power of two */
#define MOST_PAGES	(BUCKETS / 2)

struct page {
	uint64_t number;
	uint8_t bytes[PAGE];
	bool known[PAGE];
};

struct shadow {
	unsigned int pages;
	struct page *bucket[BUCKETS];
};

struct shadow *shadow_new(void)
{
	return calloc(1, sizeof(struct shadow));
}

void shadow_free(struct shadow *shadow)
{
	unsigned int i;

	if (!shadow)
		return;
	for (i = 0; i < BUCKETS; i++)
		free(shadow->bucket[i]);
	free(shadow);
}

/* Where page @number is, or would be. */
static unsigned int place(const struct shadow *shadow, uint64_t number)
{
	unsigned int i = (unsigned int)(number * 0x9e3779b97f4a7c15ull >> 40);

	for (i %= BUCKETS; shadow->bucket[i]; i = (i + 1) % BUCKETS)
		if (shadow->bucket[i]->number == number)
			break;
	return i;
}

static struct page *find(const struct shadow *shadow, uint64_t at)
{
	return shadow->bucket[place(shadow, at / PAGE)];
}

static struct page *find_or_add(struct shadow *shadow, uint64_t at)
{
	struct page **page = &shadow->bucket[place(shadow, at / PAGE)];

	if (*page || shadow->pages == MOST_PAGES)
		return *page;
	*page = calloc(1, sizeof(**page));
	if (*page) {
		(*page)->number = at / PAGE;
		shadow->pages++;
	}
	return *page;
}

static size_t rest_of_page(uint64_t at, size_t len)
{
	size_t rest = PAGE - at % PAGE;

	return len < rest ? len : rest;
}

void shadow_write(struct shadow *shadow, uint64_t at, const uint8_t *bytes,
		  size_t len)
{
	struct page *page;
	size_t piece;

	for (; len; len -= piece, at += piece, bytes += piece) {
		piece = rest_of_page(at, len);
		page = find_or_add(shadow, at);
		if (!page)
			continue;
		memcpy(page->bytes + at % PAGE, bytes, piece);
		memset(page->known + at % PAGE, true, piece);
	}
}

void shadow_forget(struct shadow *shadow, uint64_t at, size_t len)
{
	struct page *page;
	size_t piece;

	for (; len; len -= piece, at += piece) {
		piece = rest_of_page(at, len);
		page = find(shadow, at);
		if (page)
			memset(page->known + at % PAGE, false, piece);
	}
}

static size_t page_read(struct page *page, size_t at, const uint8_t *bytes,
			size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (page->known[at + i] && page->bytes[at + i] != bytes[i])
			break;
		page->known[at + i] = true;
		page->bytes[at + i] = bytes[i];
	}
	return i;
}

size_t shadow_read(struct shadow *shadow, uint64_t at, const uint8_t *bytes,
		   size_t len)
{
	size_t done, piece, right;
	struct page *page;

	for (done = 0; done < len; done += piece) {
		piece = rest_of_page(at + done, len - done);
		page = find_or_add(shadow, at + done);
		if (!page)
			continue;
		right = page_read(page, (at + done) % PAGE, bytes + done, piece);
		if (right < piece)
			return done + right;
	}
	return len;
}

int shadow_byte(const struct shadow *shadow, uint64_t at)
{
	const struct page *page = find(shadow, at);

	return page && page->known[at % PAGE] ? page->bytes[at % PAGE] : -1;
}
