// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an open costs that zeroes all of the memory first, on one CPU, beside a memset()
 * of as much through a mapping of it that is there. Only this driver does it; with
 * another one there is no row. Threads of the driver do the work, so what counts is all
 * that the CPU did.
 *
 * Environment: SIZES = names of GPU0, GPU1, ... for the rows ("4G 96G").
 */

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu.h"
#include "row.h"
#include "scrub.h"
#include "touch.h"

/* Of one region; 0 if the GPU has none such. */
static uint64_t memset_all(const struct gpu *gpu, unsigned int region)
{
	uint64_t real = gpu->region[region].real, before;
	void *map;

	if (!real)
		return 0;
	map = gpu_map(gpu, region, 0, real, PROT_READ | PROT_WRITE);
	must(map != MAP_FAILED && !touch_every(map, real, page_size()), "touch");
	before = instructions();
	memset(map, 0, real);
	before = instructions() - before;
	munmap(map, real);
	return before;
}

static uint64_t cost_of_open(struct gpu *gpu)
{
	uint64_t before;

	close(gpu->device);
	before = instructions_of_all();
	gpu->device = gpu_device_again(gpu);
	must(gpu->device >= 0, "open");
	return instructions_of_all() - before;
}

static void with_gpu(unsigned int nr, const char *size)
{
	struct row row = row_of("instructions", 0, "open-with-scrub.%s", size);
	struct gpu gpu = GPU_CLOSED;
	int i;

	errno = -gpu_open(&gpu, gpu_bdf(nr));
	must(!errno, size);
	row.limit = memset_all(&gpu, GPU_USEMEM) + memset_all(&gpu, GPU_RESMEM);
	must(!scrub_set_policy(gpu.bdf, "on-open"), "scrub_policy");
	for (i = 0; i < 2; i++)
		row_add(&row, cost_of_open(&gpu));
	scrub_set_policy(gpu.bdf, "off");
	gpu_close(&gpu);
	row_print(&row);
}

int main(void)
{
	if (scrub_set_policy(gpu_bdf(0), "off"))
		return 0;
	for_sizes(with_gpu);
	return 0;
}
