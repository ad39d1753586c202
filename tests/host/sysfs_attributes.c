// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nvgrace_gpu directory in sysfs (W16): what it says in each state, that it
 * is read-only (but for bad_pages, see poison_memory), and that the probe left one line in the log.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "capability.h"
#include "gpu.h"
#include "kmsg.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"

static const char *const attributes[] = {
	"mode", "verdict", "readiness", "ready", "usemem_size",
	"usemem_bar_size", "resmem_size", "resmem_bar_size", "bad_page_count",
	"scrub_state", "scrub_progress",
};

FIXTURE(sysfs_attributes) {
	const char *bdf;
};

FIXTURE_VARIANT(sysfs_attributes) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(sysfs_attributes);

FIXTURE_SETUP(sysfs_attributes)
{
	SETUP_BDF(self->bdf, variant->gpu);
}

FIXTURE_TEARDOWN(sysfs_attributes)
{
}

/* Attribute @name reads @want. */
#define EXPECT_ATTRIBUTE(want, name) do {				\
	char text_[64];							\
	EXPECT_LT(0, gpu_attribute(self->bdf, name, text_, sizeof(text_))); \
	EXPECT_STREQ(want, text_);					\
} while (0)

TEST_F(sysfs_attributes, all_are_there_and_world_readable_only)	/* W16 */
{
	char path[256];
	struct stat st;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(attributes); i++) {
		snprintf(path, sizeof(path),
			 "/sys/bus/pci/devices/%s/nvgrace_gpu/%s", self->bdf,
			 attributes[i]);
		ASSERT_EQ(0, stat(path, &st))
			TH_LOG("%s", path);
		EXPECT_EQ(0444, st.st_mode & 07777);
		EXPECT_GT(0, file_write(path, "1"));
	}
}

TEST_F(sysfs_attributes, mode_and_verdict_say_usable)	/* W16 */
{
	EXPECT_ATTRIBUTE("coherent", "mode");
	EXPECT_ATTRIBUTE("ok", "verdict");
}

/* A CXL Device DVSEC decides it. */
TEST_F(sysfs_attributes, readiness_names_the_source)	/* W16 */
{
	int cxl = pci_is_cxl_device(self->bdf);

	ASSERT_GE(cxl, 0);
	EXPECT_ATTRIBUTE(cxl ? "cxl" : "bar0", "readiness");
}

TEST_F(sysfs_attributes, ready_follows_the_device)
{
	struct gpu gpu;
	uint64_t value;

	EXPECT_ATTRIBUTE("unknown", "ready");
	ASSERT_EQ(0, gpu_open(&gpu, self->bdf));
	ASSERT_EQ(8, gpu_read(&gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_ATTRIBUTE("ready", "ready");
	ASSERT_EQ(0, gpu_reset(&gpu));
	EXPECT_ATTRIBUTE("waiting", "ready");
	ASSERT_EQ(8, gpu_read(&gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_ATTRIBUTE("ready", "ready");
	gpu_close(&gpu);
	EXPECT_ATTRIBUTE("unknown", "ready");
}

/* Reading never disturbs: not the device, not its readiness. */
TEST_F(sysfs_attributes, reading_does_not_touch_the_device)
{
	struct gpu gpu;
	unsigned int i;
	char text[64];

	ASSERT_EQ(0, gpu_open(&gpu, self->bdf));
	if (!testblock_present(&gpu))
		SKIP(return, "needs the device model's test block");
	ASSERT_EQ(0, testblock_reset_unready(&gpu, 5000));
	for (i = 0; i < ARRAY_SIZE(attributes); i++)
		EXPECT_LT(0, gpu_attribute(self->bdf, attributes[i], text,
					   sizeof(text)));
	EXPECT_EQ(0, testblock_read(&gpu, TB_EARLY));
	EXPECT_ATTRIBUTE("waiting", "ready");
	gpu_close(&gpu);
}

/* A second one warns of bad pages, if any are known from before. */
TEST_F(sysfs_attributes, probe_logs_one_line_with_its_decision)	/* W16 */
{
	unsigned int bad = gpu_attribute_number(self->bdf, "bad_page_count") == 0 ? 0 : 1;
	struct kmsg log;

	ASSERT_EQ(0, driver_unbind(self->bdf));
	ASSERT_EQ(0, kmsg_mark(&log));
	ASSERT_EQ(0, driver_bind(self->bdf));
	kmsg_show(&log, KMSG_ANY, driver_name(), self->bdf);
	EXPECT_EQ(1, kmsg_count(&log, KMSG_ANY, self->bdf, "coherent: USEMEM"));
	EXPECT_EQ(1 + bad, kmsg_count(&log, KMSG_ANY, driver_name(), self->bdf));
	EXPECT_EQ(bad, kmsg_count(&log, KMSG_WARN, driver_name(), self->bdf));
	kmsg_close(&log);
}

TEST_HARNESS_MAIN
