// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory that is mapped privately (MAP_PRIVATE).
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The contract forbids drivers to allow it, but not all of them know. What the
 * host reads through its caches must not become Device memory in a guest, be
 * the mapping private or not. A write of the host makes a page of its own.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>

#include "expect.h"

#define BLOCKS	2
#define VALUE	0x1f83d9abfb41bd6bULL

static const struct lab_kind write_back = {
	.type = PFNLAB_NORMAL_WB, .populate = PFNLAB_REMAP,
};

FIXTURE(private)
{
	struct scene scene;
	struct model model;
	struct lab witness;
	struct mapping shared;	/* the device memory itself */
};

FIXTURE_SETUP(private)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, scene_open(scene, BLOCKS, 1));
	self->model = model_of(&scene->host, &write_back);
	ASSERT_EQ(0, lab_open(&self->witness));
	ASSERT_EQ(0, map_reserve(&self->shared, scene->map.bytes));
	ASSERT_EQ(0, lab_map(&self->witness, &write_back, 0, &self->shared, 0,
			     self->shared.bytes));
	*(volatile uint64_t *)self->shared.start = VALUE;
}

FIXTURE_TEARDOWN(private)
{
	map_release(&self->shared);
	lab_close(&self->witness);
	scene_close(&self->scene);
}

static int map_private(struct scene *scene)
{
	return lab_map_private(&scene->lab, &write_back, 0, &scene->map, 0,
			       scene->map.bytes);
}

static int swap_in_private(struct scene *scene)
{
	return scene_map_anonymous(scene) ?: scene_set_slot(scene, 0) ?:
	       map_private(scene);
}

TEST_F(private, cacheable_mapping_is_checked_like_a_shared_one)
{
	ASSERT_EQ(0, map_private(&self->scene));
	EXPECT_EQ(self->model.slot, scene_set_slot(&self->scene, 0));
}

TEST_F(private, cacheable_mapping_is_mapped_like_a_shared_one)
{
	struct scene *scene = &self->scene;
	struct s2leaf leaf;

	ASSERT_EQ(0, swap_in_private(scene));
	EXPECT_MODEL(&scene->vm, scene_gpa(0, 0), &self->model, page_size());
	if (self->model.fault)
		return;
	ASSERT_EQ(0, leaf_get(&scene->vm, scene_gpa(0, 0), &leaf));
	EXPECT_FALSE(leaf_is_writable(&leaf));
	EXPECT_GUEST_READS(&scene->vm, scene_gpa(0, 0), VALUE);
}

TEST_F(private, guest_cannot_write_to_the_device)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, swap_in_private(scene));
	EXPECT_NE(VM_DONE, vm_run(&scene->vm, guest_store, scene_gpa(0, 0),
				  ~VALUE).outcome);
	EXPECT_EQ(VALUE, *(volatile uint64_t *)self->shared.start);
}

/* The host's copy is ordinary memory, on every host. */
TEST_F(private, copy_made_by_the_host_is_memory)
{
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;
	struct vm_result result;

	if (scene->host.platform.tables_hidden)
		SKIP(return, "entries cannot be read");
	ASSERT_EQ(0, swap_in_private(scene));
	vm_run(vm, guest_load, scene_gpa(0, 0), 0);
	*(volatile uint64_t *)scene->map.start = VALUE + 1;
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), VALUE + 1);
	result = vm_run(vm, guest_store_load, scene_gpa(0, 0), VALUE + 2);
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_EQ(VALUE + 2, *(volatile uint64_t *)scene->map.start);
	EXPECT_EQ(VALUE, *(volatile uint64_t *)self->shared.start);
	result = vm_run(vm, guest_call, scene_gpa(0, 0), 0);
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_LEAF(vm, scene_gpa(0, 0), "normal-wb", page_size());
}

TEST_HARNESS_MAIN
