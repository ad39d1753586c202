// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VM with memory tags (MTE) cannot have device memory as memory: there is
 * nowhere to keep the tags.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Slots are refused over device memory of any type: its VMA does not allow tags.
 * Where a driver's VMA claims to, a kernel that knows better refuses cacheable memory
 * all the same, and its capability says so; mainline up to 7.3 takes the VMA's word.
 * Put under an existing slot, cacheable memory is refused at the fault; a kernel that
 * maps it uncached has nothing to refuse.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "expect.h"

#define VALUE	0xcbbb9d5dc1059ed8ULL

FIXTURE(mte)
{
	struct scene scene;
};

FIXTURE_VARIANT(mte)
{
	struct lab_kind kind;
};

FIXTURE_VARIANT_ADD(mte, write_back)
{
	.kind.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(mte, uncached)
{
	.kind.type = PFNLAB_NORMAL_NC, .kind.flags = PFNLAB_ALLOW_UNCACHED,
};

FIXTURE_VARIANT_ADD(mte, device)
{
	.kind.type = PFNLAB_DEVICE,
};

FIXTURE_SETUP(mte)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, scene_open(scene, 1, 0));
	if (ioctl(scene->vm.fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_MTE) <= 0)
		SKIP(return, "this host's KVM offers no MTE");
}

FIXTURE_TEARDOWN(mte)
{
	scene_close(&self->scene);
}

/* What the model says, but for cacheable memory. */
static struct model model_with_tags(const struct host *host,
				    const struct lab_kind *kind)
{
	struct model model = model_of(host, kind);

	if (!strcmp(model.type, "normal-wb"))
		model = (struct model){ .slot = model.slot, .fault = EFAULT };
	return model;
}

TEST_F(mte, slot_is_refused)
{
	ASSERT_EQ(0, vm_enable_mte(&self->scene.vm));
	ASSERT_EQ(0, scene_map(&self->scene, &variant->kind));
	EXPECT_EQ(EINVAL, scene_set_slot(&self->scene, 0));
}

/* Only the slot: mainline's access would go for pages that are not there. */
TEST_F(mte, slot_is_refused_whatever_a_driver_claims)
{
	struct scene *scene = &self->scene;
	struct lab_kind kind = variant->kind;
	struct model model = model_of(&scene->host, &kind);
	bool refused = scene->host.kvm->refuses_tags && kind.type == PFNLAB_NORMAL_WB;

	kind.flags |= PFNLAB_ALLOW_TAGS;
	ASSERT_EQ(0, vm_enable_mte(&scene->vm));
	ASSERT_EQ(0, scene_map(scene, &kind));
	EXPECT_EQ(refused ? EINVAL : model.slot, scene_set_slot(scene, 0));
}

TEST_F(mte, cacheable_memory_is_refused_at_the_fault)
{
	struct scene *scene = &self->scene;
	struct model model = model_with_tags(&scene->host, &variant->kind);

	ASSERT_EQ(0, vm_enable_mte(&scene->vm));
	ASSERT_EQ(0, vm_add_vcpu(&scene->vm));
	ASSERT_EQ(0, scene_map_anonymous(scene));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	EXPECT_MODEL(&scene->vm, scene_gpa(0, 0), &model, block_size());
}

TEST_F(mte, enabled_after_the_slot_was_made)
{
	struct scene *scene = &self->scene;
	struct model model = model_with_tags(&scene->host, &variant->kind);

	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	ASSERT_EQ(model.slot, scene_set_slot(scene, 0));
	if (model.slot)
		SKIP(return, "this host refuses the slot anyway");
	ASSERT_EQ(0, vm_enable_mte(&scene->vm));
	ASSERT_EQ(0, vm_add_vcpu(&scene->vm));
	EXPECT_MODEL(&scene->vm, scene_gpa(0, 0), &model, block_size());
}

TEST(capability_243_knows_of_tags)
{
	struct host host;
	struct vm vm;
	bool able;

	ASSERT_EQ(0, host_get(&host));
	ASSERT_EQ(0, vm_create_smp(&vm, 0));
	if (ioctl(vm.fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_MTE) <= 0)
		SKIP(return, "this host's KVM offers no MTE");
	able = host_says_cacheable(&host);
	EXPECT_EQ(able, vm_cacheable_pfnmap(&vm));
	ASSERT_EQ(0, vm_enable_mte(&vm));
	EXPECT_EQ(able && !host.kvm->refuses_tags, vm_cacheable_pfnmap(&vm));
	vm_destroy(&vm);
}

/* The counterpart: such a VM has its ordinary memory. */
TEST_F(mte, ordinary_memory_works)
{
	struct scene *scene = &self->scene;
	struct vm_result result;

	ASSERT_EQ(0, vm_enable_mte(&scene->vm));
	ASSERT_EQ(0, vm_add_vcpu(&scene->vm));
	ASSERT_EQ(0, scene_map_anonymous(scene));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	result = vm_run(&scene->vm, guest_store_load, scene_gpa(0, 0), VALUE);
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_EQ(VALUE, *(volatile uint64_t *)scene->map.start);
}

TEST_HARNESS_MAIN
