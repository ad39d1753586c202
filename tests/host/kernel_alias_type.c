// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory type of the kernel's own mappings of GPU memory is that of the user's, so
 * that no CPU's cache holds what the GPU does not see. The module memremap_type tells it.
 */

#include "kselftest_harness.h"

#include "gpu.h"
#include "poison.h"
#include "sysfs.h"
#include "variants.h"

/* MAIR_EL1 (Arm ARM): Normal write-back, and Normal non-cacheable. */
#define WRITE_BACK	0xff
#define NON_CACHEABLE	0x44

FIXTURE(kernel_alias_type) {
	struct gpu gpu;
};

FIXTURE_VARIANT(kernel_alias_type) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(kernel_alias_type);

FIXTURE_SETUP(kernel_alias_type)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
}

FIXTURE_TEARDOWN(kernel_alias_type)
{
	gpu_close(&self->gpu);
}

TEST_F(kernel_alias_type, is_that_of_the_users_mapping)
{
	uint64_t value, address = poison_address(&self->gpu, variant->region, MIB(64));

	ASSERT_EQ(8, gpu_read(&self->gpu, variant->region, MIB(64), &value, 8));
	EXPECT_EQ(address, module_parameter("memremap_type", "phys"));
	EXPECT_EQ(variant->region == GPU_RESMEM ? NON_CACHEABLE : WRITE_BACK,
		  module_parameter("memremap_type", "attributes"));
}

TEST_HARNESS_MAIN
