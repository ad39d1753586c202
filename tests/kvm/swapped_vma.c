// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that is put under an existing memory slot: the check at fault time.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * A slot is a range of addresses; what is mapped there can change after the slot
 * was checked. What a guest then gets is the model's (lib/model.h), whatever
 * was there before.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>

#include "expect.h"

#define BLOCKS	3
#define VALUE	0x6a09e667f3bcc908ULL

static const struct lab_kind write_back = { .type = PFNLAB_NORMAL_WB };
static const struct lab_kind device = { .type = PFNLAB_DEVICE };

FIXTURE(swapped)
{
	struct scene scene;
};

FIXTURE_VARIANT(swapped)
{
	struct lab_kind kind;
};

FIXTURE_VARIANT_ADD(swapped, write_back)
{
	.kind.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(swapped, write_back_pages)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.populate = PFNLAB_PAGES,
};

FIXTURE_VARIANT_ADD(swapped, write_back_remap)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.populate = PFNLAB_REMAP,
};

FIXTURE_VARIANT_ADD(swapped, uncached_allowed)
{
	.kind.type = PFNLAB_NORMAL_NC, .kind.flags = PFNLAB_ALLOW_UNCACHED,
};

FIXTURE_VARIANT_ADD(swapped, device)
{
	.kind.type = PFNLAB_DEVICE,
};

FIXTURE_SETUP(swapped)
{
	ASSERT_EQ(0, scene_open(&self->scene, BLOCKS, 1));
}

FIXTURE_TEARDOWN(swapped)
{
	scene_close(&self->scene);
}

/* Before the guest has touched it, and after. */
TEST_F(swapped, in_for_ordinary_memory)
{
	struct model model = model_of(&self->scene.host, &variant->kind);
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;

	ASSERT_EQ(0, scene_map_anonymous(scene));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), 0);
	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	EXPECT_MODEL(vm, scene_gpa(0, 0), &model, lab_entry_size(&variant->kind));
	EXPECT_MODEL(vm, scene_gpa(1, 0), &model, lab_entry_size(&variant->kind));
}

TEST_F(swapped, in_for_device_memory)
{
	struct model model = model_of(&self->scene.host, &variant->kind);
	struct model before = model_of(&self->scene.host, &device);
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;

	ASSERT_EQ(0, scene_map(scene, &device));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	EXPECT_MODEL(vm, scene_gpa(0, 0), &before, block_size());
	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	EXPECT_MODEL(vm, scene_gpa(0, 0), &model, lab_entry_size(&variant->kind));
}

TEST_F(swapped, out_for_ordinary_memory)
{
	struct model model = model_of(&self->scene.host, &variant->kind);
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;

	ASSERT_EQ(0, scene_map_anonymous(scene));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	EXPECT_MODEL(vm, scene_gpa(0, 0), &model, lab_entry_size(&variant->kind));
	ASSERT_EQ(0, scene_map_anonymous(scene));
	*(uint64_t *)scene->map.start = VALUE;
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), VALUE);
}

/* What the guest had as cacheable memory must not stay that when it no longer is. */
TEST_F(swapped, out_for_device_memory)
{
	struct model model = model_of(&self->scene.host, &variant->kind);
	struct model after = model_of(&self->scene.host, &device);
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;

	ASSERT_EQ(0, scene_map_anonymous(scene));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	EXPECT_MODEL(vm, scene_gpa(0, 0), &model, lab_entry_size(&variant->kind));
	ASSERT_EQ(0, scene_map(scene, &device));
	EXPECT_MODEL(vm, scene_gpa(0, 0), &after, block_size());
	EXPECT_MODEL(vm, scene_gpa(1, 0), &after, block_size());
}

/*
 * All that the guest can do to it, again and again, and beside it. A fetch from
 * uncached memory is answered without looking further.
 */
TEST_F(swapped, in_stays_what_it_was_at_first)
{
	struct model model = model_of(&self->scene.host, &variant->kind);
	const char *const routines[] = {
		guest_load, guest_store, model.fault ? guest_jump : guest_call,
	};
	bool fetches = variant->kind.type == PFNLAB_NORMAL_WB;
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;
	const char *routine;
	unsigned int i;

	ASSERT_EQ(0, scene_map_anonymous(scene));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	ASSERT_EQ(0, lab_map(&scene->lab, &variant->kind, 0, &scene->map,
			     block_size(), block_size()));
	for (i = 0; i < 6; i++) {
		routine = routines[i % (fetches ? 3 : 2)];
		if (model.fault) {
			EXPECT_RUN_FAILS(vm, routine, scene_gpa(1, 0), model.fault);
			continue;
		}
		EXPECT_EQ(model.executable || routine != guest_call ? VM_DONE : VM_EXCEPTION,
			  vm_run(vm, routine, scene_gpa(1, 0), 0).outcome);
		EXPECT_LEAF(vm, scene_gpa(1, 0), model.type, lab_entry_size(&variant->kind));
	}
	if (model.fault && !scene->host.platform.tables_hidden)
		EXPECT_NO_LEAF(vm, scene_gpa(1, 0));
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), 0);
	EXPECT_GUEST_READS(vm, scene_gpa(2, 0), 0);
}

FIXTURE(kernel_memory)
{
	struct scene scene;
};

FIXTURE_SETUP(kernel_memory)
{
	ASSERT_EQ(0, scene_open(&self->scene, 1, 1));
}

FIXTURE_TEARDOWN(kernel_memory)
{
	scene_close(&self->scene);
}

/* KVM can maintain caches for it, so it is cacheable everywhere. */
TEST_F(kernel_memory, in_a_pfnmap_is_mapped_as_memory)
{
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;

	if (scene->host.platform.tables_hidden)
		SKIP(return, "entries cannot be read");
	ASSERT_EQ(0, scene_map_anonymous(scene));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	ASSERT_EQ(0, scene_map(scene, &write_back));
	ASSERT_EQ(0, lab_show(&scene->lab, PFNLAB_RAM));
	*(volatile uint64_t *)scene->map.start = VALUE;
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), VALUE);
	EXPECT_STREQ("normal-wb", type_by_behaviour(vm, scene_gpa(0, 1),
						    page_size()));
}

TEST_HARNESS_MAIN
