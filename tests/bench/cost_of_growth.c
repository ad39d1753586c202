// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one more GPU costs, to open it, map a part of its memory and touch that, when so
 * many are in use already. At best as much as the first one.
 *
 * Environment: GPU0, GPU1, ...
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu.h"
#include "row.h"
#include "touch.h"

#define GPUS_MAX 16
#define PART GIB(1)

struct used {
	struct gpu gpu;
	void *map;
};

static void use(struct used *used)
{
	struct gpu *gpu = &used->gpu;

	gpu->device = gpu_device_again(gpu);
	must(gpu->device >= 0, "open");
	must(!gpu_command(gpu, PCI_COMMAND_MEMORY, 0), "memory decode");
	used->map = gpu_map(gpu, GPU_USEMEM, 0, PART, PROT_READ | PROT_WRITE);
	must(used->map != MAP_FAILED, "mmap");
	must(!touch_every(used->map, PART, pmd_size()), "touch");
}

static void leave(struct used *used)
{
	if (used->gpu.device < 0)
		return;
	munmap(used->map, PART);
	close(used->gpu.device);
	used->gpu.device = -1;
}

static void open_group(struct gpu *gpu, const char *bdf)
{
	errno = -gpu_open(gpu, bdf);
	must(!errno, bdf);
	close(gpu->device);
	gpu->device = -1;
}

/* Leaves it in use. Returns the least of all rounds. */
static uint64_t cost_of_one_more(struct used *used, unsigned int number, uint64_t first)
{
	struct row row = row_of("instructions", first, "use.gpu-%u", number);
	uint64_t before;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		leave(used);
		before = instructions();
		use(used);
		row_add(&row, instructions() - before);
	}
	row_print(&row);
	return row.least;
}

int main(void)
{
	static struct used used[GPUS_MAX];
	uint64_t first = 0, cost;
	unsigned int nr, count;

	for (count = 0; count < GPUS_MAX && gpu_bdf(count); count++)
		open_group(&used[count].gpu, gpu_bdf(count));
	for (nr = 0; nr < count; nr++) {
		cost = cost_of_one_more(&used[nr], nr + 1, first);
		first = first ?: cost;
	}
	for (nr = 0; nr < count; nr++) {
		leave(&used[nr]);
		gpu_close(&used[nr].gpu);
	}
	return 0;
}
