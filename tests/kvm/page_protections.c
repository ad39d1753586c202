// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM takes for cacheable, and what not.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * MAIR_EL1 has eight memory types, Linux uses five of them. A type that KVM does
 * not know must not be taken for cacheable (mainline up to 7.3 does; with the patches
 * for it still at the slot).
 *
 * A driver may map with another type than its VMA says: TTM leaves the page
 * protection alone and inserts write-combining entries. The guest must have the
 * type that the host has (not so with mainline up to 7.3, which goes by the VMA).
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>

#include "expect.h"

#define BLOCKS			1
#define VALUE			0x3c6ef372fe94f82bULL
#define ATTRINDX_NORMAL		0
#define ATTRINDX_TAGGED		1
#define ATTRINDX_NORMAL_NC	2
#define ATTRINDX_DEVICE_NGNRNE	3
#define ATTRINDX_UNUSED		5

static const struct lab_kind write_back = { .type = PFNLAB_NORMAL_WB };

FIXTURE(protection)
{
	struct scene scene;
};

FIXTURE_SETUP(protection)
{
	ASSERT_EQ(0, scene_open(&self->scene, BLOCKS, 1));
}

FIXTURE_TEARDOWN(protection)
{
	scene_close(&self->scene);
}

static int map_attrindx(struct scene *scene, unsigned int index)
{
	if (scene_map(scene, &write_back))
		return -1;
	return lab_attrindx(&scene->lab, scene->map.start, index);
}

static int set_slot_before(struct scene *scene)
{
	return scene_map_anonymous(scene) ?: scene_set_slot(scene, 0);
}

/* Both checks, at the slot and at the fault, against the model. */
#define EXPECT_ATTRINDX(scene, index, expected) do {			\
	ASSERT_EQ(0, map_attrindx(scene, index));			\
	ASSERT_EQ((expected)->slot, scene_set_slot(scene, 0));		\
	if ((expected)->slot) {						\
		ASSERT_EQ(0, set_slot_before(scene));			\
		ASSERT_EQ(0, map_attrindx(scene, index));		\
	}								\
	EXPECT_MODEL(&(scene)->vm, scene_gpa(0, 0), expected,		\
		     block_size());					\
} while (0)

TEST_F(protection, tagged_is_cacheable)
{
	struct scene *scene = &self->scene;
	struct model model = model_of_protection(&scene->host, true, false);

	EXPECT_ATTRINDX(scene, ATTRINDX_TAGGED, &model);
}

TEST_F(protection, strongly_ordered_is_device)
{
	struct scene *scene = &self->scene;
	struct model model = model_of_protection(&scene->host, false, false);

	EXPECT_ATTRINDX(scene, ATTRINDX_DEVICE_NGNRNE, &model);
}

TEST_F(protection, unknown_one_is_not_cacheable)
{
	struct scene *scene = &self->scene;
	const struct kvm_kind *kvm = scene->host.kvm;
	struct model model;

	model = model_of_entries(&scene->host, !kvm->white_list,
				 !kvm->white_list && !kvm->reads_entries, false);
	EXPECT_ATTRINDX(scene, ATTRINDX_UNUSED, &model);
}

FIXTURE(entries)
{
	struct scene scene;
};

FIXTURE_VARIANT(entries)
{
	struct lab_kind kind;		/* of the host's entries */
	unsigned int attrindx;		/* of the VMA, afterwards */
};

FIXTURE_VARIANT_ADD(entries, uncached_in_a_cacheable_vma)
{
	.kind.type = PFNLAB_NORMAL_NC, .attrindx = ATTRINDX_NORMAL,
};

FIXTURE_VARIANT_ADD(entries, cacheable_in_an_uncached_vma)
{
	.kind.type = PFNLAB_NORMAL_WB, .attrindx = ATTRINDX_NORMAL_NC,
};

FIXTURE_SETUP(entries)
{
	ASSERT_EQ(0, scene_open(&self->scene, BLOCKS, 1));
}

FIXTURE_TEARDOWN(entries)
{
	scene_close(&self->scene);
}

/* The touch makes the entries, and they stay what they are. */
static int map_other_entries(struct scene *scene, const struct lab_kind *kind,
			     unsigned int attrindx)
{
	if (scene_map(scene, kind))
		return -1;
	*(volatile uint64_t *)scene->map.start = VALUE;
	return lab_attrindx(&scene->lab, scene->map.start, attrindx);
}

TEST_F(entries, decide_at_the_fault_and_the_vma_at_the_slot)
{
	const struct lab_kind *kind = &variant->kind;
	struct scene *scene = &self->scene;
	struct model model;

	model = model_of_entries(&scene->host, variant->attrindx == ATTRINDX_NORMAL,
				 kind->type == PFNLAB_NORMAL_WB, false);
	ASSERT_EQ(0, map_other_entries(scene, kind, variant->attrindx));
	ASSERT_EQ(model.slot, scene_set_slot(scene, 0));
	if (model.slot) {
		ASSERT_EQ(0, set_slot_before(scene));
		ASSERT_EQ(0, map_other_entries(scene, kind, variant->attrindx));
	}
	EXPECT_MODEL(&scene->vm, scene_gpa(0, 0), &model, block_size());
	/* With another type than the host's, real caches may show something else. */
	if (!model.fault && scene->host.kvm->reads_entries)
		EXPECT_GUEST_READS(&scene->vm, scene_gpa(0, 0), VALUE);
}

FIXTURE(flags)
{
	struct scene scene;
};

FIXTURE_VARIANT(flags)
{
	struct lab_kind kind;
};

/* Not a mapping a driver should make; the host's caches decide all the same. */
FIXTURE_VARIANT_ADD(flags, write_back_with_uncached_allowed)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.flags = PFNLAB_ALLOW_UNCACHED,
};

FIXTURE_VARIANT_ADD(flags, device_with_uncached_allowed)
{
	.kind.type = PFNLAB_DEVICE, .kind.flags = PFNLAB_ALLOW_UNCACHED,
};

FIXTURE_VARIANT_ADD(flags, mixedmap_write_back)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.flags = PFNLAB_MIXEDMAP,
};

FIXTURE_VARIANT_ADD(flags, mixedmap_device)
{
	.kind.type = PFNLAB_DEVICE, .kind.flags = PFNLAB_MIXEDMAP,
};

FIXTURE_SETUP(flags)
{
	ASSERT_EQ(0, scene_open(&self->scene, BLOCKS, 1));
}

FIXTURE_TEARDOWN(flags)
{
	scene_close(&self->scene);
}

TEST_F(flags, do_not_decide)
{
	struct scene *scene = &self->scene;
	struct model model = model_of(&scene->host, &variant->kind);

	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	ASSERT_EQ(model.slot, scene_set_slot(scene, 0));
	if (model.slot) {
		ASSERT_EQ(0, set_slot_before(scene));
		ASSERT_EQ(0, scene_map(scene, &variant->kind));
	}
	EXPECT_MODEL(&scene->vm, scene_gpa(0, 0), &model, block_size());
}

TEST_HARNESS_MAIN
