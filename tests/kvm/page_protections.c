// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM takes for cacheable, and what not.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * MAIR_EL1 has eight memory types, Linux uses five of them. A type that KVM does
 * not know must not be taken for cacheable (mainline up to 7.3 does).
 * VM_MIXEDMAP with memory that has no pages is not part of the contract: each
 * kernel keeps doing what it did.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>

#include "expect.h"

#define BLOCKS			1
#define ATTRINDX_TAGGED		1
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
	struct model model = model_of_protection(&scene->host,
						 !scene->host.kvm->white_list,
						 false);

	EXPECT_ATTRINDX(scene, ATTRINDX_UNUSED, &model);
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
