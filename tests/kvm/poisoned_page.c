// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of a GPU's memory goes bad while a guest has it: it leaves stage 2, no
 * access of the guest reaches it again, and everything around it stays usable.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The page is reported by the kernel's own injector, run by a process that maps
 * none of the memory; so this one gets no signal for it.
 *
 * Environment: GPU0 = the GPU's PCI address, bound to the driver.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"
#include "region.h"

#define BAD		5	/* page in block 1 */
#define WORD		0x510e527fade682d1ULL
#define PATIENCE_MS	5000

FIXTURE(poisoned)
{
	struct gpu gpu;
	struct mapping map;
	struct vm vm;
	char list[128];
};

static uint64_t bad_offset(void)
{
	return block_size() + BAD * page_size();
}

FIXTURE_SETUP(poisoned)
{
	const char *bdf = getenv("GPU0");

	ASSERT_NE(NULL, bdf) TH_LOG("GPU0 must name the GPU's PCI address");
	snprintf(self->list, sizeof(self->list),
		 "/sys/bus/pci/devices/%s/nvgrace_gpu/bad_pages", bdf);
	ASSERT_EQ(0, gpu_open(&self->gpu, bdf));
	ASSERT_EQ(0, map_region(&self->map, &self->gpu, GPU_USEMEM));
	*(volatile uint64_t *)(self->map.start + bad_offset()) = WORD;
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_set_window(&self->vm, self->map.start, self->map.bytes));
}

static int clear(const char *list)
{
	int fd = open(list, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -1;
	ret = write(fd, "clear", 5) == 5 ? 0 : -1;
	close(fd);
	return ret;
}

FIXTURE_TEARDOWN(poisoned)
{
	EXPECT_EQ(0, clear(self->list));
	vm_destroy(&self->vm);
	map_release(&self->map);
	gpu_close(&self->gpu);
}

static uint64_t gpa_of(unsigned int block, unsigned int page)
{
	return VM_WINDOW_GPA + block * block_size() + page * page_size();
}

/* The page behind @gpa fails; 0 once its entry is gone. */
static int poison(struct vm *vm, uint64_t gpa)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	struct s2leaf leaf;
	char command[128];
	int waited;

	if (leaf_get(vm, gpa, &leaf))
		return -errno;
	snprintf(command, sizeof(command),
		 "echo %#llx >/sys/devices/system/memory/hard_offline_page",
		 (unsigned long long)leaf_physical(&leaf));
	if (system(command))
		return -EIO;
	for (waited = 0; waited < PATIENCE_MS; waited += 10) {
		if (leaf_get(vm, gpa, &leaf))
			return errno == ENOENT ? 0 : -errno;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

TEST_F(poisoned, leaves_stage_2_and_does_not_come_back)
{
	struct vm *vm = &self->vm;

	EXPECT_GUEST_READS(vm, gpa_of(1, BAD), WORD);
	EXPECT_LEAF(vm, gpa_of(1, BAD), "normal-wb", block_size());
	EXPECT_GUEST_READS(vm, gpa_of(2, 0), 0);
	ASSERT_EQ(0, poison(vm, gpa_of(1, BAD)));
	EXPECT_RUN_FAILS(vm, guest_load, gpa_of(1, BAD), EFAULT);
	EXPECT_RUN_FAILS(vm, guest_store, gpa_of(1, BAD), EFAULT);
	EXPECT_NO_LEAF(vm, gpa_of(1, BAD));
	EXPECT_LEAF(vm, gpa_of(2, 0), "normal-wb", block_size());
}

TEST_F(poisoned, neighbours_stay_and_do_not_show_it)
{
	struct vm *vm = &self->vm;

	EXPECT_GUEST_READS(vm, gpa_of(1, BAD), WORD);
	ASSERT_EQ(0, poison(vm, gpa_of(1, BAD)));
	EXPECT_EQ(VM_DONE, vm_run(vm, guest_load, gpa_of(1, BAD - 1), 0).outcome);
	EXPECT_LEAF(vm, gpa_of(1, BAD - 1), "normal-wb", page_size());
	EXPECT_EQ(VM_DONE, vm_run(vm, guest_store_load, gpa_of(1, BAD + 1), 7).outcome);
	EXPECT_LEAF(vm, gpa_of(1, BAD + 1), "normal-wb", page_size());
	EXPECT_RUN_FAILS(vm, guest_load, gpa_of(1, BAD), EFAULT);
}

/* Its content is what it was: the injector does not touch the memory. */
TEST_F(poisoned, comes_back_when_it_is_cleared)
{
	struct vm *vm = &self->vm;

	EXPECT_GUEST_READS(vm, gpa_of(1, BAD), WORD);
	ASSERT_EQ(0, poison(vm, gpa_of(1, BAD)));
	EXPECT_RUN_FAILS(vm, guest_load, gpa_of(1, BAD), EFAULT);
	ASSERT_EQ(0, clear(self->list));
	EXPECT_GUEST_READS(vm, gpa_of(1, BAD), WORD);
}

TEST_HARNESS_MAIN
