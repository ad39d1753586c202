// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registers of a passed-through GPU (region 0) are uncached in a guest.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * VFIO allows BARs to be Normal-NC (VM_ALLOW_ANY_UNCACHED), so stage 2 leaves it
 * to the guest whether they are that or Device. Never are they cacheable. The
 * guest only reads. Any VFIO driver will do.
 *
 * Environment: GPU0 = the GPU's PCI address.
 */
#include <errno.h>
#include <stdlib.h>

#include "expect.h"
#include "region.h"

FIXTURE(registers)
{
	struct gpu gpu;
	struct mapping map;
	struct vm vm;
};

FIXTURE_SETUP(registers)
{
	const char *bdf = getenv("GPU0");

	ASSERT_NE(NULL, bdf) TH_LOG("GPU0 must name the GPU's PCI address");
	ASSERT_EQ(0, gpu_open(&self->gpu, bdf));
	ASSERT_EQ(0, map_region(&self->map, &self->gpu, 0));
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_set_window(&self->vm, self->map.start, self->map.bytes));
}

FIXTURE_TEARDOWN(registers)
{
	vm_destroy(&self->vm);
	map_release(&self->map);
	gpu_close(&self->gpu);
}

TEST_F(registers, can_be_read)
{
	EXPECT_GUEST_READS(&self->vm, VM_WINDOW_GPA,
			   *(volatile uint64_t *)self->map.start);
}

TEST_F(registers, cannot_be_executed)
{
	struct vm_result result;

	result = vm_run(&self->vm, guest_jump, VM_WINDOW_GPA, 0);
	EXPECT_TRUE(is_instruction_abort(&result));
}

TEST_F(registers, entry_is_uncached)
{
	struct s2leaf leaf;

	vm_run(&self->vm, guest_load, VM_WINDOW_GPA, 0);
	ASSERT_EQ(0, leaf_get(&self->vm, VM_WINDOW_GPA, &leaf));
	EXPECT_STREQ("normal-nc", leaf_type(&leaf));
	EXPECT_FALSE(leaf_is_executable(&leaf));
}

TEST_F(registers, dirty_logging_is_refused)
{
	EXPECT_EQ(-1, vm_set_slot(&self->vm, VM_WINDOW_SLOT, VM_WINDOW_GPA,
				  self->map.start, self->map.bytes,
				  KVM_MEM_LOG_DIRTY_PAGES));
	EXPECT_EQ(EINVAL, errno);
}

TEST_HARNESS_MAIN
