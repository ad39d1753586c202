// SPDX-License-Identifier: GPL-2.0-only
/*
 * What mapping all of a GPU's memory costs: mmap(), page tables, faults to touch it,
 * a zap and the faults after it, munmap(); and an IOMMU mapping of it.
 *
 * Environment: SIZES = names of GPU0, GPU1, ... for the rows ("4G 96G").
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/mman.h>

#include "gpu.h"
#include "row.h"
#include "sysfs.h"
#include "touch.h"

#define IOVA	GIB(1)
#define MAPPED	GIB(4)		/* what is mapped for DMA */

/* Tables of blocks that can be mapped whole, and the pages of the rest. */
static uint64_t tables_and_pages(uint64_t bytes)
{
	uint64_t span = pmd_table_span(), blocks = bytes / pmd_size() * pmd_size();

	return (blocks + span - 1) / span + (bytes - blocks + page_size() - 1) / page_size();
}

/* Of all that a block is: one word, since a fault maps it whole or does not. */
static void touch_blocks(const struct gpu *gpu, const char *map, const char *size)
{
	uint64_t real = gpu->region[GPU_USEMEM].real, at, faults = minor_faults();
	uint64_t before = instructions(), value;

	for (at = 0; at < real; at += at < real / pmd_size() * pmd_size() ? pmd_size() : page_size())
		must(!touch_read(map + at, &value), "touch");
	row_of_one(instructions() - before, "instructions", 0, "touch-all.%s", size);
	row_of_one(minor_faults() - faults, "faults", tables_and_pages(real), "touch-all.%s", size);
}

static void map_all(const struct gpu *gpu, const char *size)
{
	uint64_t real = gpu->region[GPU_USEMEM].real, tables = page_table_kib(), before;
	char *map = gpu_map(gpu, GPU_USEMEM, 0, real, PROT_READ | PROT_WRITE);

	must(map != MAP_FAILED, "mmap");
	ROW_OF_INSTRUCTIONS(0, munmap(map, real),
		must(gpu_map_fixed(gpu, GPU_USEMEM, 0, real, PROT_READ | PROT_WRITE, map) == map, "mmap"),
		"mmap.%s", size);
	row_of_one(page_table_kib() - tables, "KiB", 0, "mmap-tables.%s", size);
	touch_blocks(gpu, map, size);
	row_of_one(page_table_kib() - tables, "KiB", 0, "touched-tables.%s", size);
	before = instructions();
	munmap(map, real);
	row_of_one(instructions() - before, "instructions", 0, "munmap.%s", size);
}

static void decode_off_and_on(const struct gpu *gpu)
{
	gpu_command(gpu, 0, PCI_COMMAND_MEMORY);
	gpu_command(gpu, PCI_COMMAND_MEMORY, 0);
}

/*
 * Memory decode off takes every mapping away. The in-tree driver of 6.12 maps all by
 * mmap(), and nothing again: there is no row for that.
 */
static void zap_and_refault(const struct gpu *gpu)
{
	uint64_t len = GIB(1), before;
	char *map = gpu_map(gpu, GPU_USEMEM, 0, len, PROT_READ | PROT_WRITE);

	must(map != MAP_FAILED && !touch_every(map, len, pmd_size()), "touch");
	before = instructions();
	decode_off_and_on(gpu);
	row_of_one(instructions() - before, "instructions", 0, "zap.1G");
	if (!touch_every(map, len, pmd_size()))
		ROW_OF_INSTRUCTIONS(0, decode_off_and_on(gpu),
				    must(!touch_every(map, len, pmd_size()), "touch"), "refault.1G");
	munmap(map, len);
}

static void map_for_dma(const struct gpu *gpu)
{
	uint64_t len = gpu->region[GPU_USEMEM].real;
	void *map;

	if (len > MAPPED)
		len = MAPPED;
	map = gpu_map(gpu, GPU_USEMEM, 0, len, PROT_READ | PROT_WRITE);
	must(map != MAP_FAILED, "mmap");
	must(!touch_every(map, len, pmd_size()), "touch");
	ROW_OF_INSTRUCTIONS(0, gpu_dma_unmap(gpu, IOVA, len),
		must(!gpu_dma_map(gpu, map, IOVA, len), "DMA map"), "type1-map.%lluM",
		(unsigned long long)len >> 20);
	gpu_dma_unmap(gpu, IOVA, len);
	munmap(map, len);
}

static void with_gpu(unsigned int nr, const char *size)
{
	struct gpu gpu = GPU_CLOSED;

	errno = -gpu_open(&gpu, gpu_bdf(nr));
	must(!errno, size);
	map_all(&gpu, size);
	if (!nr) {
		zap_and_refault(&gpu);
		map_for_dma(&gpu);
	}
	gpu_close(&gpu);
}

int main(void)
{
	for_sizes(with_gpu);
	return 0;
}
