// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that was just loaded does not know what was saved of a GPU's memory. It is told so
 * by bad_pages_restored, and can be made to wait for that. Each test loads it anew.
 */

#include <errno.h>
#include <stdlib.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "kmsg.h"
#include "sysfs.h"
#include "variants.h"

#define RESTORED	"nvgrace_gpu/bad_pages_restored"

FIXTURE(poison_restored) {
	const char *bdf;
	struct gpu gpu;
	struct kmsg log;
};

static int insist(const char *how)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/require_restored",
		 driver_name());
	return file_write(path, how);
}

static int load_anew(const char *bdf)
{
	char command[128];

	snprintf(command, sizeof(command), "unload-driver && modprobe %s", driver_name());
	if (system(command))
		return -EIO;
	/* By its override, if it has one. */
	return driver_is_bound(bdf) ? 0 : driver_bind(bdf);
}

FIXTURE_SETUP(poison_restored)
{
	SETUP_BDF(self->bdf, 0);
	ASSERT_EQ(0, load_anew(self->bdf));
	ASSERT_EQ(0, kmsg_mark(&self->log));
	ASSERT_TRUE(gpu_attribute_is(self->bdf, "bad_pages_restored", "0"));
}

FIXTURE_TEARDOWN(poison_restored)
{
	insist("N");
	kmsg_close(&self->log);
}

TEST_F(poison_restored, by_default_nobody_waits_for_it)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	gpu_close(&self->gpu);
}

TEST_F(poison_restored, open_is_refused_until_then_if_so_configured)
{
	ASSERT_EQ(0, insist("Y"));
	EXPECT_EQ(-EAGAIN, gpu_open(&self->gpu, self->bdf));
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->bdf,
				"open refused: the bad pages that were saved are not known yet"));
	ASSERT_EQ(0, pci_attribute_write(self->bdf, RESTORED, "1"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	gpu_close(&self->gpu);
}

TEST_F(poison_restored, is_remembered_while_the_device_is_unbound)
{
	ASSERT_EQ(0, pci_attribute_write(self->bdf, RESTORED, "1"));
	ASSERT_EQ(0, driver_unbind(self->bdf));
	ASSERT_EQ(0, driver_bind(self->bdf));
	EXPECT_TRUE(gpu_attribute_is(self->bdf, "bad_pages_restored", "1"));
}

TEST_F(poison_restored, is_not_taken_back)
{
	static const char *const others[] = { "0", "2", "", "restored" };
	unsigned int i;

	ASSERT_EQ(0, pci_attribute_write(self->bdf, RESTORED, "1"));
	for (i = 0; i < sizeof(others) / sizeof(*others); i++)
		EXPECT_EQ(-EINVAL, pci_attribute_write(self->bdf, RESTORED, others[i]));
	EXPECT_TRUE(gpu_attribute_is(self->bdf, "bad_pages_restored", "1"));
}

TEST_HARNESS_MAIN
