// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host on which the GPU's memory must not be handed out: neither the driver
 * nor KVM does.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * KVM's part is seen with a cacheable mapping that did not come from the driver
 * (/dev/pfnlab), since the driver gives out none. What exactly KVM does with it
 * is the business of matrix.c.
 *
 * Environment: GPU0, KERNEL; PROTECTED=1 under protected KVM.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "guest_code.h"
#include "model.h"
#include "scene.h"

FIXTURE(refused) {};
FIXTURE_SETUP(refused) {}
FIXTURE_TEARDOWN(refused) {}

TEST_F(refused, open_fails_with_eopnotsupp)
{
	const char *bdf = getenv("GPU0");
	struct gpu gpu;

	ASSERT_NE(NULL, bdf) TH_LOG("GPU0 must name the GPU's PCI address");
	EXPECT_EQ(-EOPNOTSUPP, gpu_open(&gpu, bdf));
	EXPECT_EQ(-1, gpu.device);
	gpu_close(&gpu);
}

FIXTURE(refused_by_kvm)
{
	struct scene scene;
};

FIXTURE_SETUP(refused_by_kvm)
{
	ASSERT_EQ(0, scene_open(&self->scene, 1, 1));
}

FIXTURE_TEARDOWN(refused_by_kvm)
{
	scene_close(&self->scene);
}

TEST_F(refused_by_kvm, platform_lacks_something)
{
	struct s2leaf_platform platform;

	ASSERT_EQ(0, platform_report(&platform));
	EXPECT_EQ(!!getenv("PROTECTED"), platform.protected_kvm);
	EXPECT_FALSE(platform.fwb && platform.dic && !platform.protected_kvm &&
		     self->scene.host.kvm->reads_protection);
}

TEST_F(refused_by_kvm, capability_243_is_what_this_kvm_says)
{
	int value = vm_cacheable_pfnmap(&self->scene.vm);

	printf("# kvm.capability_243=%d\n", value);
	fflush(stdout);
	EXPECT_EQ(host_says_cacheable(&self->scene.host), value);
}

/*
 * Instructions can be fetched from cacheable memory only. Where the slot is not
 * refused, KVM maps the memory uncached or ends the VM. Where it is, user space
 * can still put the memory under a slot that was made for other memory.
 */
TEST_F(refused_by_kvm, cacheable_memory_never_reaches_a_guest)
{
	struct lab_kind kind = { .type = PFNLAB_NORMAL_WB };
	struct scene *scene = &self->scene;
	struct model model = model_of(&scene->host, &kind);
	struct vm_result result;

	ASSERT_EQ(0, scene_map(scene, &kind));
	ASSERT_EQ(model.slot, scene_set_slot(scene, 0));
	if (model.slot) {
		ASSERT_EQ(0, scene_map_anonymous(scene));
		ASSERT_EQ(0, scene_set_slot(scene, 0));
		ASSERT_EQ(0, scene_map(scene, &kind));
	}
	result = vm_run(&scene->vm, guest_call, VM_WINDOW_GPA, 0);
	EXPECT_NE(VM_DONE, result.outcome);
	if (model.fault) {
		EXPECT_EQ(VM_RUN_FAILED, result.outcome);
		EXPECT_EQ(model.fault, (int)result.value);
	}
}

/* The counterpart: what is refused is the memory type, not the memory. */
TEST_F(refused_by_kvm, uncached_memory_is_still_accepted)
{
	struct lab_kind kind = {
		.type = PFNLAB_NORMAL_NC,
		.flags = PFNLAB_ALLOW_UNCACHED,
	};

	ASSERT_EQ(0, scene_map(&self->scene, &kind));
	EXPECT_EQ(0, scene_set_slot(&self->scene, 0));
}

TEST_HARNESS_MAIN
