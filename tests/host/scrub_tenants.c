// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tenant finds of the one before him (W14): with a policy, not one byte,
 * whichever way he looks, although the first one filled all memory and was killed.
 * Without one, all of it: that is what scrubbing is for, and how these tests are
 * known to look at the right place.
 */

#include <errno.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "scrub.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"

FIXTURE(scrub_tenants) {
	const char *bdf;
	uint8_t byte;
	struct tenant next;
};

FIXTURE_VARIANT(scrub_tenants) {
	unsigned int gpu;
	const char *policy;
};

FIXTURE_VARIANT_ADD(scrub_tenants, gpu0_on_close)
{ .gpu = 0, .policy = "on-close" };
FIXTURE_VARIANT_ADD(scrub_tenants, gpu0_on_open)
{ .gpu = 0, .policy = "on-open" };
FIXTURE_VARIANT_ADD(scrub_tenants, gpu1_on_close)
{ .gpu = 1, .policy = "on-close" };
FIXTURE_VARIANT_ADD(scrub_tenants, gpu1_on_open)
{ .gpu = 1, .policy = "on-open" };
FIXTURE_VARIANT_ADD(scrub_tenants, gpu0_off) { .gpu = 0, .policy = "off" };
FIXTURE_VARIANT_ADD(scrub_tenants, gpu1_off) { .gpu = 1, .policy = "off" };

FIXTURE_SETUP(scrub_tenants)
{
	self->next.gpu = GPU_CLOSED;
	SETUP_BDF(self->bdf, variant->gpu);
	self->byte = (uint8_t)test_seed() | 1;
	/* A driver without policies has no scrub either: that is seen below. */
	scrub_set_policy(self->bdf, variant->policy);
}

FIXTURE_TEARDOWN(scrub_tenants)
{
	tenant_close(&self->next);
	scrub_set_policy(self->bdf, "off");
}

/* The first tenant is killed, the next one is in. */
static int change_tenants(FIXTURE_DATA(scrub_tenants) *self)
{
	pid_t pid = tenant_moves_in(self->bdf, self->byte);

	if (pid < 0)
		return pid;
	tenant_dies(pid);
	return tenant_open(&self->next, self->bdf);
}

TEST_F_TIMEOUT(scrub_tenants, next_one_finds_nothing_in_mappings, 120)
{
	ASSERT_EQ(0, change_tenants(self));
	EXPECT_EQ(0, tenant_finds(&self->next));
}

TEST_F_TIMEOUT(scrub_tenants, next_one_reads_nothing, 120)
{
	ASSERT_EQ(0, change_tenants(self));
	EXPECT_EQ(0, tenant_reads(&self->next));
}

TEST_F_TIMEOUT(scrub_tenants, nothing_comes_back_with_a_reset, 120)
{
	ASSERT_EQ(0, change_tenants(self));
	ASSERT_EQ(0, gpu_reset(&self->next.gpu));
	EXPECT_EQ(0, tenant_finds(&self->next));
}

TEST_F_TIMEOUT(scrub_tenants, without_policy_all_of_it_is_there, 120)
{
	ASSERT_EQ(0, change_tenants(self));
	EXPECT_EQ(memory_bytes(&self->next.gpu), tenant_finds(&self->next));
}

TEST_HARNESS_MAIN
