// SPDX-License-Identifier: GPL-2.0-only
/*
 * W1: a private mapping of device memory is refused.  The in-tree driver
 * accepts it and one access then reaches a BUG in the kernel, so this program
 * runs alone: there the machine under test dies with it.
 */

#include <errno.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "touch.h"
#include "variants.h"

FIXTURE(mmap_private) {
	struct gpu gpu;
};

FIXTURE_VARIANT(mmap_private) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(mmap_private);

FIXTURE_SETUP(mmap_private)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
}

FIXTURE_TEARDOWN(mmap_private)
{
	gpu_close(&self->gpu);
}

/*
 * Touching what should not have been given is the point: a driver that only
 * refuses later, in its fault handler, fails here as visibly as one that does
 * not refuse at all.
 */
static int map_private_and_touch(const struct gpu *gpu, unsigned int region,
				 int prot, uint64_t at)
{
	uint64_t value;
	void *map = mmap(NULL, page_size(), prot, MAP_PRIVATE, gpu->device,
			 (off_t)(gpu->region[region].offset + at));

	if (map == MAP_FAILED)
		return -errno;
	if (prot & PROT_WRITE)
		touch_write(map, 1);
	touch_read(map, &value);
	munmap(map, page_size());
	return 0;
}

TEST_F(mmap_private, mmap_private_is_refused)	/* W1 */
{
	EXPECT_EQ(-EINVAL, map_private_and_touch(&self->gpu, variant->region,
						 PROT_READ | PROT_WRITE, 0));
}

TEST_F(mmap_private, mmap_private_read_only_is_refused)	/* W1 */
{
	EXPECT_EQ(-EINVAL, map_private_and_touch(&self->gpu, variant->region,
						 PROT_READ, 0));
}

TEST_F(mmap_private, mmap_private_of_the_last_page_is_refused)	/* W1 */
{
	uint64_t last = (self->gpu.region[variant->region].real - 1) /
			page_size() * page_size();

	EXPECT_EQ(-EINVAL, map_private_and_touch(&self->gpu, variant->region,
						 PROT_READ | PROT_WRITE, last));
}

TEST_F(mmap_private, refusal_leaves_shared_mappings_working)
{
	uint64_t value;
	void *map;

	ASSERT_EQ(-EINVAL, map_private_and_touch(&self->gpu, variant->region,
						 PROT_READ | PROT_WRITE, 0));
	map = gpu_map(&self->gpu, variant->region, 0, page_size(), PROT_READ);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, touch_read(map, &value));
}

TEST_HARNESS_MAIN
