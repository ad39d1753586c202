// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wrong firmware values: the probe fails with the right error and exactly one
 * line in the log that names the value (W4, W9, W16), and leaves nothing
 * behind.  A missing half of the description is an error too, never silence.
 *
 * The scenario says which GPU has which fault and what the log must name:
 * SIZE_ZERO=4:nvidia,gpu-mem-size and so on, one variable per variant.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "kmsg.h"
#include "sysfs.h"

FIXTURE(firmware) {
	const char *bdf;
	const char *named;
	struct kmsg log;
	char *iomem;
};

FIXTURE_VARIANT(firmware) {
	const char *variable;
	int error;
};

FIXTURE_VARIANT_ADD(firmware, base_without_size)
{ .variable = "BASE_WITHOUT_SIZE", .error = -EINVAL };
FIXTURE_VARIANT_ADD(firmware, size_without_base)
{ .variable = "SIZE_WITHOUT_BASE", .error = -EINVAL };
FIXTURE_VARIANT_ADD(firmware, size_zero)
{ .variable = "SIZE_ZERO", .error = -ENODEV };
FIXTURE_VARIANT_ADD(firmware, base_not_page_aligned)
{ .variable = "BASE_MISALIGNED", .error = -EINVAL };
FIXTURE_VARIANT_ADD(firmware, size_not_page_aligned)
{ .variable = "SIZE_MISALIGNED", .error = -EINVAL };
FIXTURE_VARIANT_ADD(firmware, base_plus_size_wraps)
{ .variable = "WRAPS", .error = -EOVERFLOW };
FIXTURE_VARIANT_ADD(firmware, beyond_physical_addresses)
{ .variable = "BEYOND_PARANGE", .error = -EOVERFLOW };
FIXTURE_VARIANT_ADD(firmware, more_than_a_region_shows)
{ .variable = "BEYOND_REGION", .error = -EOVERFLOW };
FIXTURE_VARIANT_ADD(firmware, inside_system_ram)
{ .variable = "IN_SYSTEM_RAM", .error = -EBUSY };
FIXTURE_VARIANT_ADD(firmware, inside_claimed_mmio)
{ .variable = "IN_CLAIMED_MMIO", .error = -EBUSY };
FIXTURE_VARIANT_ADD(firmware, overlaps_another_gpu)
{ .variable = "OVERLAPS_GPU", .error = -EBUSY };
FIXTURE_VARIANT_ADD(firmware, hopper_with_1_gib)
{ .variable = "HOPPER_1G", .error = -ERANGE };
FIXTURE_VARIANT_ADD(firmware, hopper_one_page_short_of_1536_mib)
{ .variable = "HOPPER_ALMOST", .error = -ERANGE };
FIXTURE_VARIANT_ADD(firmware, hopper_with_512_mib)
{ .variable = "HOPPER_512M", .error = -ERANGE };
/* Not the firmware's word, but the kernel's and the device's own. */
FIXTURE_VARIANT_ADD(firmware, memory_whose_poison_others_handle)
{ .variable = "POISON_HANDLED", .error = -EBUSY };
FIXTURE_VARIANT_ADD(firmware, bar0_without_readiness)
{ .variable = "BAR0_SHORT", .error = -ENODEV };

FIXTURE_SETUP(firmware)
{
	const char *value = getenv(variant->variable);
	char *colon;
	unsigned int nr;

	if (!value)
		SKIP(return, "this scenario sets no %s", variant->variable);
	nr = (unsigned int)strtoul(value, &colon, 10);
	ASSERT_EQ(':', *colon);
	self->named = colon + 1;
	self->bdf = gpu_bdf(nr);
	ASSERT_NE(NULL, self->bdf);
	ASSERT_FALSE(driver_is_bound(self->bdf));
	/* The neighbour that one case overlaps with. */
	if (!driver_is_bound(gpu_bdf(0)))
		ASSERT_EQ(0, driver_bind(gpu_bdf(0)));
	self->iomem = file_slurp("/proc/iomem");
	ASSERT_NE(NULL, self->iomem);
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(firmware)
{
	kmsg_close(&self->log);
	free(self->iomem);
}

static bool memory_is_claimed_as(const char *before)
{
	char *now = file_slurp("/proc/iomem");
	bool same = now && !strcmp(before, now);

	free(now);
	return same;
}

/* The first probe counts: later ones fail over what it leaves, too. */
TEST_F(firmware, probe_fails_with_one_line_that_names_the_value)
{							/* W4 W9 W16 */
	EXPECT_EQ(variant->error, driver_bind(self->bdf));
	EXPECT_TRUE(memory_is_claimed_as(self->iomem));
	EXPECT_FALSE(driver_is_bound(self->bdf));
	kmsg_show(&self->log, KMSG_WARN, driver_name(), self->bdf);
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, driver_name(),
				self->bdf));
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->bdf, self->named))
		TH_LOG("the log does not name %s", self->named);
}

TEST_F(firmware, failed_probe_leaves_nothing_behind)
{
	char mode[16];
	unsigned int i;

	for (i = 0; i < 3; i++)
		EXPECT_EQ(variant->error, driver_bind(self->bdf));
	EXPECT_GT(0, gpu_attribute(self->bdf, "mode", mode, sizeof(mode)));
	EXPECT_TRUE(memory_is_claimed_as(self->iomem));
}

TEST_HARNESS_MAIN
