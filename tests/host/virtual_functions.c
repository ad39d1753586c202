// SPDX-License-Identifier: GPL-2.0-only
/*
 * SR-IOV (W13): real GPUs have the capability, the driver makes no virtual functions,
 * since those would have no memory of their own. Neither an administrator nor the
 * user of the device gets one, and it works as before.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "aftermath.h"
#include "capability.h"
#include "gpu.h"
#include "sysfs.h"
#include "variants.h"

#define VF_ENABLE (PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE)

FIXTURE(virtual_functions) {
	const char *bdf;
	int config;		/* the device's own, as the host sees it */
	unsigned int sriov;	/* where the capability is in it */
};

FIXTURE_VARIANT(virtual_functions) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(virtual_functions);

static bool has_virtual_function(const char *bdf)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn0", bdf);
	return !access(path, F_OK);
}

FIXTURE_SETUP(virtual_functions)
{
	SETUP_BDF(self->bdf, variant->gpu);
	self->config = pci_config_open(self->bdf);
	ASSERT_GE(self->config, 0);
	self->sriov = extended_capability(self->config, 0, PCI_EXT_CAP_ID_SRIOV);
	if (!self->sriov)
		SKIP(return, "GPU%u has no SR-IOV", variant->gpu);
}

FIXTURE_TEARDOWN(virtual_functions)
{
	close(self->config);
}

TEST_F(virtual_functions, administrator_gets_none)	/* W13 */
{
	char text[16];

	ASSERT_LT(0, pci_attribute_read(self->bdf, "sriov_totalvfs", text, sizeof(text)));
	EXPECT_STRNE("0", text);
	EXPECT_EQ(-ENOENT, pci_attribute_write(self->bdf, "sriov_numvfs", "1"));
	ASSERT_LT(0, pci_attribute_read(self->bdf, "sriov_numvfs", text, sizeof(text)));
	EXPECT_STREQ("0", text);
	EXPECT_FALSE(has_virtual_function(self->bdf));
	EXPECT_EQ(0, next_user(self->bdf));
}

TEST_F(virtual_functions, user_cannot_enable_any)	/* W13 */
{
	uint16_t control = VF_ENABLE, number = 1;
	struct gpu gpu;

	ASSERT_EQ(0, gpu_open(&gpu, self->bdf));
	gpu_write(&gpu, GPU_CONFIG, self->sriov + PCI_SRIOV_NUM_VF, &number, 2);
	gpu_write(&gpu, GPU_CONFIG, self->sriov + PCI_SRIOV_CTRL, &control, 2);
	ASSERT_EQ(2, pread(self->config, &control, 2, self->sriov + PCI_SRIOV_CTRL));
	ASSERT_EQ(2, pread(self->config, &number, 2, self->sriov + PCI_SRIOV_NUM_VF));
	EXPECT_EQ(0, control & VF_ENABLE);
	EXPECT_EQ(0, number);
	EXPECT_FALSE(has_virtual_function(self->bdf));
	gpu_close(&gpu);
	EXPECT_EQ(0, next_user(self->bdf));
}

TEST_HARNESS_MAIN
