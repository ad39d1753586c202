// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() at and beyond every edge of the memory regions.  A mapping must lie
 * inside the real memory, whatever size the BAR claims.
 */

#include <errno.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "touch.h"
#include "variants.h"

FIXTURE(mmap_bounds) {
	struct gpu gpu;
	uint64_t real;	/* rounded down to whole pages */
	uint64_t bar;
	uint64_t page;
};

FIXTURE_VARIANT(mmap_bounds) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(mmap_bounds);

FIXTURE_SETUP(mmap_bounds)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->page = page_size();
	self->real = self->gpu.region[variant->region].real / self->page *
		     self->page;
	self->bar = self->gpu.region[variant->region].size;
}

FIXTURE_TEARDOWN(mmap_bounds)
{
	gpu_close(&self->gpu);
}

/* 0 if [at, at + len) of @region can be mapped, else -errno. */
static int try_map(const struct gpu *gpu, unsigned int region, uint64_t at,
		   uint64_t len)
{
	void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, gpu->device,
			 (off_t)(((uint64_t)region << 40) + at));

	if (map == MAP_FAILED)
		return -errno;
	munmap(map, len);
	return 0;
}

TEST_F(mmap_bounds, one_page_at_either_end_is_accepted)
{
	EXPECT_EQ(0, try_map(&self->gpu, variant->region, 0, self->page));
	EXPECT_EQ(0, try_map(&self->gpu, variant->region,
			     self->real - self->page, self->page));
}

TEST_F(mmap_bounds, whole_memory_is_accepted)
{
	EXPECT_EQ(0, try_map(&self->gpu, variant->region, 0, self->real));
}

TEST_F(mmap_bounds, one_page_more_than_the_memory_is_refused)
{
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region, 0,
				   self->real + self->page));
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region, self->page,
				   self->real));
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region,
				   self->real - self->page, 2 * self->page));
}

TEST_F(mmap_bounds, start_at_the_end_of_memory_is_refused)
{
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region, self->real,
				   self->page));
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region,
				   self->real + self->page, self->page));
}

TEST_F(mmap_bounds, bar_size_is_refused_where_it_exceeds_the_memory)
{
	int want = self->bar > self->real ? -EINVAL : 0;

	EXPECT_EQ(want, try_map(&self->gpu, variant->region, 0, self->bar));
	EXPECT_EQ(want, try_map(&self->gpu, variant->region,
				self->bar - self->page, self->page));
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region, 0,
				   self->bar + self->page));
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region, self->bar,
				   self->page));
}

TEST_F(mmap_bounds, mapping_across_into_the_next_region_is_refused)
{
	const uint64_t region_end = 1ull << 40;

	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region,
				   region_end - self->page, 2 * self->page));
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region,
				   region_end - self->page, self->page));
	/* From the end of the region before, into this one. */
	EXPECT_NE(0, try_map(&self->gpu, variant->region - 1,
			     region_end - self->page, 2 * self->page));
}

TEST_F(mmap_bounds, zero_length_is_refused)
{
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region, 0, 0));
}

TEST_F(mmap_bounds, offset_not_page_aligned_is_refused)
{
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region, 1, self->page));
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, variant->region,
				   self->page / 2, self->page));
}

TEST_F(mmap_bounds, length_that_wraps_is_refused)
{
	EXPECT_NE(0, try_map(&self->gpu, variant->region, self->page,
			     -self->page));
	EXPECT_NE(0, try_map(&self->gpu, variant->region, 0, 1ull << 62));
	EXPECT_NE(0, try_map(&self->gpu, variant->region,
			     (1ull << 63) - self->page -
			     ((uint64_t)variant->region << 40),
			     2 * self->page));
}

TEST_F(mmap_bounds, shared_validate_is_a_shared_mapping)
{
	uint64_t value;
	void *map = mmap(NULL, self->page, PROT_READ, MAP_SHARED_VALIDATE,
			 self->gpu.device,
			 (off_t)self->gpu.region[variant->region].offset);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, touch_read(map, &value));
}

TEST_F(mmap_bounds, last_byte_of_memory_can_be_touched)
{
	uint64_t at = self->real - self->page;
	volatile uint8_t *map;
	uint8_t byte;

	map = gpu_map(&self->gpu, variant->region, at, self->page,
		      PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, touch_write(map + self->page - 8, 0xdeadbeefcafef00dull));
	ASSERT_EQ(0, touch_read_byte(map + self->page - 1, &byte));
	EXPECT_EQ(0xde, byte);
}

FIXTURE(mmap_other_regions) {
	struct gpu gpu;
};

FIXTURE_VARIANT(mmap_other_regions) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(mmap_other_regions);

FIXTURE_SETUP(mmap_other_regions)
{
	SETUP_GPU(&self->gpu, variant->gpu);
}

FIXTURE_TEARDOWN(mmap_other_regions)
{
	gpu_close(&self->gpu);
}

TEST_F(mmap_other_regions, regions_without_memory_are_refused)
{
	static const unsigned int none[] = {
		1, 3, 5, VFIO_PCI_ROM_REGION_INDEX, GPU_CONFIG,
		VFIO_PCI_VGA_REGION_INDEX, VFIO_PCI_NUM_REGIONS, 255, 65535,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(none); i++)
		EXPECT_EQ(-EINVAL, try_map(&self->gpu, none[i], 0, page_size()))
			TH_LOG("region %u", none[i]);
}

TEST_F(mmap_other_regions, bar0_is_mapped_as_vfio_pci_maps_it)
{
	const uint64_t size = self->gpu.region[0].size;

	EXPECT_EQ(0, try_map(&self->gpu, 0, 0, page_size()));
	EXPECT_EQ(0, try_map(&self->gpu, 0, size - page_size(), page_size()));
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, 0, size, page_size()));
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, 0, 0, size + page_size()));
}

/* Region 2 of a GPU without the MIG bug: its real BAR1, not memory. */
FIXTURE(mmap_real_bar1) {
	struct gpu gpu;
};

FIXTURE_VARIANT(mmap_real_bar1) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD(mmap_real_bar1, gpu1) { .gpu = 1 };
FIXTURE_VARIANT_ADD(mmap_real_bar1, gpu2) { .gpu = 2 };

FIXTURE_SETUP(mmap_real_bar1)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	if (gpu_has_resmem(&self->gpu))
		SKIP(return, "region 2 of GPU%u is RESMEM", variant->gpu);
}

FIXTURE_TEARDOWN(mmap_real_bar1)
{
	gpu_close(&self->gpu);
}

TEST_F(mmap_real_bar1, is_mapped_as_vfio_pci_maps_it)
{
	EXPECT_EQ(0, try_map(&self->gpu, GPU_RESMEM, 0, page_size()));
	EXPECT_EQ(-EINVAL, try_map(&self->gpu, GPU_RESMEM,
				   self->gpu.region[GPU_RESMEM].size,
				   page_size()));
}

TEST_HARNESS_MAIN
