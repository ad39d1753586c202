// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM makes of device memory, by the type the host maps it with: one row
 * of the matrix that `make check-kvm` prints.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * What is expected is worked out in lib/model.c. The host maps the memory in
 * blocks; stage 2 has to follow.
 *
 * The lines "# cell.<...>=<...>" are collected by ./matrix-table, and with the line that
 * follows by ./mutate:
 *   # cell.host=<fwb> <dic> <vhe> <protected> <capability 243>
 *   # cell.<type>=<memslot> <fault> <behaviour> <entry> <executable> <block> <verdict>
 *   # model.<type>=<the same six, as they should be>
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kselftest_harness.h"

#include "guest_code.h"
#include "leaf.h"
#include "model.h"
#include "scene.h"

/* Blocks: the first two for type_by_behaviour(), one for each other access. */
enum { TOUCHED = 2, FETCHED, BLOCKS };

/**
 * struct cell - what was observed in one cell of the matrix
 * @slot: errno of creating a memory slot over the mapping, or 0
 * @fault: errno of KVM_RUN at a guest's first access, or 0
 * @behaviour: memory type by what the guest can do
 * @entry: memory type by the stage-2 entry
 * @executable: can the guest fetch instructions, does the entry say the same
 * @block: bytes the entry maps
 */
struct cell {
	int slot;
	int fault;
	const char *behaviour;
	const char *entry;
	const char *executable;
	uint64_t block;
};

FIXTURE(cell)
{
	struct scene scene;
	struct model expected;
	struct cell observed;
};

FIXTURE_VARIANT(cell)
{
	const char *name;
	struct lab_kind kind;
};

FIXTURE_VARIANT_ADD(cell, write_back)
{
	.name = "write-back", .kind.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(cell, uncached_allowed)
{
	.name = "uncached-allowed", .kind.type = PFNLAB_NORMAL_NC,
	.kind.flags = PFNLAB_ALLOW_UNCACHED,
};

FIXTURE_VARIANT_ADD(cell, uncached)
{
	.name = "uncached", .kind.type = PFNLAB_NORMAL_NC,
};

FIXTURE_VARIANT_ADD(cell, device)
{
	.name = "device", .kind.type = PFNLAB_DEVICE,
};

FIXTURE_SETUP(cell)
{
	ASSERT_EQ(0, scene_open(&self->scene, BLOCKS, 1));
	self->expected = model_of(&self->scene.host, &variant->kind);
}

FIXTURE_TEARDOWN(cell)
{
	scene_close(&self->scene);
}

/* Code for a guest whose first access is the fetch. */
static void write_code(struct scene *scene)
{
	char *at = scene->map.start + FETCHED * block_size();

	*(volatile uint64_t *)at = *(const uint64_t *)guest_callee;
	__builtin___clear_cache(at, at + sizeof(uint64_t));
}

/*
 * A slot that is refused over the mapping is made over other memory, so that
 * what happens at the fault is seen too.
 */
static int observe_slot(struct scene *scene, const struct lab_kind *kind,
			struct cell *cell)
{
	if (scene_map(scene, kind))
		return -1;
	write_code(scene);
	cell->slot = scene_set_slot(scene, 0);
	if (!cell->slot)
		return 0;
	if (scene_map_anonymous(scene) || scene_set_slot(scene, 0))
		return -1;
	return scene_map(scene, kind);
}

/* In memory that the guest has not touched: the fetch is what faults. */
static const char *observe_fetch(struct vm *vm, uint64_t gpa, bool allowed)
{
	struct vm_result fetch = vm_run(vm, guest_jump, gpa, 0);

	if (allowed && fetch.outcome == VM_DONE &&
	    fetch.value == GUEST_CALL_RESULT)
		return "yes";
	return !allowed && is_instruction_abort(&fetch) ? "no" : "unclear";
}

static void observe_access(struct vm *vm, struct cell *cell)
{
	uint64_t touched = scene_gpa(TOUCHED, 0);
	struct vm_result result;
	struct s2leaf leaf;

	cell->behaviour = type_by_behaviour(vm, scene_gpa(0, 0), block_size());
	result = vm_run(vm, guest_load, touched, 0);
	cell->fault = result.outcome == VM_RUN_FAILED ? (int)result.value : 0;
	cell->entry = "none";
	cell->executable = "-";
	if (leaf_get(vm, touched, &leaf))
		return;
	cell->entry = leaf_type(&leaf);
	cell->executable = observe_fetch(vm, scene_gpa(FETCHED, 0),
					 leaf_is_executable(&leaf));
	cell->block = leaf.block;
}

static uint64_t expected_block(const struct model *model)
{
	return model->fault ? 0 : block_size();
}

static const char *expected_executable(const struct model *model)
{
	return model->fault ? "-" : model->executable ? "yes" : "no";
}

static bool as_expected(const struct cell *cell, const struct model *model)
{
	return cell->slot == model->slot && cell->fault == model->fault &&
	       !strcmp(cell->behaviour, model->type) &&
	       !strcmp(cell->entry, model->type) &&
	       !strcmp(cell->executable, expected_executable(model)) &&
	       cell->block == expected_block(model);
}

static const char *error_name(int error)
{
	return error ? strerrorname_np(error) : "ok";
}

static void print_cell(const char *what, const char *type, const struct cell *cell,
		       const char *verdict)
{
	char block[32] = "-";

	if (cell->block)
		snprintf(block, sizeof(block), "%lluK",
			 (unsigned long long)cell->block >> 10);
	printf("# %s.%s=%s %s %s %s %s %s%s\n", what, type,
	       error_name(cell->slot), error_name(cell->fault),
	       cell->behaviour, cell->entry, cell->executable, block, verdict);
}

static void report(const char *type, const struct cell *cell, const struct model *model)
{
	const struct cell expected = {
		.slot = model->slot, .fault = model->fault,
		.behaviour = model->type, .entry = model->type,
		.executable = expected_executable(model),
		.block = expected_block(model),
	};

	print_cell("cell", type, cell, as_expected(cell, model) ? " expected" : " UNEXPECTED");
	print_cell("model", type, &expected, "");
	fflush(stdout);
}

TEST_F(cell, is_as_expected)
{
	struct model *expected = &self->expected;
	struct cell *observed = &self->observed;

	ASSERT_EQ(0, observe_slot(&self->scene, &variant->kind, observed));
	observe_access(&self->scene.vm, observed);
	report(variant->name, observed, expected);

	EXPECT_EQ(expected->slot, observed->slot);
	EXPECT_EQ(expected->fault, observed->fault);
	EXPECT_STREQ(expected->type, observed->behaviour);
	EXPECT_STREQ(expected->type, observed->entry);
	EXPECT_STREQ(expected_executable(expected), observed->executable);
	EXPECT_EQ(expected_block(expected), observed->block);
}

static const char *yes(bool is)
{
	return is ? "yes" : "no";
}

TEST(capability_243_tells_the_truth)
{
	struct s2leaf_platform *platform;
	struct host host;
	struct vm vm;
	int value;

	ASSERT_EQ(0, host_get(&host));
	ASSERT_EQ(0, vm_create(&vm));
	value = vm_cacheable_pfnmap(&vm);
	platform = &host.platform;
	printf("# cell.host=%s %s %s %s %d\n", yes(platform->fwb),
	       yes(platform->dic), yes(platform->vhe),
	       yes(platform->protected_kvm), value);
	fflush(stdout);
	EXPECT_EQ(host_says_cacheable(&host), value);
	vm_destroy(&vm);
}

/* It depends on the VM, so /dev/kvm cannot answer; old kernels do not know it. */
TEST(capability_243_is_not_one_of_the_system)
{
	struct host host;
	struct vm vm;
	int value;

	ASSERT_EQ(0, host_get(&host));
	ASSERT_EQ(0, vm_create(&vm));
	value = vm_system_cacheable_pfnmap(&vm);
	if (host.kvm->reads_protection) {
		EXPECT_EQ(-1, value);
		EXPECT_EQ(EINVAL, errno);
	} else {
		EXPECT_EQ(0, value);
	}
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
