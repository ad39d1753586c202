// SPDX-License-Identifier: GPL-2.0-only
/* Leftovers, and the next user; see aftermath.h. */

#include "aftermath.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"
#include "gpu.h"
#include "sysfs.h"
#include "touch.h"

#define GRACE_MS	3000
#define PATIENCE_MS	30000
#define MAP_LEN		MIB(4)

/* Without SLUB's checks, objects that CPUs keep in reserve count as used. */
static bool is_exact(const char *cache)
{
	char path[128], *checks;
	bool on;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/sanity_checks", cache);
	checks = file_slurp(path);
	on = checks && *checks == '1';
	free(checks);
	return on;
}

/* Objects of a slab cache that are in use; 0 where that is not known exactly. */
static unsigned int objects_of(const char *cache)
{
	char *slabs, *line, begin[64];
	unsigned int objects = 0;

	if (!is_exact(cache))
		return 0;
	slabs = file_slurp("/proc/slabinfo");
	snprintf(begin, sizeof(begin), "\n%s ", cache);
	line = slabs ? strstr(slabs, begin) : NULL;
	if (line)
		sscanf(line, "%*s %u", &objects);
	free(slabs);
	return objects;
}

static struct footprint footprint_now(void)
{
	struct footprint now = { .iomem = file_slurp("/proc/iomem") };

	now.mappings = physical_mappings(&now.mapped);
	now.workqueues = objects_of("pool_workqueue");
	return now;
}

void footprint_take(struct footprint *footprint)
{
	sleep_ms(GRACE_MS);
	footprint_free(footprint);
	*footprint = footprint_now();
}

/* Workqueues of others may go meanwhile: they are freed long after they are given up. */
static bool is_as_before(const struct footprint *before, const struct footprint *now)
{
	return before->iomem && now->iomem && !strcmp(before->iomem, now->iomem) &&
	       before->mappings == now->mappings && before->mapped == now->mapped &&
	       before->workqueues >= now->workqueues;
}

static void show(const char *when, const struct footprint *footprint, bool all)
{
	fprintf(stderr, "# %s: %u mappings of %llu bytes, %u parts of workqueues\n%s",
		when, footprint->mappings, (unsigned long long)footprint->mapped,
		footprint->workqueues, all ? footprint->iomem : "");
}

static void show_difference(const struct footprint *before,
			    const struct footprint *now)
{
	bool all = before->iomem && now->iomem && strcmp(before->iomem, now->iomem);

	show("before", before, all);
	show("now", now, all);
}

bool footprint_is_back(const struct footprint *footprint)
{
	uint64_t deadline = now_ms() + PATIENCE_MS;
	struct footprint now = footprint_now();
	bool same;

	while (!(same = is_as_before(footprint, &now)) && now_ms() < deadline) {
		sleep_ms(100);
		footprint_free(&now);
		now = footprint_now();
	}
	if (!same)
		show_difference(footprint, &now);
	footprint_free(&now);
	return same;
}

void footprint_free(struct footprint *footprint)
{
	free(footprint->iomem);
	footprint->iomem = NULL;
}

static int use(const struct gpu *gpu, void *map)
{
	uint64_t written = now_ns(), value;
	int ret = touch_write(map, written);

	if (!ret)
		ret = gpu_reset(gpu);
	if (!ret)
		ret = gpu_command(gpu, PCI_COMMAND_MEMORY, 0);
	if (!ret)
		ret = touch_read(map, &value);
	if (!ret && value != written)
		ret = -EILSEQ;
	if (!ret && (gpu_read(gpu, GPU_USEMEM, 0, &value, 8) != 8 || value != written))
		ret = -EIO;
	return ret;
}

int next_user(const char *bdf)
{
	struct gpu gpu;
	void *map;
	int ret = gpu_open(&gpu, bdf);

	if (ret)
		return ret;
	map = gpu_map(&gpu, GPU_USEMEM, 0, MAP_LEN, PROT_READ | PROT_WRITE);
	ret = map == MAP_FAILED ? -errno : use(&gpu, map);
	if (map != MAP_FAILED)
		munmap(map, MAP_LEN);
	gpu_close(&gpu);
	return ret;
}
