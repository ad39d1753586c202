// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel memory that stays allocated for a device: while it is bound, while it is open,
 * and while all of its memory is mapped and touched. What trace events tell of the slab
 * allocators is added up, on all CPUs: nothing else runs, but what the driver core and
 * VFIO keep for a device is in it. Page tables have rows of their own.
 *
 * Environment: SIZES = names of GPU0, GPU1, ... for the rows ("4G 96G").
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "events.h"
#include "gpu.h"
#include "row.h"
#include "sysfs.h"
#include "touch.h"

#define ROOM 65536	/* allocations that live at the same time, at most */

static const char * const events[] = {
	"kmem/kmalloc", "kmem/kmem_cache_alloc", "kmem/kfree", "kmem/kmem_cache_free",
};

#define EVENTS (sizeof(events) / sizeof(events[0]))

struct allocation {
	unsigned long long pointer;
	uint64_t bytes;
};

static struct allocation alive[ROOM];
static unsigned int living;

static void allocated(unsigned long long pointer, uint64_t bytes)
{
	must(living < ROOM, "room for allocations");
	alive[living++] = (struct allocation){ pointer, bytes };
}

/* What was there before is nobody's here. */
static void freed(unsigned long long pointer)
{
	unsigned int i = living;

	while (i-- > 0) {
		if (alive[i].pointer != pointer)
			continue;
		alive[i] = alive[--living];
		return;
	}
}

static void account(const char *line)
{
	const char *pointer = strstr(line, " ptr="), *bytes = strstr(line, " bytes_alloc=");

	if (!pointer)
		return;
	if (bytes)
		allocated(strtoull(pointer + 5, NULL, 16), strtoull(bytes + 13, NULL, 10));
	else
		freed(strtoull(pointer + 5, NULL, 16));
}

static void begin(void)
{
	size_t i;

	events_forget();
	for (i = 0; i < EVENTS; i++)
		events_begin(events[i], "0");
}

static uint64_t bytes_kept(void)
{
	uint64_t counted, bytes = 0, lines = 0;
	char *text, *line, *rest;
	size_t i;

	for (i = 0; i < EVENTS; i++)
		events_end(events[i]);
	counted = events_counted();
	text = events_text();
	living = 0;
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		lines += *line != '#';
		account(line);
	}
	must(lines == counted, "room for trace events");
	free(text);
	while (living)
		bytes += alive[--living].bytes;
	return bytes;
}

/* Of each the least of a few times: now and then something else keeps what it allocates. */
static void bind_to_driver(const char *bdf, const char *size)
{
	struct row row = row_of("bytes", 0, "kept.bound.%s", size);
	int round;

	for (round = 0; round < ROUNDS; round++) {
		must(!driver_unbind(bdf), "unbind");
		begin();
		must(!driver_bind(bdf), "bind");
		row_add(&row, bytes_kept());
	}
	row_print(&row);
}

static void open_device(struct gpu *gpu, const char *size)
{
	struct row row = row_of("bytes", 0, "kept.open.%s", size);
	int round;

	for (round = 0; round < ROUNDS; round++) {
		close(gpu->device);
		begin();
		gpu->device = gpu_device_again(gpu);
		must(gpu->device >= 0, "open");
		row_add(&row, bytes_kept());
	}
	row_print(&row);
	must(!gpu_command(gpu, PCI_COMMAND_MEMORY, 0), "memory decode");
}

static void touch_all(const struct gpu *gpu, const char *size)
{
	struct row row = row_of("bytes", 0, "kept.touched.%s", size);
	uint64_t real = gpu->region[GPU_USEMEM].real;
	void *map;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		begin();
		map = gpu_map(gpu, GPU_USEMEM, 0, real, PROT_READ | PROT_WRITE);
		must(map != MAP_FAILED, "mmap");
		must(!touch_every(map, real / pmd_size() * pmd_size(), pmd_size()), "touch");
		row_add(&row, bytes_kept());
		munmap(map, real);
	}
	row_print(&row);
}

static void with_gpu(unsigned int nr, const char *size)
{
	const char *bdf = gpu_bdf(nr);
	struct gpu gpu = GPU_CLOSED;

	bind_to_driver(bdf, size);
	errno = -gpu_open(&gpu, bdf);
	must(!errno, size);
	open_device(&gpu, size);
	touch_all(&gpu, size);
	gpu_close(&gpu);
}

int main(void)
{
	for_sizes(with_gpu);
	return 0;
}
