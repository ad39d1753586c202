// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that does cache maintenance by set and way, and turns its MMU and caches off and
 * on, while it has device memory.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Without FWB KVM answers both by cleaning all memory of the guest that is cacheable, by
 * the kernel's own mapping of it. Page-less memory has none: were it mapped cacheable
 * there, the host would end; in emulation modules/cache_guard ends it. With FWB KVM does
 * nothing about either, and nothing is needed.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>

#include "expect.h"

#define BEFORE	0x1f83d9abfb41bd6bULL
#define AFTER	0x5be0cd19137e2179ULL

FIXTURE(cache_ops)
{
	struct scene scene;
	struct model model;
};

FIXTURE_VARIANT(cache_ops)
{
	struct lab_kind kind;
};

FIXTURE_VARIANT_ADD(cache_ops, write_back)
{
	.kind.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(cache_ops, write_back_pages)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.populate = PFNLAB_PAGES,
};

FIXTURE_VARIANT_ADD(cache_ops, uncached_allowed)
{
	.kind.type = PFNLAB_NORMAL_NC, .kind.flags = PFNLAB_ALLOW_UNCACHED,
};

FIXTURE_VARIANT_ADD(cache_ops, device)
{
	.kind.type = PFNLAB_DEVICE,
};

FIXTURE_SETUP(cache_ops)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, scene_open(scene, 1, 1));
	self->model = model_of(&scene->host, &variant->kind);
	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	*(volatile uint64_t *)scene->map.start = BEFORE;
}

FIXTURE_TEARDOWN(cache_ops)
{
	scene_close(&self->scene);
}

static void expect_unchanged(struct __test_metadata *_metadata, struct scene *scene,
			     const char *type)
{
	struct vm *vm = &scene->vm;
	struct vm_result result;
	struct s2leaf leaf;

	EXPECT_GUEST_READS(vm, VM_WINDOW_GPA, BEFORE);
	result = vm_run(vm, guest_uncache, VM_WINDOW_GPA, AFTER);
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_EQ(AFTER, result.value);
	EXPECT_EQ(AFTER, *(volatile uint64_t *)scene->map.start);
	if (leaf_get(vm, VM_WINDOW_GPA, &leaf)) {
		EXPECT_EQ(EOPNOTSUPP, errno);
	} else {
		EXPECT_STREQ(type, leaf_type(&leaf));
	}
}

/* What KVM does not take, or refuses at the first access, it refuses here as well. */
TEST_F(cache_ops, by_set_and_way_leave_memory_as_it_is)
{
	struct scene *scene = &self->scene;
	int refused = scene_set_slot(scene, 0);

	ASSERT_EQ(self->model.slot, refused);
	if (refused)
		return;
	if (self->model.fault) {
		EXPECT_RUN_FAILS(&scene->vm, guest_uncache, VM_WINDOW_GPA,
				 self->model.fault);
	} else {
		expect_unchanged(_metadata, scene, self->model.type);
	}
}

TEST_HARNESS_MAIN
