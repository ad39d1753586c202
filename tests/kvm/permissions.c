// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest may do with device memory that is not simply readable and
 * writable, and that a later permission changes nothing but the permission.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Read-only in three ways: by the memory slot, by the host's VMA, and by the
 * host's page tables until the first write (as mm does for drivers that want
 * to know of it); the last is the one that ends in stage-2 permission faults.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>
#include <sys/mman.h>

#include "expect.h"

#define BLOCKS	2
#define VALUE	0xa54ff53a5f1d36f1ULL

FIXTURE(permissions)
{
	struct scene scene;
	struct model model;
	uint64_t entry;		/* bytes of a stage-2 entry */
};

FIXTURE_VARIANT(permissions)
{
	struct lab_kind kind;
};

FIXTURE_VARIANT_ADD(permissions, write_back_blocks)
{
	.kind.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(permissions, write_back_pages)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.populate = PFNLAB_PAGES,
};

FIXTURE_VARIANT_ADD(permissions, uncached_blocks)
{
	.kind.type = PFNLAB_NORMAL_NC, .kind.flags = PFNLAB_ALLOW_UNCACHED,
};

FIXTURE_VARIANT_ADD(permissions, device_pages)
{
	.kind.type = PFNLAB_DEVICE, .kind.populate = PFNLAB_PAGES,
};

FIXTURE_SETUP(permissions)
{
	SETUP_MAPPABLE_SCENE(self, BLOCKS, 1, &variant->kind);
	self->entry = lab_entry_size(&variant->kind);
	ASSERT_EQ(0, scene_map(&self->scene, &variant->kind));
	*(volatile uint64_t *)self->scene.map.start = VALUE;
}

FIXTURE_TEARDOWN(permissions)
{
	scene_close(&self->scene);
}

#define EXPECT_WRITABLE(vm, gpa, writable) do {				\
	struct s2leaf __leaf;						\
									\
	ASSERT_EQ(0, leaf_get(vm, gpa, &__leaf));			\
	EXPECT_EQ(writable, leaf_is_writable(&__leaf));			\
} while (0)

/* The guest's store changes memory, the entry is a writable one of that size. */
#define EXPECT_STORE_WORKS(vm, gpa) do {				\
	struct vm_result __store = vm_run(vm, guest_store_load, gpa, ~VALUE); \
									\
	EXPECT_EQ(VM_DONE, __store.outcome);				\
	EXPECT_EQ(~VALUE, __store.value);				\
	EXPECT_EQ(~VALUE,						\
		  *(volatile uint64_t *)self->scene.map.start);		\
	EXPECT_LEAF(vm, gpa, self->model.type, self->entry);		\
	EXPECT_WRITABLE(vm, gpa, true);					\
} while (0)

TEST_F(permissions, read_only_slot_reads_and_reports_stores)
{
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;
	struct vm_result result;

	ASSERT_EQ(0, scene_set_slot(scene, KVM_MEM_READONLY));
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), VALUE);
	result = vm_run(vm, guest_store, scene_gpa(0, 0), ~VALUE);
	EXPECT_EQ(VM_MMIO_STORE, result.outcome);
	EXPECT_EQ(scene_gpa(0, 0), result.value);
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), VALUE);
	EXPECT_LEAF(vm, scene_gpa(0, 0), self->model.type, self->entry);
	EXPECT_WRITABLE(vm, scene_gpa(0, 0), false);
}

TEST_F(permissions, read_only_slot_reports_stores_that_come_first)
{
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;

	ASSERT_EQ(0, scene_set_slot(scene, KVM_MEM_READONLY));
	EXPECT_EQ(VM_MMIO_STORE,
		  vm_run(vm, guest_store, scene_gpa(0, 0), ~VALUE).outcome);
	EXPECT_NO_LEAF(vm, scene_gpa(0, 0));
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), VALUE);
}

TEST_F(permissions, read_only_vma_reads_until_it_is_upgraded)
{
	struct scene *scene = &self->scene;
	struct lab_kind kind = variant->kind;
	struct vm *vm = &scene->vm;

	kind.prot = PROT_READ;
	ASSERT_EQ(0, scene_map(scene, &kind));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), VALUE);
	EXPECT_LEAF(vm, scene_gpa(0, 0), self->model.type, self->entry);
	EXPECT_WRITABLE(vm, scene_gpa(0, 0), false);
	EXPECT_RUN_FAILS(vm, guest_store, scene_gpa(0, 0), EFAULT);
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), VALUE);

	ASSERT_EQ(0, mprotect(scene->map.start, scene->map.bytes,
			      PROT_READ | PROT_WRITE));
	EXPECT_STORE_WORKS(vm, scene_gpa(0, 0));
}

TEST_F(permissions, downgraded_vma_takes_writes_away)
{
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;

	ASSERT_EQ(0, scene_set_slot(scene, 0));
	EXPECT_STORE_WORKS(vm, scene_gpa(0, 0));
	ASSERT_EQ(0, mprotect(scene->map.start, scene->map.bytes, PROT_READ));
	EXPECT_RUN_FAILS(vm, guest_store, scene_gpa(0, 0), EFAULT);
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), ~VALUE);
	EXPECT_LEAF(vm, scene_gpa(0, 0), self->model.type, self->entry);
	EXPECT_WRITABLE(vm, scene_gpa(0, 0), false);
}

/*
 * KVM does not ask mm for the upgrade of what is mapped already; the host's own
 * write does. The guest's next store then meets a permission fault of stage 2.
 */
TEST_F(permissions, entry_made_by_a_load_is_upgraded_in_place)
{
	struct scene *scene = &self->scene;
	struct lab_kind kind = variant->kind;
	struct vm *vm = &scene->vm;

	kind.flags |= PFNLAB_WRITE_NOTIFY;
	ASSERT_EQ(0, scene_map(scene, &kind));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	EXPECT_GUEST_READS(vm, scene_gpa(0, 0), VALUE);
	EXPECT_WRITABLE(vm, scene_gpa(0, 0), false);
	EXPECT_RUN_FAILS(vm, guest_store, scene_gpa(0, 0), EFAULT);

	*(volatile uint64_t *)scene->map.start = VALUE + 1;
	EXPECT_LEAF(vm, scene_gpa(0, 0), self->model.type, self->entry);
	EXPECT_WRITABLE(vm, scene_gpa(0, 0), false);
	EXPECT_STORE_WORKS(vm, scene_gpa(0, 0));
}

/* Writing is not what decides about fetching. */
TEST_F(permissions, fetch_from_a_read_only_entry)
{
	struct scene *scene = &self->scene;
	struct lab_kind kind = variant->kind;
	struct vm *vm = &scene->vm;
	struct vm_result result;

	*(volatile uint64_t *)scene->map.start = *(const uint64_t *)guest_callee;
	__builtin___clear_cache(scene->map.start,
				scene->map.start + sizeof(uint64_t));
	kind.prot = PROT_READ;
	ASSERT_EQ(0, scene_map(scene, &kind));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	result = vm_run(vm, guest_jump, scene_gpa(0, 0), 0);
	if (!self->model.executable) {
		EXPECT_TRUE(is_instruction_abort(&result));
		return;
	}
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_EQ(GUEST_CALL_RESULT, result.value);
	EXPECT_LEAF(vm, scene_gpa(0, 0), self->model.type, self->entry);
	EXPECT_WRITABLE(vm, scene_gpa(0, 0), false);
}

TEST_HARNESS_MAIN
