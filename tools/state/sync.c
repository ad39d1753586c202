// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's list of bad pages, and the files.
 *
 * Until the driver has been told what was saved, its list is only what it has heard of
 * itself: what is saved is added to it, and nothing is taken from the files. From then on the
 * list is what counts: an administrator may have cleared it.
 *
 * A file that cannot be understood is kept beside, under another name. What could be read of
 * it is used. As long as it is there the driver is not told that it knows everything.
 */

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sync.h"
#include "text.h"

/**
 * struct store - what there is of a GPU in the directory
 * @directory: which
 * @name: the file that is written
 * @page_size: of this host, bytes
 * @memory: of the GPU
 * @pages: what all files about it have
 * @unread: one of them could not be understood
 * @others: files of other names, as of before its serial number was known
 * @others_count: in @others
 */
struct store {
	const char *directory;
	char *name;
	uint64_t page_size;
	const struct memory *memory;
	struct pages pages;
	bool unread;
	char **others;
	size_t others_count;
};

static char *path_of(const struct store *store, const char *name)
{
	return text_of("%s/%s", store->directory, name);
}

static bool is_kept(const char *name)
{
	return strstr(name, STATE_SUFFIX STATE_UNREAD);
}

static bool is_state(const char *name)
{
	size_t len = strlen(name), suffix = strlen(STATE_SUFFIX);

	if (*name == '.')
		return false;
	return is_kept(name) || (len > suffix && !strcmp(name + len - suffix, STATE_SUFFIX));
}

static int is_entry_of_state(const struct dirent *entry)
{
	return is_state(entry->d_name);
}

/* By number, which moves with the GPU, or by the place of the memory. */
static bool is_same_memory(const struct memory *a, const struct memory *b)
{
	if (*a->serial && *b->serial)
		return !strcmp(a->serial, b->serial);
	return a->size && a->base == b->base && a->size == b->size;
}

static bool is_about(const struct store *store, const char *name, const struct memory *memory)
{
	return is_same_memory(memory, store->memory) ||
	       !strncmp(name, store->name, strlen(store->name));
}

/* Under a name that is free. */
static int keep_aside(const struct store *store, const char *name)
{
	char *old = path_of(store, name), *new = NULL;
	unsigned int i;
	int ret;

	for (i = 1; i < 1000; i++) {
		free(new);
		new = text_of("%s" STATE_UNREAD ".%u", old, i);
		if (access(new, F_OK))
			break;
	}
	ret = rename(old, new);
	if (ret)
		warn("%s cannot be kept as %s", old, new);
	free(old);
	free(new);
	return ret;
}

static void take_pages(struct store *store, const struct pages *pages)
{
	size_t i;

	for (i = 0; i < pages->count; i++)
		pages_add(&store->pages, pages->offset[i]);
	store->pages.more |= pages->more;
}

static int take_unread(struct store *store, const char *name, enum state_file state)
{
	store->unread = true;
	warnx("%s/%s %s; %s; when you have seen to it, delete it and start this again",
	      store->directory, name,
	      state == STATE_NEWER ? "was written by a later version of this program" :
				     "is damaged",
	      is_kept(name) ? "it is still there" : "it is kept as *" STATE_UNREAD ".*");
	return is_kept(name) ? 0 : keep_aside(store, name);
}

static void take_other(struct store *store, const char *name)
{
	if (!strcmp(name, store->name))
		return;
	store->others = xrealloc(store->others,
			       (store->others_count + 1) * sizeof(*store->others));
	store->others[store->others_count++] = text_of("%s", name);
}

static int take_file(struct store *store, const char *name)
{
	char *path = path_of(store, name);
	struct pages pages = { 0 };
	struct memory memory;
	enum state_file state = state_read(path, store->page_size, &memory, &pages);
	int ret = 0;

	if (state == STATE_ERROR) {
		warn("%s cannot be read", path);
		ret = -1;
	} else if (state != STATE_ABSENT && is_about(store, name, &memory)) {
		take_pages(store, &pages);
		if (state != STATE_READ || is_kept(name))
			ret = take_unread(store, name, state);
		else
			take_other(store, name);
	}
	pages_free(&pages);
	free(path);
	return ret;
}

static int store_open(struct store *store, const struct gpu *gpu, const char *directory)
{
	struct dirent **entries;
	int i, count, ret = 0;

	memset(store, 0, sizeof(*store));
	store->directory = directory;
	store->memory = &gpu->memory;
	store->name = state_name(&gpu->memory);
	store->page_size = sysconf(_SC_PAGESIZE);

	count = scandir(directory, &entries, is_entry_of_state, alphasort);
	if (count < 0) {
		warn("%s cannot be read", directory);
		return -1;
	}
	for (i = 0; i < count; i++) {
		ret |= take_file(store, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static void store_close(struct store *store)
{
	while (store->others_count)
		free(store->others[--store->others_count]);
	free(store->others);
	pages_free(&store->pages);
	free(store->name);
}

/* How many were new to the driver, or -1. What lies outside today is nobody's to get. */
static int restore_pages(const struct gpu *gpu, const struct store *store,
			 const struct pages *known)
{
	int restored = 0;
	size_t i;

	for (i = 0; i < store->pages.count; i++) {
		uint64_t offset = store->pages.offset[i];

		if (offset >= gpu->memory.size || pages_have(known, offset))
			continue;
		if (gpu_add_page(gpu, offset))
			return -1;
		restored++;
	}
	if (store->pages.more && !known->more && gpu_add_more(gpu))
		return -1;
	return restored;
}

static int restore(const struct gpu *gpu, const struct store *store, const struct pages *known)
{
	int restored;

	if (gpu->restored)
		return 0;
	restored = restore_pages(gpu, store, known);
	if (restored < 0)
		return -1;
	if (restored)
		warnx("%s: %d bad page%s restored", gpu->address, restored,
		       restored == 1 ? "" : "s");
	return store->unread ? 0 : gpu_set_restored(gpu);
}

/* What the driver cannot have on its list stays in the file. */
static void add_what_it_cannot_know(struct pages *pages, const struct gpu *gpu,
				    const struct store *store)
{
	size_t i;

	for (i = 0; i < store->pages.count; i++)
		if (!gpu->restored || store->pages.offset[i] >= gpu->memory.size)
			pages_add(pages, store->pages.offset[i]);
	pages->more |= !gpu->restored && store->pages.more;
}

static int save(const struct gpu *gpu, const struct store *store, struct pages *pages)
{
	size_t i;

	add_what_it_cannot_know(pages, gpu, store);
	if (state_write(store->directory, store->name, store->page_size, &gpu->memory, pages)) {
		warn("%s: the list cannot be saved in %s; what was saved before is still there",
		     gpu->address, store->directory);
		return -1;
	}
	for (i = 0; i < store->others_count; i++) {
		char *other = path_of(store, store->others[i]);

		unlink(other);
		free(other);
	}
	return 0;
}

/* The driver's answer, or that there is no driver any more. */
static int driver_failed(const struct gpu *gpu)
{
	int error = errno;

	if (access(gpu->directory, F_OK)) {
		warnx("%s: was unbound meanwhile", gpu->address);
		return 0;
	}
	errno = error;
	warn("%s: the driver refuses", gpu->address);
	return -1;
}

static int sync_store(struct gpu *gpu, struct store *store)
{
	struct pages known = { 0 };
	int ret;

	if (gpu_read_pages(gpu, &known) || restore(gpu, store, &known))
		ret = driver_failed(gpu);
	else
		ret = save(gpu, store, &known);
	pages_free(&known);
	return ret || store->unread ? -1 : 0;
}

int sync_gpu(struct gpu *gpu, const char *directory)
{
	struct store store;
	int ret = store_open(&store, gpu, directory);

	if (!ret)
		ret = sync_store(gpu, &store);
	store_close(&store);
	return ret;
}
