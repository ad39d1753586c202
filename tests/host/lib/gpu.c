// SPDX-License-Identifier: GPL-2.0-only
/* Opening a GPU by group and type1 container, its regions and its mappings. */

#include "gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <poll.h>
#include <unistd.h>

#include "capability.h"
#include "clock.h"
#include "sysfs.h"
#include "testblock.h"

/* How long a dying predecessor may keep the group busy. */
#define BUSY_LIMIT_MS	8000

/*
 * Covers every PMD size of arm64, so that huge faults are never ruled out, and what a
 * table of PMDs maps with 4K pages.
 */
#define MAP_ALIGN	GIB(1)

#define PCI_COMMAND_AT		4
#define PCI_COMMAND_MEMORY	0x2
#define PCI_COMMAND_MASTER	0x4

size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* A page table fills one page with eight-byte entries. */
size_t pmd_size(void)
{
	return page_size() / 8 * page_size();
}

size_t pmd_table_span(void)
{
	return page_size() / 8 * pmd_size();
}

const char *gpu_bdf(unsigned int nr)
{
	char name[16];

	snprintf(name, sizeof(name), "GPU%u", nr);
	return getenv(name);
}

uint64_t gpu_memory(unsigned int nr)
{
	char name[24], *end;
	const char *text;
	uint64_t bytes;

	snprintf(name, sizeof(name), "GPU%u_MEM", nr);
	text = getenv(name);
	if (!text)
		return 0;
	bytes = strtoull(text, &end, 0);
	switch (*end) {
	case 'G':
		return GIB(bytes);
	case 'M':
		return MIB(bytes);
	case 'K':
		return KIB(bytes);
	default:
		return bytes;
	}
}

uint64_t pow2_at_least(uint64_t n)
{
	uint64_t p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

/*
 * The firmware and guest contract, worked out a second time from the GPU's
 * memory size and its own config space, not from what the driver says.
 */
int gpu_expected_layout(unsigned int nr, struct gpu_layout *layout)
{
	uint64_t mem = gpu_memory(nr);
	int bug = pci_has_mig_bug(gpu_bdf(nr));

	memset(layout, 0, sizeof(*layout));
	if (!mem)
		return -ENODATA;
	if (bug < 0)
		return bug;
	if (!bug) {
		layout->usemem = mem;
		layout->usemem_bar = pow2_at_least(mem);
		return 0;
	}
	layout->usemem_bar = pow2_at_least(mem - GIB(1));
	layout->usemem = (mem - GIB(1)) / MIB(512) * MIB(512);
	layout->resmem = mem - layout->usemem;
	layout->resmem_bar = pow2_at_least(layout->resmem);
	return 0;
}

static int open_when_free(const char *path)
{
	uint64_t deadline = now_ms() + BUSY_LIMIT_MS;
	int fd;

	for (;;) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0)
			return fd;
		if (errno != EBUSY || now_ms() > deadline)
			return -errno;
		sleep_ms(20);
	}
}

static int group_open(const char *bdf)
{
	char link[PATH_MAX], target[PATH_MAX], path[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	len = readlink(link, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%.20s", basename(target));
	return open_when_free(path);
}

static int attach_container(struct gpu *gpu)
{
	gpu->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (gpu->container < 0)
		return -errno;
	if (ioctl(gpu->group, VFIO_GROUP_SET_CONTAINER, &gpu->container))
		return -errno;
	if (ioctl(gpu->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	return 0;
}

/* Bytes that can be mapped: the end of the last sparse area, or everything. */
static uint64_t mappable_bytes(const struct vfio_region_info *info)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;
	const struct vfio_info_cap_header *cap;
	const char *base = (const char *)info;
	uint32_t at, i;
	uint64_t end = 0;

	if (!(info->flags & VFIO_REGION_INFO_FLAG_CAPS))
		return info->size;
	for (at = info->cap_offset; at; at = cap->next) {
		cap = (const void *)(base + at);
		if (cap->id != VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			continue;
		sparse = (const void *)cap;
		for (i = 0; i < sparse->nr_areas; i++)
			if (sparse->areas[i].offset + sparse->areas[i].size > end)
				end = sparse->areas[i].offset +
				      sparse->areas[i].size;
		return end;
	}
	return info->size;
}

int gpu_learn_regions(struct gpu *gpu)
{
	union {
		struct vfio_region_info info;
		char room[1024];
	} u;
	unsigned int i;

	for (i = 0; i <= GPU_CONFIG; i++) {
		memset(&u, 0, sizeof(u));
		u.info.argsz = sizeof(u);
		u.info.index = i;
		if (ioctl(gpu->device, VFIO_DEVICE_GET_REGION_INFO, &u.info))
			return -errno;
		gpu->region[i].offset = u.info.offset;
		gpu->region[i].size = u.info.size;
		gpu->region[i].flags = u.info.flags;
		gpu->region[i].real = mappable_bytes(&u.info);
	}
	return 0;
}

int gpu_device_again(const struct gpu *gpu)
{
	int fd = ioctl(gpu->group, VFIO_GROUP_GET_DEVICE_FD, gpu->bdf);

	return fd < 0 ? -errno : fd;
}

int gpu_open_raw(struct gpu *gpu, const char *bdf)
{
	int ret;

	*gpu = GPU_CLOSED;
	snprintf(gpu->bdf, sizeof(gpu->bdf), "%s", bdf);
	ret = group_open(bdf);
	if (ret >= 0) {
		gpu->group = ret;
		ret = attach_container(gpu);
	}
	if (ret >= 0)
		ret = gpu->device = gpu_device_again(gpu);
	if (ret >= 0)
		ret = gpu_learn_regions(gpu);
	if (ret < 0)
		gpu_close(gpu);
	return ret;
}

int gpu_open(struct gpu *gpu, const char *bdf)
{
	int ret = gpu_open_raw(gpu, bdf);

	if (ret)
		return ret;
	ret = gpu_command(gpu, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	if (!ret)
		ret = testblock_rest(gpu);
	if (ret)
		gpu_close(gpu);
	return ret;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void gpu_close(struct gpu *gpu)
{
	close_one(&gpu->device);
	close_one(&gpu->group);
	close_one(&gpu->container);
}

ssize_t gpu_read(const struct gpu *gpu, unsigned int region, uint64_t at,
		 void *buf, size_t len)
{
	off_t offset = (off_t)(gpu->region[region].offset + at);
	ssize_t n = pread(gpu->device, buf, len, offset);

	return n < 0 ? -errno : n;
}

ssize_t gpu_write(const struct gpu *gpu, unsigned int region, uint64_t at,
		  const void *buf, size_t len)
{
	off_t offset = (off_t)(gpu->region[region].offset + at);
	ssize_t n = pwrite(gpu->device, buf, len, offset);

	return n < 0 ? -errno : n;
}

void *reserve_aligned(size_t len, size_t align)
{
	char *raw = mmap(NULL, len + align, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *aligned, *end;

	if (raw == MAP_FAILED)
		return MAP_FAILED;
	aligned = (char *)(((uintptr_t)raw + align - 1) / align * align);
	end = aligned + (len + page_size() - 1) / page_size() * page_size();
	if (aligned > raw)
		munmap(raw, (size_t)(aligned - raw));
	if (raw + len + align > end)
		munmap(end, (size_t)(raw + len + align - end));
	return aligned;
}

void *gpu_map_fixed(const struct gpu *gpu, unsigned int region, uint64_t at,
		    size_t len, int prot, void *where)
{
	return mmap(where, len, prot, MAP_SHARED | (where ? MAP_FIXED : 0),
		    gpu->device, (off_t)(gpu->region[region].offset + at));
}

void *gpu_map(const struct gpu *gpu, unsigned int region, uint64_t at,
	      size_t len, int prot)
{
	size_t skew = at % MAP_ALIGN;
	char *base = reserve_aligned(len + skew, MAP_ALIGN);
	void *map;

	if (base == MAP_FAILED)
		return MAP_FAILED;
	map = gpu_map_fixed(gpu, region, at, len, prot, base + skew);
	if (skew)
		munmap(base, skew);
	if (map == MAP_FAILED) {
		int saved = errno;

		munmap(base + skew, len);
		errno = saved;
	}
	return map;
}

int gpu_feature(const struct gpu *gpu, uint32_t feature)
{
	struct vfio_device_feature arg = {
		.argsz = sizeof(arg),
		.flags = VFIO_DEVICE_FEATURE_SET | feature,
	};

	return ioctl(gpu->device, VFIO_DEVICE_FEATURE, &arg) ? -errno : 0;
}

int gpu_dma_map(const struct gpu *gpu, const void *buf, uint64_t iova,
		size_t len)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)buf,
		.iova = iova,
		.size = len,
	};

	return ioctl(gpu->container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

int gpu_dma_unmap(const struct gpu *gpu, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = len,
	};

	return ioctl(gpu->container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}

int gpu_eventfd(const struct gpu *gpu, unsigned int index, unsigned int vector,
		unsigned int vectors)
{
	size_t size = sizeof(struct vfio_irq_set) + vectors * sizeof(int32_t);
	struct vfio_irq_set *set = calloc(1, size);
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int32_t *slots, ret = fd;
	unsigned int i;

	if (!set || fd < 0)
		return -ENOMEM;
	slots = (int32_t *)(void *)set->data;
	for (i = 0; i < vectors; i++)
		slots[i] = i == vector ? fd : -1;
	set->argsz = (uint32_t)size;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->count = vectors;
	if (ioctl(gpu->device, VFIO_DEVICE_SET_IRQS, set)) {
		ret = -errno;
		close(fd);
	}
	free(set);
	return ret;
}

int eventfd_wait(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t count;

	if (poll(&pfd, 1, timeout_ms) != 1)
		return -ETIMEDOUT;
	return read(fd, &count, sizeof(count)) == sizeof(count) ? 0 : -errno;
}
