// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page that the driver's fault handler withholds (SIGBUS), because it went bad
 * for example, is not readable by a guest through a neighbour's block.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Stage 2 may map more at once than one fault asked for, but never more than the
 * host's page tables do. Block 1 has the withheld page in its middle, the host
 * can map it page by page only; blocks 0 and 2 are whole, and stay blocks.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>

#include "expect.h"

#define BLOCKS		3
#define VALUE		0x3c6ef372fe94f82bULL
#define WITHHELD	5	/* page in block 1 */

FIXTURE(withheld)
{
	struct scene scene;
	struct model model;
};

FIXTURE_VARIANT(withheld)
{
	struct lab_kind kind;
};

FIXTURE_VARIANT_ADD(withheld, write_back_blocks)
{
	.kind.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(withheld, write_back_pages)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.populate = PFNLAB_PAGES,
};

FIXTURE_VARIANT_ADD(withheld, uncached_blocks)
{
	.kind.type = PFNLAB_NORMAL_NC, .kind.flags = PFNLAB_ALLOW_UNCACHED,
};

static uint64_t withheld_offset(void)
{
	return block_size() + WITHHELD * page_size();
}

FIXTURE_SETUP(withheld)
{
	struct scene *scene = &self->scene;

	SETUP_MAPPABLE_SCENE(self, BLOCKS, 1, &variant->kind);
	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
}

FIXTURE_TEARDOWN(withheld)
{
	scene_close(&self->scene);
}

static int withhold(struct scene *scene)
{
	return lab_withhold(&scene->lab, withheld_offset(), page_size());
}

#define EXPECT_WITHHELD(vm) do {					\
	EXPECT_RUN_FAILS(vm, guest_load, scene_gpa(1, WITHHELD), EFAULT); \
	EXPECT_RUN_FAILS(vm, guest_store, scene_gpa(1, WITHHELD), EFAULT); \
	EXPECT_NO_LEAF(vm, scene_gpa(1, WITHHELD));			\
} while (0)

#define EXPECT_MAPPED(vm, gpa, bytes) do {				\
	EXPECT_EQ(VM_DONE, vm_run(vm, guest_load, gpa, 0).outcome);	\
	EXPECT_LEAF(vm, gpa, self->model.type, bytes);			\
} while (0)

TEST_F(withheld, before_its_neighbours_are_touched)
{
	struct vm *vm = &self->scene.vm;

	ASSERT_EQ(0, withhold(&self->scene));
	EXPECT_WITHHELD(vm);
	EXPECT_MAPPED(vm, scene_gpa(1, WITHHELD - 1), page_size());
	EXPECT_MAPPED(vm, scene_gpa(1, WITHHELD + 1), page_size());
	EXPECT_WITHHELD(vm);
}

TEST_F(withheld, after_all_its_neighbours_are_touched)
{
	unsigned int page, pages = block_size() / page_size();
	struct vm *vm = &self->scene.vm;

	ASSERT_EQ(0, withhold(&self->scene));
	for (page = 0; page < pages && page < 1024; page++)
		if (page != WITHHELD)
			EXPECT_EQ(VM_DONE, vm_run(vm, guest_load,
						  scene_gpa(1, page), 0).outcome);
	EXPECT_WITHHELD(vm);
	EXPECT_LEAF(vm, scene_gpa(1, 0), self->model.type, page_size());
}

/* The host's own page tables are filled before the guest comes. */
TEST_F(withheld, after_the_host_touched_its_neighbours)
{
	volatile char *block = self->scene.map.start + block_size();
	struct vm *vm = &self->scene.vm;

	ASSERT_EQ(0, withhold(&self->scene));
	(void)block[(WITHHELD - 1) * page_size()];
	(void)block[(WITHHELD + 1) * page_size()];
	EXPECT_MAPPED(vm, scene_gpa(1, WITHHELD + 1), page_size());
	EXPECT_WITHHELD(vm);
	EXPECT_MAPPED(vm, scene_gpa(1, WITHHELD - 1), page_size());
}

TEST_F(withheld, between_whole_blocks_that_stay_whole)
{
	uint64_t whole = lab_entry_size(&variant->kind);
	struct vm *vm = &self->scene.vm;

	ASSERT_EQ(0, withhold(&self->scene));
	EXPECT_MAPPED(vm, scene_gpa(0, WITHHELD), whole);
	EXPECT_MAPPED(vm, scene_gpa(1, WITHHELD + 1), page_size());
	EXPECT_MAPPED(vm, scene_gpa(2, WITHHELD), whole);
	EXPECT_WITHHELD(vm);
}

/* The page goes bad while its whole block is mapped in the guest. */
TEST_F(withheld, from_a_block_that_was_whole)
{
	uint64_t whole = lab_entry_size(&variant->kind);
	struct vm *vm = &self->scene.vm;

	EXPECT_MAPPED(vm, scene_gpa(1, WITHHELD), whole);
	EXPECT_MAPPED(vm, scene_gpa(2, WITHHELD), whole);
	ASSERT_EQ(0, withhold(&self->scene));
	EXPECT_NO_LEAF(vm, scene_gpa(1, WITHHELD));
	EXPECT_WITHHELD(vm);
	EXPECT_MAPPED(vm, scene_gpa(1, WITHHELD + 1), page_size());
	EXPECT_WITHHELD(vm);
	EXPECT_LEAF(vm, scene_gpa(2, WITHHELD), self->model.type, whole);
}

/* Given back: the same memory as before, and a whole block in a new mapping. */
TEST_F(withheld, page_can_be_given_back)
{
	volatile uint64_t *host = (void *)(self->scene.map.start + withheld_offset());
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;

	*host = VALUE;
	ASSERT_EQ(0, withhold(scene));
	EXPECT_WITHHELD(vm);
	EXPECT_MAPPED(vm, scene_gpa(1, WITHHELD + 1), page_size());
	ASSERT_EQ(0, lab_withhold(&scene->lab, 0, 0));
	EXPECT_GUEST_READS(vm, scene_gpa(1, WITHHELD), VALUE);
	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	EXPECT_GUEST_READS(vm, scene_gpa(1, WITHHELD), VALUE);
	EXPECT_LEAF(vm, scene_gpa(1, WITHHELD), self->model.type,
		    lab_entry_size(&variant->kind));
}

TEST_HARNESS_MAIN
