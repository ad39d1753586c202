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
 * The "ungated" variants map a plain BAR with a type of the test's choice; they
 * show that both measurements tell all three types apart on this machine.
 *
 * Environment: GPU0 = the GPU's PCI address.
 * Lines "# stage2.<region>.<what>=<value>" are for whoever reports the results.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "guest_code.h"
#include "platform.h"
#include "s2leaf.h"
#include "vm.h"

#define PTE_XN			(1ULL << 54)
#define ESR_EC(esr)		((esr) >> 26 & 0x3f)
#define EC_INSTRUCTION_ABORT	0x21
#define VALUE			0x0123456789abcdefULL
#define UNGATED_RESOURCE	2	/* BAR1: backed by RAM in the test bed */
#define UNGATED_BYTES		0x100000ULL

enum source { VFIO_REGION, UNGATED };

static const char *const type_names[] = {
	[S2LEAF_NORMAL_WB] = "normal-wb",
	[S2LEAF_NORMAL_NC] = "normal-nc",
	[S2LEAF_DEVICE] = "device",
};

static const char *memattr_name(const struct s2leaf *leaf)
{
	switch (leaf->memattr) {
	case 0xf:
		return leaf->fwb ? "reserved" : "normal-wb";
	case 6:
		return leaf->fwb ? "normal-wb" : "other";
	case 5:
		return "normal-nc";
	case 1:
		return "device";
	default:
		return "other";
	}
}

FIXTURE(stage2)
{
	struct gpu gpu;
	struct gpu_map map;
	struct vm vm;
	int s2leaf;
};

FIXTURE_VARIANT(stage2)
{
	const char *name;
	enum source source;
	int index;		/* VFIO region; resource when ungated */
	enum s2leaf_type type;
	uint64_t block;
};

FIXTURE_VARIANT_ADD(stage2, region4)
{
	.name = "region4",
	.source = VFIO_REGION,
	.index = 4,
	.type = S2LEAF_NORMAL_WB,
	.block = 2 << 20,
};

FIXTURE_VARIANT_ADD(stage2, region2)
{
	.name = "region2",
	.source = VFIO_REGION,
	.index = 2,
	.type = S2LEAF_NORMAL_NC,
	.block = 2 << 20,
};

FIXTURE_VARIANT_ADD(stage2, ungated_write_back)
{
	.name = "ungated-write-back",
	.source = UNGATED,
	.index = UNGATED_RESOURCE,
	.type = S2LEAF_NORMAL_WB,
	.block = 4096,
};

FIXTURE_VARIANT_ADD(stage2, ungated_uncached)
{
	.name = "ungated-uncached",
	.source = UNGATED,
	.index = UNGATED_RESOURCE,
	.type = S2LEAF_NORMAL_NC,
	.block = 4096,
};

FIXTURE_VARIANT_ADD(stage2, ungated_device)
{
	.name = "ungated-device",
	.source = UNGATED,
	.index = UNGATED_RESOURCE,
	.type = S2LEAF_DEVICE,
	.block = 4096,
};

static int map_ungated(int s2leaf, const char *bdf, int index,
		       enum s2leaf_type type, struct gpu_map *map)
{
	uint64_t start, bytes;
	__u32 wanted = type;

	if (gpu_resource(bdf, index, &start, &bytes) ||
	    ioctl(s2leaf, S2LEAF_MMAP_TYPE, &wanted))
		return -1;
	return map_aligned(s2leaf, start, UNGATED_BYTES, map);
}

FIXTURE_SETUP(stage2)
{
	const char *bdf = getenv("GPU0");
	int ret;

	ASSERT_NE(NULL, bdf) TH_LOG("GPU0 must name the GPU's PCI address");
	self->s2leaf = open("/dev/s2leaf", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->s2leaf) TH_LOG("is the module s2leaf loaded?");
	ASSERT_EQ(0, gpu_open(&self->gpu, bdf));
	if (variant->source == VFIO_REGION)
		ret = gpu_map(&self->gpu, variant->index, &self->map);
	else
		ret = map_ungated(self->s2leaf, bdf, variant->index,
				  variant->type, &self->map);
	if (ret && errno == ENODEV && variant->index == 2)
		SKIP(return, "this GPU has no region 2");
	ASSERT_EQ(0, ret) TH_LOG("mapping %s: %s", variant->name, strerror(errno));
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_set_window(&self->vm, self->map.start, self->map.bytes));
}

FIXTURE_TEARDOWN(stage2)
{
	vm_destroy(&self->vm);
	gpu_unmap(&self->map);
	gpu_close(&self->gpu);
	close(self->s2leaf);
}

/* The guest's last place for one access, wherever the slot ends. */
static uint64_t last_gpa(const struct gpu_map *map)
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
	volatile uint64_t *host = self->map.start;
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
	if (variant->type == S2LEAF_DEVICE) {
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
	if (variant->type == S2LEAF_NORMAL_WB) {
		EXPECT_EQ(VM_DONE, result.outcome);
		EXPECT_EQ(GUEST_CALL_RESULT, result.value);
		return;
	}
	EXPECT_EQ(VM_EXCEPTION, result.outcome);
	EXPECT_EQ(EC_INSTRUCTION_ABORT, ESR_EC(result.value));
}

static void report(const char *region, const char *what, const char *value)
{
	printf("# stage2.%s.%s=%s\n", region, what, value);
	fflush(stdout);
}

/* What the guest can do, in one word; each access by a VM of its own. */
static const char *type_by_behaviour(struct gpu_map *map)
{
	struct vm_result unaligned, fetch;
	struct vm vm;

	if (vm_create(&vm) || vm_set_window(&vm, map->start, map->bytes))
		return "unknown";
	fetch = vm_run(&vm, guest_call, VM_WINDOW_GPA, 0);
	vm_destroy(&vm);
	if (vm_create(&vm) || vm_set_window(&vm, map->start, map->bytes))
		return "unknown";
	unaligned = vm_run(&vm, guest_store_load, VM_WINDOW_GPA + 1, VALUE);
	vm_destroy(&vm);

	if (unaligned.outcome != VM_DONE)
		return type_names[S2LEAF_DEVICE];
	return type_names[fetch.outcome == VM_DONE ? S2LEAF_NORMAL_WB :
						     S2LEAF_NORMAL_NC];
}

TEST_F(stage2, entry_agrees_with_behaviour)
{
	const char *measured = type_by_behaviour(&self->map);
	struct s2leaf leaf = { .vm_fd = self->vm.fd, .gpa = VM_WINDOW_GPA };
	const char *entry;
	char block[32];

	EXPECT_EQ(-1, ioctl(self->s2leaf, S2LEAF_GET, &leaf));
	EXPECT_EQ(ENOENT, errno);
	vm_run(&self->vm, guest_load, VM_WINDOW_GPA, 0);
	ASSERT_EQ(0, ioctl(self->s2leaf, S2LEAF_GET, &leaf));

	entry = memattr_name(&leaf);
	report(variant->name, "behaviour", measured);
	report(variant->name, "entry", entry);
	report(variant->name, "executable", leaf.pte & PTE_XN ? "no" : "yes");
	snprintf(block, sizeof(block), "%llu", (unsigned long long)leaf.block);
	report(variant->name, "block", block);

	EXPECT_STREQ(type_names[variant->type], measured);
	EXPECT_STREQ(type_names[variant->type], entry);
	EXPECT_EQ(variant->type != S2LEAF_NORMAL_WB, !!(leaf.pte & PTE_XN));
}

static int touch_and_get(struct vm *vm, int s2leaf, struct s2leaf *leaf)
{
	vm_run(vm, guest_load, leaf->gpa, 0);
	leaf->vm_fd = vm->fd;
	return ioctl(s2leaf, S2LEAF_GET, leaf);
}

/* Every block of the first 64 MiB, then the last one. */
TEST_F(stage2, every_block_is_alike)
{
	uint64_t first = self->map.bytes < 64 << 20 ? self->map.bytes : 64 << 20;
	uint64_t last = last_gpa(&self->map) & -variant->block;
	struct s2leaf leaf = { .gpa = VM_WINDOW_GPA };

	while (leaf.gpa <= last) {
		ASSERT_EQ(0, touch_and_get(&self->vm, self->s2leaf, &leaf));
		ASSERT_EQ(variant->block, leaf.block)
			TH_LOG("at %#llx", (unsigned long long)leaf.gpa);
		ASSERT_STREQ(type_names[variant->type], memattr_name(&leaf));
		leaf.gpa += variant->block;
		if (leaf.gpa >= VM_WINDOW_GPA + first && leaf.gpa < last)
			leaf.gpa = last;
	}
}

TEST(platform_has_fwb_and_dic)
{
	struct s2leaf_platform platform;

	ASSERT_EQ(0, platform_report(&platform));
	EXPECT_EQ(1, platform.fwb);
	EXPECT_EQ(1, platform.dic);
	EXPECT_EQ(0, platform.protected_kvm);
}

TEST(capability_243_is_offered)
{
	struct vm vm;
	int value;

	ASSERT_EQ(0, vm_create(&vm));
	value = vm_cacheable_pfnmap(&vm);
	printf("# kvm.capability_243=%d\n", value);
	fflush(stdout);
	EXPECT_EQ(1, value);
	vm_destroy(&vm);
}

TEST_HARNESS_MAIN
