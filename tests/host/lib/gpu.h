/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One GPU under test, opened the way a VMM opens it: VFIO group, type1
 * container, device.  Nothing here asserts: every call returns 0 or a count on
 * success and -errno otherwise, so that the tests own all verdicts.
 *
 * Vocabulary, used by every test of this folder:
 *   region     what VFIO calls a region; USEMEM is region 4, RESMEM region 2
 *   real       bytes of a region that are backed by memory
 *   BAR size   bytes the region claims: a power of two, at least @real
 *   tail       [real, BAR size): reads as 0xff, swallows writes, is not mapped
 *
 * The runner names the GPUs: GPU0, GPU1, … hold their PCI addresses, and
 * GPU0_MEM, … the memory each was built with (bytes, or with a K, M or G).
 */
#ifndef HOST_GPU_H
#define HOST_GPU_H

#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GPU_USEMEM	VFIO_PCI_BAR4_REGION_INDEX
#define GPU_RESMEM	VFIO_PCI_BAR2_REGION_INDEX
#define GPU_CONFIG	VFIO_PCI_CONFIG_REGION_INDEX

#define KIB(n)	((uint64_t)(n) << 10)
#define MIB(n)	((uint64_t)(n) << 20)
#define GIB(n)	((uint64_t)(n) << 30)

/* What can be mapped of a region: the sparse areas, or all of it. */
#define GPU_AREAS 4

struct gpu_area {
	uint64_t at;		/* in the region */
	uint64_t len;
};

struct gpu_region {
	uint64_t offset;
	uint64_t size;
	uint64_t real;
	uint32_t flags;
	unsigned int areas;
	struct gpu_area area[GPU_AREAS];
};

struct gpu {
	char bdf[16];
	int container;
	int group;
	int device;
	struct gpu_region region[VFIO_PCI_NUM_REGIONS];
};

/* Nothing open yet: safe to gpu_close(). */
#define GPU_CLOSED ((struct gpu){ .container = -1, .group = -1, .device = -1 })

/* What the layout rules say the driver must report for a GPU. */
struct gpu_layout {
	uint64_t usemem;
	uint64_t usemem_bar;
	uint64_t resmem;
	uint64_t resmem_bar;
};

/* The scenario: NULL or 0 when it has no such GPU. */
const char *gpu_bdf(unsigned int nr);
uint64_t gpu_memory(unsigned int nr);
int gpu_expected_layout(unsigned int nr, struct gpu_layout *layout);
uint64_t pow2_at_least(uint64_t n);

/*
 * gpu_open() turns memory decode and bus mastering on and puts the device
 * model's fault injection back to rest: a killed test leaves no trace.
 * gpu_open_raw() leaves the device as the driver's open left it.
 */
int gpu_open(struct gpu *gpu, const char *bdf);
int gpu_open_raw(struct gpu *gpu, const char *bdf);

/* Like gpu_open(), in the container of another GPU (NULL: in its own). */
int gpu_open_beside(struct gpu *gpu, const char *bdf, const struct gpu *beside);
void gpu_close(struct gpu *gpu);

/* What the device says of its regions, once it is open: 0 or -errno. */
int gpu_learn_regions(struct gpu *gpu);

/* One more file descriptor for the same device, from the same group. */
int gpu_device_again(const struct gpu *gpu);

/* pread() and pwrite() at @at inside a region: bytes, or -errno. */
ssize_t gpu_read(const struct gpu *gpu, unsigned int region, uint64_t at,
		 void *buf, size_t len);
ssize_t gpu_write(const struct gpu *gpu, unsigned int region, uint64_t at,
		  const void *buf, size_t len);

/* mmap() a part of a region; the address is congruent to @at modulo 1 GiB. */
void *gpu_map(const struct gpu *gpu, unsigned int region, uint64_t at,
	      size_t len, int prot);
/*
 * mmap() an area of a region as QEMU does since 9.2: the address is aligned to the lowest
 * bit of the area's length, to 1 GiB at most, and here to nothing more than that.
 */
void *gpu_map_area(const struct gpu *gpu, unsigned int region, unsigned int area, int prot);
void *gpu_map_fixed(const struct gpu *gpu, unsigned int region, uint64_t at,
		    size_t len, int prot, void *where);
void *reserve_aligned(size_t len, size_t align);

/* The four ways a device gets reset. */
int gpu_reset(const struct gpu *gpu);
int gpu_reset_by_config(const struct gpu *gpu);
int gpu_reset_hot(const struct gpu *gpu);
int gpu_reset_by_sysfs(const char *bdf);

/* 10de:2340 to 237f: the PCI core never resets a bus or a slot that one is on. */
bool gpu_is_hopper(const struct gpu *gpu);

/* Config space. */
int gpu_command(const struct gpu *gpu, uint16_t set, uint16_t clear);
int gpu_power_state(const struct gpu *gpu, unsigned int d_state);
unsigned int gpu_capability(const struct gpu *gpu, uint8_t id);

/* VFIO_DEVICE_FEATURE without payload, e.g. low power entry and exit. */
int gpu_feature(const struct gpu *gpu, uint32_t feature);

/* Type1 DMA mappings. */
int gpu_dma_map(const struct gpu *gpu, const void *buf, uint64_t iova,
		size_t len);
int gpu_dma_unmap(const struct gpu *gpu, uint64_t iova, size_t len);

/* Eventfds: one vector of an interrupt index. */
int gpu_eventfd(const struct gpu *gpu, unsigned int index, unsigned int vector,
		unsigned int vectors);
int eventfd_wait(int fd, int timeout_ms);

size_t page_size(void);
size_t pmd_size(void);

/* What one table of such blocks maps: 1 GiB with 4K pages. */
size_t pmd_table_span(void);

#endif
