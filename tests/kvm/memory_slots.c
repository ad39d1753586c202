// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM checks when a memory slot is created, moved, or given other flags.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * A slot over cacheable device memory is refused where KVM cannot map it so; the
 * errno is the model's (lib/model.h). A slot that was made before such a mapping
 * appeared under it is looked at again with the next change. Dirty logging is
 * refused over device memory of any type: the device writes to it unseen.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>
#include <sys/mman.h>

#include "expect.h"

#define BLOCKS	2

static const struct lab_kind write_back = { .type = PFNLAB_NORMAL_WB };
static const struct lab_kind device = { .type = PFNLAB_DEVICE };

FIXTURE(slots)
{
	struct scene scene;
	struct model model;	/* of write-back memory */
};

FIXTURE_SETUP(slots)
{
	ASSERT_EQ(0, scene_open(&self->scene, BLOCKS, 1));
	self->model = model_of(&self->scene.host, &write_back);
}

FIXTURE_TEARDOWN(slots)
{
	scene_close(&self->scene);
}

static int map_second_block(struct scene *scene, const struct lab_kind *kind)
{
	return lab_map(&scene->lab, kind, 0, &scene->map, block_size(),
		       block_size());
}

TEST_F(slots, every_vma_of_a_slot_is_checked)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, scene_map_anonymous(scene));
	ASSERT_EQ(0, map_second_block(scene, &write_back));
	ASSERT_EQ(self->model.slot, scene_set_slot(scene, 0));
	if (!self->model.slot)
		EXPECT_MODEL(&scene->vm, scene_gpa(1, 0), &self->model,
			     block_size());
}

TEST_F(slots, uncached_vma_before_it_does_not_hide_a_cacheable_one)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, scene_map(scene, &device));
	ASSERT_EQ(0, map_second_block(scene, &write_back));
	EXPECT_EQ(self->model.slot, scene_set_slot(scene, 0));
}

TEST_F(slots, read_only_slot_is_checked_alike)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, scene_map(scene, &write_back));
	ASSERT_EQ(self->model.slot, scene_set_slot(scene, KVM_MEM_READONLY));
	if (!self->model.slot)
		EXPECT_MODEL(&scene->vm, scene_gpa(0, 0), &self->model,
			     block_size());
}

TEST_F(slots, hole_does_not_hide_a_cacheable_vma_behind_it)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, map_second_block(scene, &write_back));
	ASSERT_EQ(0, munmap(scene->map.start, block_size()));
	EXPECT_EQ(self->model.slot, scene_set_slot(scene, 0));
}

/* What is in it when the guest comes counts. */
TEST_F(slots, hole_that_is_filled_later_is_checked_at_the_fault)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, munmap(scene->map.start, scene->map.bytes));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	ASSERT_EQ(0, scene_map(scene, &write_back));
	EXPECT_MODEL(&scene->vm, scene_gpa(1, 0), &self->model, block_size());
}

TEST_F(slots, uncached_memory_is_never_refused)
{
	ASSERT_EQ(0, scene_map(&self->scene, &device));
	EXPECT_EQ(0, scene_set_slot(&self->scene, 0));
	EXPECT_EQ(0, scene_move_slot(&self->scene));
}

TEST_F(slots, moving_a_slot_checks_again)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, scene_map_anonymous(scene));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	ASSERT_EQ(0, scene_map(scene, &write_back));
	ASSERT_EQ(self->model.slot, scene_move_slot(scene));
	if (!self->model.slot)
		EXPECT_MODEL(&scene->vm, SCENE_MOVED_GPA, &self->model,
			     block_size());
}

/* A flag that device memory may not have is taken away: the rest is checked. */
TEST_F(slots, changing_flags_checks_again)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, scene_map_anonymous(scene));
	ASSERT_EQ(0, scene_set_slot(scene, KVM_MEM_LOG_DIRTY_PAGES));
	ASSERT_EQ(0, scene_map(scene, &write_back));
	EXPECT_EQ(self->model.slot, scene_set_slot(scene, 0));
}

/* A slot that was refused leaves nothing behind that another would meet. */
TEST_F(slots, refused_slot_can_be_made_over_other_memory)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, scene_map(scene, &write_back));
	ASSERT_EQ(self->model.slot, scene_set_slot(scene, 0));
	if (!self->model.slot)
		ASSERT_EQ(0, vm_set_slot(&scene->vm, VM_WINDOW_SLOT,
					 VM_WINDOW_GPA, scene->map.start, 0, 0));
	ASSERT_EQ(0, scene_map_anonymous(scene));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	EXPECT_GUEST_READS(&scene->vm, VM_WINDOW_GPA, 0);
}

/*
 * The VMA is what is looked at, not what it shows: which memory faults will
 * bring is not known yet.
 */
TEST_F(slots, kernel_memory_in_a_cacheable_pfnmap_is_refused_alike)
{
	struct scene *scene = &self->scene;

	ASSERT_EQ(0, scene_map(scene, &write_back));
	ASSERT_EQ(0, lab_show(&scene->lab, PFNLAB_RAM));
	EXPECT_EQ(self->model.slot, scene_set_slot(scene, 0));
}

FIXTURE(dirty_logging)
{
	struct scene scene;
};

FIXTURE_VARIANT(dirty_logging)
{
	struct lab_kind kind;
};

FIXTURE_VARIANT_ADD(dirty_logging, write_back)
{
	.kind.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(dirty_logging, uncached)
{
	.kind.type = PFNLAB_NORMAL_NC, .kind.flags = PFNLAB_ALLOW_UNCACHED,
};

FIXTURE_VARIANT_ADD(dirty_logging, device)
{
	.kind.type = PFNLAB_DEVICE,
};

FIXTURE_SETUP(dirty_logging)
{
	ASSERT_EQ(0, scene_open(&self->scene, BLOCKS, 1));
	ASSERT_EQ(0, scene_map(&self->scene, &variant->kind));
}

FIXTURE_TEARDOWN(dirty_logging)
{
	scene_close(&self->scene);
}

TEST_F(dirty_logging, is_refused_with_a_new_slot)
{
	EXPECT_EQ(EINVAL, scene_set_slot(&self->scene, KVM_MEM_LOG_DIRTY_PAGES));
}

TEST_F(dirty_logging, cannot_be_switched_on_later)
{
	struct scene *scene = &self->scene;
	struct model model = model_of(&scene->host, &variant->kind);

	ASSERT_EQ(model.slot, scene_set_slot(scene, 0));
	if (model.slot) {
		ASSERT_EQ(0, scene_map_anonymous(scene));
		ASSERT_EQ(0, scene_set_slot(scene, 0));
		ASSERT_EQ(0, scene_map(scene, &variant->kind));
	}
	EXPECT_EQ(EINVAL, scene_set_slot(scene, KVM_MEM_LOG_DIRTY_PAGES));
}

TEST_HARNESS_MAIN
