// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory in a guest of a guest: KVM makes its entries in a stage 2 of its own, the
 * shadow of the guest's. They have the memory's type, whatever the guest's stage 2 says,
 * which here is write-back for everything.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The type is seen by what the nested guest can do: see stage2_type.c.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h). The host has kvm-arm.mode=nested.
 */
#include <errno.h>

#include "expect.h"

#define VALUE	0xcbbb9d5dc1059ed8ULL

FIXTURE(nested)
{
	struct scene scene;
	bool is_normal;
	bool is_write_back;
};

FIXTURE_VARIANT(nested)
{
	struct lab_kind kind;
};

FIXTURE_VARIANT_ADD(nested, write_back)
{
	.kind.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(nested, write_back_pages)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.populate = PFNLAB_PAGES,
};

FIXTURE_VARIANT_ADD(nested, uncached_allowed)
{
	.kind.type = PFNLAB_NORMAL_NC, .kind.flags = PFNLAB_ALLOW_UNCACHED,
};

FIXTURE_VARIANT_ADD(nested, device)
{
	.kind.type = PFNLAB_DEVICE,
};

FIXTURE_SETUP(nested)
{
	struct scene *scene = &self->scene;
	struct model model;

	ASSERT_EQ(0, scene_open(scene, 1, 0));
	model = model_of(&scene->host, &variant->kind);
	ASSERT_EQ(0, model.fault);
	self->is_normal = strcmp(model.type, "device");
	self->is_write_back = !strcmp(model.type, "normal-wb");
	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	*(volatile uint64_t *)scene->map.start = VALUE;
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	ASSERT_EQ(0, vm_add_hypervisor(&scene->vm));
}

FIXTURE_TEARDOWN(nested)
{
	scene_close(&self->scene);
}

TEST_F(nested, guest_sees_the_memory)
{
	struct vm_result result;

	result = vm_run_nested(&self->scene.vm, guest_load, VM_WINDOW_GPA, 0);
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_EQ(VALUE, result.value);
	result = vm_run_nested(&self->scene.vm, guest_store_load, VM_WINDOW_GPA, ~VALUE);
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_EQ(~VALUE, *(volatile uint64_t *)self->scene.map.start);
}

TEST_F(nested, unaligned_access_works_on_normal_memory_only)
{
	struct vm_result result;

	result = vm_run_nested(&self->scene.vm, guest_store_load, VM_WINDOW_GPA + 1, ~VALUE);
	if (!self->is_normal) {
		EXPECT_EQ(VM_RUN_FAILED, result.outcome);
		EXPECT_EQ(EFAULT, (int)result.value);
		return;
	}
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_EQ(~VALUE, result.value);
}

TEST_F(nested, instruction_fetch_works_on_write_back_memory_only)
{
	struct vm_result result;

	result = vm_run_nested(&self->scene.vm, guest_call, VM_WINDOW_GPA, 0);
	if (!self->is_write_back) {
		EXPECT_TRUE(is_instruction_abort(&result));
		return;
	}
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_EQ(GUEST_CALL_RESULT, result.value);
}

/* What is taken from the guest is taken from its guest. */
TEST_F_TIMEOUT(nested, withdrawal_reaches_the_shadow, 60)
{
	struct vm_result result;

	result = vm_run_nested(&self->scene.vm, guest_load, VM_WINDOW_GPA, 0);
	EXPECT_EQ(VM_DONE, result.outcome);
	ASSERT_EQ(0, lab_withhold(&self->scene.lab, 0, self->scene.map.bytes));
	result = vm_run_nested(&self->scene.vm, guest_load, VM_WINDOW_GPA, 0);
	EXPECT_EQ(VM_RUN_FAILED, result.outcome);
	EXPECT_EQ(EFAULT, (int)result.value);
}

TEST_HARNESS_MAIN
