// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which memory type and block size KVM's stage 2 gives the GPU's memory.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * Two independent measurements have to agree:
 *  - what a guest can do there: an unaligned access works on Normal memory and
 *    not on Device memory; instructions can be fetched from write-back memory
 *    and from nothing else;
 *  - what the stage-2 entry says (/dev/s2leaf).
 * The "ungated" variants map memory with a type of the test's choice; they show
 * that both measurements tell all three types apart on this machine.
 *
 * Environment: GPU0 = the GPU's PCI address, KERNEL; DEVMEM (lib/lab.h).
 * Lines "# stage2.<region>.<what>=<value>" are for whoever reports the results.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"

#include "guest_code.h"
#include "lab.h"
#include "leaf.h"
#include "mapping.h"
#include "model.h"
#include "platform.h"
#include "region.h"
#include "vm.h"

#define VALUE			0x0123456789abcdefULL
#define UNGATED_BLOCKS		4

FIXTURE(stage2)
{
	struct gpu gpu;
	struct lab lab;
	struct mapping map;
	struct vm vm;
	const char *type;	/* expected */
};

FIXTURE_VARIANT(stage2)
{
	const char *name;
	int region;		/* VFIO region, or -1: ungated */
	struct lab_kind ungated;
	const char *type;	/* of a region; ungated it is the model's */
};

FIXTURE_VARIANT_ADD(stage2, region4)
{
	.name = "region4", .region = 4, .type = "normal-wb",
};

FIXTURE_VARIANT_ADD(stage2, region2)
{
	.name = "region2", .region = 2, .type = "normal-nc",
};

FIXTURE_VARIANT_ADD(stage2, ungated_write_back)
{
	.name = "ungated-write-back", .region = -1,
	.ungated.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(stage2, ungated_uncached)
{
	.name = "ungated-uncached", .region = -1,
	.ungated.type = PFNLAB_NORMAL_NC,
	.ungated.flags = PFNLAB_ALLOW_UNCACHED,
};

FIXTURE_VARIANT_ADD(stage2, ungated_device)
{
	.name = "ungated-device", .region = -1,
	.ungated.type = PFNLAB_DEVICE,
};

static int map_ungated(struct lab *lab, const struct lab_kind *kind,
		       struct mapping *map)
{
	if (map_reserve(map, UNGATED_BLOCKS * block_size()))
		return -1;
	return lab_map(lab, kind, 0, map, 0, map->bytes);
}

static int map_gpu(struct gpu *gpu, unsigned int region, struct mapping *map)
{
	const char *bdf = getenv("GPU0");

	if (!bdf) {
		errno = ENXIO;
		return -1;
	}
	errno = -gpu_open(gpu, bdf);
	return errno ? -1 : map_region(map, gpu, region);
}

FIXTURE_SETUP(stage2)
{
	struct host host;
	int ret;

	ASSERT_EQ(0, host_get(&host));
	ASSERT_EQ(0, lab_open(&self->lab));
	self->gpu = GPU_CLOSED;
	if (variant->region >= 0) {
		self->type = variant->type;
		ret = map_gpu(&self->gpu, (unsigned int)variant->region, &self->map);
	} else {
		self->type = model_of(&host, &variant->ungated).type;
		ret = map_ungated(&self->lab, &variant->ungated, &self->map);
	}
	if (ret && errno == ENODEV && variant->region == 2)
		SKIP(return, "this GPU has no region 2");
	ASSERT_EQ(0, ret) TH_LOG("mapping %s: %s", variant->name, strerror(errno));
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_set_window(&self->vm, self->map.start, self->map.bytes));
}

FIXTURE_TEARDOWN(stage2)
{
	vm_destroy(&self->vm);
	map_release(&self->map);
	gpu_close(&self->gpu);
	lab_close(&self->lab);
}

/* The guest's last place for one access, wherever the slot ends. */
static uint64_t last_gpa(const struct mapping *map)
{
	uint64_t bytes = map->bytes < VM_WINDOW_MAX ? map->bytes : VM_WINDOW_MAX;

	return VM_WINDOW_GPA + bytes - sizeof(uint64_t);
}

TEST_F(stage2, aligned_access_reaches_both_ends)
{
	uint64_t gpas[] = { VM_WINDOW_GPA, last_gpa(&self->map) };
	struct vm_result result;
	int i;

	for (i = 0; i < 2; i++) {
		result = vm_run(&self->vm, guest_store_load, gpas[i], VALUE + i);
		ASSERT_EQ(VM_DONE, result.outcome)
			TH_LOG("at %#llx: %#llx", (unsigned long long)gpas[i],
			       (unsigned long long)result.value);
		ASSERT_EQ(VALUE + i, result.value);
	}
}

TEST_F(stage2, host_sees_what_the_guest_writes)
{
	volatile uint64_t *host = (void *)self->map.start;
	struct vm_result result;

	result = vm_run(&self->vm, guest_store_load, VM_WINDOW_GPA, VALUE);
	ASSERT_EQ(VM_DONE, result.outcome);
	ASSERT_EQ(VALUE, *host);
	*host = ~VALUE;
	result = vm_run(&self->vm, guest_load, VM_WINDOW_GPA, 0);
	ASSERT_EQ(VM_DONE, result.outcome);
	ASSERT_EQ(~VALUE, result.value);
}

/* The access is the VM's first one: nothing about the page is cached. */
TEST_F(stage2, unaligned_access_works_on_normal_memory_only)
{
	struct vm_result result;

	result = vm_run(&self->vm, guest_store_load, VM_WINDOW_GPA + 1, VALUE);
	if (!strcmp(self->type, "device")) {
		EXPECT_EQ(VM_RUN_FAILED, result.outcome);
		EXPECT_EQ(EFAULT, (int)result.value);
		return;
	}
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_EQ(VALUE, result.value);
}

TEST_F(stage2, instruction_fetch_works_on_write_back_memory_only)
{
	struct vm_result result;

	result = vm_run(&self->vm, guest_call, VM_WINDOW_GPA, 0);
	if (!strcmp(self->type, "normal-wb")) {
		EXPECT_EQ(VM_DONE, result.outcome);
		EXPECT_EQ(GUEST_CALL_RESULT, result.value);
		return;
	}
	EXPECT_TRUE(is_instruction_abort(&result));
}

static void report(const char *region, const char *what, const char *value)
{
	printf("# stage2.%s.%s=%s\n", region, what, value);
	fflush(stdout);
}

TEST_F(stage2, entry_agrees_with_behaviour)
{
	const char *behaviour, *entry;
	struct s2leaf leaf;
	char block[32];

	EXPECT_EQ(-1, leaf_get(&self->vm, VM_WINDOW_GPA, &leaf));
	EXPECT_EQ(ENOENT, errno);
	behaviour = type_by_behaviour(&self->vm, VM_WINDOW_GPA, block_size());
	ASSERT_EQ(0, leaf_get(&self->vm, VM_WINDOW_GPA, &leaf));

	entry = leaf_type(&leaf);
	report(variant->name, "behaviour", behaviour);
	report(variant->name, "entry", entry);
	report(variant->name, "executable",
	       leaf_is_executable(&leaf) ? "yes" : "no");
	snprintf(block, sizeof(block), "%llu", (unsigned long long)leaf.block);
	report(variant->name, "block", block);

	EXPECT_STREQ(self->type, behaviour);
	EXPECT_STREQ(self->type, entry);
	EXPECT_EQ(!strcmp(self->type, "normal-wb"),
		  leaf_is_executable(&leaf));
}

/* Every block of the first 32, then the last one. */
TEST_F(stage2, every_block_is_alike)
{
	uint64_t block = block_size(), end = VM_WINDOW_GPA + 32 * block;
	uint64_t last = last_gpa(&self->map) & -block;
	uint64_t gpa = VM_WINDOW_GPA;
	struct s2leaf leaf;

	while (gpa <= last) {
		vm_run(&self->vm, guest_load, gpa, 0);
		ASSERT_EQ(0, leaf_get(&self->vm, gpa, &leaf));
		ASSERT_EQ(block, leaf.block)
			TH_LOG("at %#llx", (unsigned long long)gpa);
		ASSERT_STREQ(self->type, leaf_type(&leaf));
		gpa += block;
		if (gpa >= end && gpa < last)
			gpa = last;
	}
}

/* What the kernel's KVM makes of it, is what the ungated variants show. */
TEST(platform_has_fwb_and_dic)
{
	struct s2leaf_platform platform;

	ASSERT_EQ(0, platform_report(&platform));
	EXPECT_EQ(1, platform.fwb);
	EXPECT_EQ(1, platform.dic);
	EXPECT_EQ(0, platform.protected_kvm);
}

TEST(capability_243_tells_the_truth)
{
	struct host host;
	struct vm vm;
	int value;

	ASSERT_EQ(0, host_get(&host));
	ASSERT_EQ(0, vm_create(&vm));
	value = vm_cacheable_pfnmap(&vm);
	printf("# kvm.capability_243=%d\n", value);
	fflush(stdout);
	EXPECT_EQ(host_says_cacheable(&host), value);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
