// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_GET_INFO and VFIO_DEVICE_GET_REGION_INFO: what a VMM learns.
 *
 * Expected sizes are worked out here from the GPU's memory size and its own
 * config space (lib/gpu.c), and are compared with sysfs as well.
 */

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "sysfs.h"
#include "variants.h"

#define BAR_FLAGS	(VFIO_REGION_INFO_FLAG_READ | \
			 VFIO_REGION_INFO_FLAG_WRITE | \
			 VFIO_REGION_INFO_FLAG_MMAP)

/* The argument and the room behind it that capabilities may fill. */
struct info_buffer {
	struct vfio_region_info info;
	uint8_t caps[512];
};

FIXTURE(region_info) {
	struct gpu gpu;
	struct gpu_layout want;
};

FIXTURE_VARIANT(region_info) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(region_info);

FIXTURE_SETUP(region_info)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	ASSERT_EQ(0, gpu_expected_layout(variant->gpu, &self->want))
		TH_LOG("GPU%u_MEM must hold the GPU's memory size", variant->gpu);
}

FIXTURE_TEARDOWN(region_info)
{
	gpu_close(&self->gpu);
}

static int query(const struct gpu *gpu, struct info_buffer *buf,
		 unsigned int index, uint32_t argsz)
{
	memset(buf, 0, sizeof(*buf));
	memset(buf->caps, 0xa5, sizeof(buf->caps));
	buf->info.argsz = argsz;
	buf->info.index = index;
	return ioctl(gpu->device, VFIO_DEVICE_GET_REGION_INFO, &buf->info) ?
	       -errno : 0;
}

static const struct vfio_region_info_cap_sparse_mmap *
sparse_of(const struct info_buffer *buf)
{
	const char *base = (const char *)buf;
	const struct vfio_info_cap_header *cap;
	uint32_t at = buf->info.cap_offset;

	if (!(buf->info.flags & VFIO_REGION_INFO_FLAG_CAPS))
		return NULL;
	for (; at && at < sizeof(*buf); at = cap->next) {
		cap = (const void *)(base + at);
		if (cap->id == VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			return (const void *)cap;
	}
	return NULL;
}

/*
 * All blocks are one area, what is left is another: somebody who aligns an area by its
 * size's lowest bit can map the blocks as such.
 */
static bool has_areas(const struct vfio_region_info_cap_sparse_mmap *sparse, uint64_t real)
{
	uint64_t blocks = real / pmd_size() * pmd_size();
	const struct vfio_region_sparse_mmap_area *rest = &sparse->areas[!!blocks];

	if (sparse->nr_areas != (blocks ? 1u : 0u) + (real > blocks ? 1u : 0u))
		return false;
	if (blocks && (sparse->areas[0].offset || sparse->areas[0].size != blocks))
		return false;
	return real == blocks || (rest->offset == blocks && rest->size == real - blocks);
}

/* True if @buf says that @real bytes can be mapped in a region of @bar bytes. */
static bool describes_memory(const struct info_buffer *buf, unsigned int index,
			     uint64_t bar, uint64_t real)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse = sparse_of(buf);

	return sparse && has_areas(sparse, real) && sparse->header.version == 1 &&
	       buf->info.size == bar &&
	       buf->info.offset == (uint64_t)index << 40 &&
	       buf->info.flags == (BAR_FLAGS | VFIO_REGION_INFO_FLAG_CAPS);
}

TEST_F(region_info, usemem_has_the_size_the_layout_rules_give)
{
	struct info_buffer buf;

	ASSERT_EQ(0, query(&self->gpu, &buf, GPU_USEMEM, sizeof(buf)));
	EXPECT_EQ(self->want.usemem_bar, buf.info.size);
	EXPECT_TRUE(describes_memory(&buf, GPU_USEMEM, self->want.usemem_bar,
				     self->want.usemem));
}

TEST_F(region_info, resmem_is_there_exactly_where_the_mig_bug_is)
{
	struct info_buffer buf;

	ASSERT_EQ(0, query(&self->gpu, &buf, GPU_RESMEM, sizeof(buf)));
	if (self->want.resmem) {
		EXPECT_TRUE(describes_memory(&buf, GPU_RESMEM,
					     self->want.resmem_bar,
					     self->want.resmem));
		return;
	}
	/* The GPU's real BAR1: all of it can be mapped, nothing is emulated. */
	EXPECT_NULL(sparse_of(&buf));
	EXPECT_NE(0, buf.info.size);
	EXPECT_EQ((uint64_t)GPU_RESMEM << 40, buf.info.offset);
}

TEST_F(region_info, bar_sizes_are_powers_of_two_no_smaller_than_the_memory)
{
	struct info_buffer buf;

	ASSERT_EQ(0, query(&self->gpu, &buf, GPU_USEMEM, sizeof(buf)));
	ASSERT_NE(0, buf.info.size);
	EXPECT_EQ(0, buf.info.size & (buf.info.size - 1));
	ASSERT_NE(NULL, sparse_of(&buf));
	EXPECT_LE(self->gpu.region[GPU_USEMEM].real, buf.info.size);
}

TEST_F(region_info, both_regions_together_hold_every_byte_of_the_gpu)
{
	uint64_t held = self->gpu.region[GPU_USEMEM].real;

	if (gpu_has_resmem(&self->gpu))
		held += self->gpu.region[GPU_RESMEM].real;
	EXPECT_EQ(gpu_memory(variant->gpu), held);
}

TEST_F(region_info, memory_is_split_in_whole_blocks_or_not_at_all)
{
	if (!self->want.resmem) {
		EXPECT_EQ(gpu_memory(variant->gpu),
			  self->gpu.region[GPU_USEMEM].real);
		return;
	}
	EXPECT_EQ(0, self->gpu.region[GPU_USEMEM].real % MIB(512));
	EXPECT_GE(self->gpu.region[GPU_RESMEM].real, GIB(1));
	EXPECT_LT(self->gpu.region[GPU_RESMEM].real, GIB(1) + MIB(512));
}

TEST_F(region_info, sysfs_says_the_same)	/* W16 */
{
	const char *bdf = self->gpu.bdf;

	EXPECT_EQ(self->want.usemem, gpu_attribute_number(bdf, "usemem_size"));
	EXPECT_EQ(self->want.usemem_bar,
		  gpu_attribute_number(bdf, "usemem_bar_size"));
	EXPECT_EQ(self->want.resmem, gpu_attribute_number(bdf, "resmem_size"));
	EXPECT_EQ(self->want.resmem ? self->want.resmem_bar : 0,
		  gpu_attribute_number(bdf, "resmem_bar_size"));
}

TEST_F(region_info, argsz_without_room_is_told_the_size_and_no_capability)
{
	struct info_buffer buf;
	uint32_t full;

	ASSERT_EQ(0, query(&self->gpu, &buf, GPU_USEMEM, sizeof(buf.info)));
	full = buf.info.argsz;
	EXPECT_GE(full, sizeof(buf.info) +
			sizeof(struct vfio_region_info_cap_sparse_mmap) +
			sizeof(struct vfio_region_sparse_mmap_area));
	EXPECT_EQ(0, buf.info.cap_offset);
	EXPECT_TRUE(buf.info.flags & VFIO_REGION_INFO_FLAG_CAPS);
	EXPECT_EQ(0xa5, buf.caps[0]);
	EXPECT_EQ(self->want.usemem_bar, buf.info.size);
}

TEST_F(region_info, argsz_one_byte_short_writes_nothing_behind_the_struct)
{
	struct info_buffer buf;
	uint32_t full, i;

	ASSERT_EQ(0, query(&self->gpu, &buf, GPU_USEMEM, sizeof(buf.info)));
	full = buf.info.argsz;
	ASSERT_EQ(0, query(&self->gpu, &buf, GPU_USEMEM, full - 1));
	EXPECT_EQ(full, buf.info.argsz);
	EXPECT_EQ(0, buf.info.cap_offset);
	for (i = 0; i < sizeof(buf.caps); i++)
		ASSERT_EQ(0xa5, buf.caps[i]);
}

TEST_F(region_info, argsz_exact_gives_the_capability_and_nothing_behind_it)
{
	struct info_buffer buf;
	uint32_t full, i;

	ASSERT_EQ(0, query(&self->gpu, &buf, GPU_USEMEM, sizeof(buf.info)));
	full = buf.info.argsz;
	ASSERT_EQ(0, query(&self->gpu, &buf, GPU_USEMEM, full));
	EXPECT_EQ(full, buf.info.argsz);
	EXPECT_EQ(sizeof(buf.info), buf.info.cap_offset);
	EXPECT_TRUE(describes_memory(&buf, GPU_USEMEM, self->want.usemem_bar,
				     self->want.usemem));
	for (i = full - sizeof(buf.info); i < sizeof(buf.caps); i++)
		ASSERT_EQ(0xa5, buf.caps[i]);
}

TEST_F(region_info, capability_chain_ends_inside_the_buffer)
{
	const struct vfio_info_cap_header *cap;
	struct info_buffer buf;
	unsigned int links = 0;
	uint32_t at;

	ASSERT_EQ(0, query(&self->gpu, &buf, GPU_USEMEM, sizeof(buf)));
	for (at = buf.info.cap_offset; at; at = cap->next, links++) {
		ASSERT_LE(at + sizeof(*cap), sizeof(buf));
		ASSERT_LT(links, 16);
		cap = (const void *)((const char *)&buf + at);
	}
	EXPECT_EQ(1, links);
}

TEST_F(region_info, argsz_too_small_is_refused)
{
	const uint32_t minimum =
		offsetof(struct vfio_region_info, offset) + sizeof(uint64_t);
	struct info_buffer buf;
	unsigned int index;

	for (index = 0; index <= GPU_CONFIG; index++) {
		EXPECT_EQ(-EINVAL, query(&self->gpu, &buf, index, 0));
		EXPECT_EQ(-EINVAL, query(&self->gpu, &buf, index, 1));
		EXPECT_EQ(-EINVAL, query(&self->gpu, &buf, index, minimum - 1));
		EXPECT_EQ(0, query(&self->gpu, &buf, index, minimum));
	}
}

TEST_F(region_info, bad_pointer_is_refused)
{
	EXPECT_EQ(-1, ioctl(self->gpu.device, VFIO_DEVICE_GET_REGION_INFO, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->gpu.device, VFIO_DEVICE_GET_REGION_INFO,
			    (void *)8));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(region_info, room_that_cannot_be_written_is_refused)
{
	size_t page = page_size();
	char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct vfio_region_info *info;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, munmap(map + page, page));
	/* The struct ends where the mapping ends; the capability has no room. */
	info = (void *)(map + page - sizeof(*info));
	info->argsz = 512;
	info->index = GPU_USEMEM;
	EXPECT_EQ(-1, ioctl(self->gpu.device, VFIO_DEVICE_GET_REGION_INFO, info));
	EXPECT_EQ(EFAULT, errno);
}

TEST_F(region_info, indices_beyond_the_last_region_are_refused)
{
	static const unsigned int beyond[] = {
		VFIO_PCI_NUM_REGIONS, VFIO_PCI_NUM_REGIONS + 1, 255, 1u << 24,
		0x7fffffffu, 0x80000004u, 0xffffffffu,
	};
	struct info_buffer buf;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(beyond); i++)
		EXPECT_EQ(-EINVAL, query(&self->gpu, &buf, beyond[i],
					 sizeof(buf)))
			TH_LOG("index %u", beyond[i]);
}

TEST_F(region_info, every_other_region_is_as_the_pci_core_says)
{
	struct info_buffer buf;

	ASSERT_EQ(0, query(&self->gpu, &buf, 0, sizeof(buf)));
	EXPECT_GE(buf.info.size, MIB(16));
	EXPECT_EQ(BAR_FLAGS, buf.info.flags & BAR_FLAGS);
	EXPECT_NULL(sparse_of(&buf));

	/* High halves of 64-bit BARs are no regions of their own. */
	ASSERT_EQ(0, query(&self->gpu, &buf, 1, sizeof(buf)));
	EXPECT_EQ(0, buf.info.size);
	ASSERT_EQ(0, query(&self->gpu, &buf, 3, sizeof(buf)));
	EXPECT_EQ(0, buf.info.size);
	ASSERT_EQ(0, query(&self->gpu, &buf, 5, sizeof(buf)));
	EXPECT_EQ(0, buf.info.size);
	EXPECT_EQ(0, buf.info.flags);
}

TEST_F(region_info, rom_config_and_vga_are_as_the_pci_core_says)
{
	struct info_buffer buf;

	ASSERT_EQ(0, query(&self->gpu, &buf, VFIO_PCI_ROM_REGION_INDEX,
			   sizeof(buf)));
	EXPECT_FALSE(buf.info.flags & VFIO_REGION_INFO_FLAG_MMAP);
	ASSERT_EQ(0, query(&self->gpu, &buf, GPU_CONFIG, sizeof(buf)));
	EXPECT_EQ(4096, buf.info.size);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE,
		  buf.info.flags);
	EXPECT_EQ(-EINVAL, query(&self->gpu, &buf, VFIO_PCI_VGA_REGION_INDEX,
				 sizeof(buf)));
}

static int device_info(const struct gpu *gpu, struct vfio_device_info *info,
		       uint32_t argsz)
{
	memset(info, 0, sizeof(*info));
	info->argsz = argsz;
	return ioctl(gpu->device, VFIO_DEVICE_GET_INFO, info) ? -errno : 0;
}

TEST_F(region_info, device_info_names_a_resettable_pci_device)
{
	const uint32_t minimum =
		offsetof(struct vfio_device_info, num_irqs) + sizeof(uint32_t);
	struct vfio_device_info info;

	ASSERT_EQ(0, device_info(&self->gpu, &info, sizeof(info)));
	EXPECT_TRUE(info.flags & VFIO_DEVICE_FLAGS_PCI);
	EXPECT_TRUE(info.flags & VFIO_DEVICE_FLAGS_RESET);
	EXPECT_EQ(VFIO_PCI_NUM_REGIONS, info.num_regions);
	EXPECT_EQ(VFIO_PCI_NUM_IRQS, info.num_irqs);
	EXPECT_EQ(-EINVAL, device_info(&self->gpu, &info, minimum - 1));
	EXPECT_EQ(0, device_info(&self->gpu, &info, minimum));
}

TEST_F(region_info, unknown_ioctl_is_refused)
{
	EXPECT_EQ(-1, ioctl(self->gpu.device, _IO(VFIO_TYPE, VFIO_BASE + 99), 0));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_HARNESS_MAIN
