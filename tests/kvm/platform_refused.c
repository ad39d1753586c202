// SPDX-License-Identifier: GPL-2.0-only
/*
 * A platform on which the GPU's memory must not be handed out: neither the
 * driver nor KVM does.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * KVM's own refusal is seen by a memory slot over a cacheable mapping that did
 * not come from the driver (/dev/s2leaf), since the driver gives out none.
 * Under protected KVM, kernels up to 7.3 offer the capability and take the slot
 * although a guest's first access to it ends the VM: the driver's refusal is
 * the only one before that.
 *
 * Environment: GPU0 = the GPU's PCI address, PROTECTED=1 under protected KVM.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "guest_code.h"
#include "platform.h"
#include "s2leaf.h"
#include "vm.h"

#define UNGATED_RESOURCE	2
#define UNGATED_BYTES		0x100000ULL

FIXTURE(refused)
{
	const char *bdf;
	bool protected;
	struct vm vm;
};

FIXTURE_SETUP(refused)
{
	self->bdf = getenv("GPU0");
	self->protected = getenv("PROTECTED");
	ASSERT_NE(NULL, self->bdf) TH_LOG("GPU0 must name the GPU's PCI address");
	ASSERT_EQ(0, vm_create(&self->vm));
}

FIXTURE_TEARDOWN(refused)
{
	vm_destroy(&self->vm);
}

TEST_F(refused, platform_lacks_something)
{
	struct s2leaf_platform platform;

	ASSERT_EQ(0, platform_report(&platform));
	EXPECT_EQ(self->protected, platform.protected_kvm);
	EXPECT_FALSE(platform.fwb && platform.dic && !platform.protected_kvm);
}

TEST_F(refused, open_fails_with_eopnotsupp)
{
	struct gpu gpu;

	EXPECT_EQ(-1, gpu_open(&gpu, self->bdf));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, gpu.device);
	gpu_close(&gpu);
}

TEST_F(refused, capability_243_is_what_this_kvm_says)
{
	int value = vm_cacheable_pfnmap(&self->vm);

	printf("# kvm.capability_243=%d\n", value);
	fflush(stdout);
	EXPECT_EQ(self->protected ? 1 : 0, value);
}

TEST_F(refused, cacheable_memory_never_reaches_a_guest)
{
	__u32 type = S2LEAF_NORMAL_WB;
	uint64_t start, bytes;
	struct vm_result result;
	struct gpu_map map;
	int s2leaf, ret;

	s2leaf = open("/dev/s2leaf", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, s2leaf) TH_LOG("is the module s2leaf loaded?");
	ASSERT_EQ(0, gpu_resource(self->bdf, UNGATED_RESOURCE, &start, &bytes));
	ASSERT_EQ(0, ioctl(s2leaf, S2LEAF_MMAP_TYPE, &type));
	ASSERT_EQ(0, map_aligned(s2leaf, start, UNGATED_BYTES, &map));

	ret = vm_set_window(&self->vm, map.start, map.bytes);
	if (self->protected) {
		EXPECT_EQ(0, ret);
		result = vm_run(&self->vm, guest_load, VM_WINDOW_GPA, 0);
		EXPECT_EQ(VM_RUN_FAILED, result.outcome);
		EXPECT_EQ(EPERM, (int)result.value);
	} else {
		EXPECT_EQ(-1, ret);
		EXPECT_EQ(EINVAL, errno);
	}
	gpu_unmap(&map);
	close(s2leaf);
}

/* The counterpart: what is refused is the memory type, not the memory. */
TEST_F(refused, uncached_memory_is_still_accepted)
{
	__u32 type = S2LEAF_NORMAL_NC;
	uint64_t start, bytes;
	struct gpu_map map;
	int s2leaf;

	s2leaf = open("/dev/s2leaf", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, s2leaf);
	ASSERT_EQ(0, gpu_resource(self->bdf, UNGATED_RESOURCE, &start, &bytes));
	ASSERT_EQ(0, ioctl(s2leaf, S2LEAF_MMAP_TYPE, &type));
	ASSERT_EQ(0, map_aligned(s2leaf, start, UNGATED_BYTES, &map));
	EXPECT_EQ(0, vm_set_window(&self->vm, map.start, map.bytes));
	gpu_unmap(&map);
	close(s2leaf);
}

TEST_HARNESS_MAIN
