// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of a GPU's memory goes bad while a guest has it: it leaves stage 2, no
 * access of the guest reaches it again, and everything around it stays usable. Whoever
 * runs the guest is told of such an access as of one to bad RAM: SIGBUS with the address,
 * to pass on to the guest. Stock kernels fail KVM_RUN with EFAULT, which ends it.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The page is reported by the kernel's own injector, run by a process that maps
 * none of the memory; so this one gets no signal for it.
 *
 * Environment: GPU0 = the GPU's PCI address, bound to the driver; KERNEL.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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
	struct host host;
	char list[128];
};

static sigjmp_buf out_of_the_run;
static siginfo_t told;

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	told = *info;
	siglongjmp(out_of_the_run, 1);
}

static uint64_t bad_offset(void)
{
	return block_size() + BAD * page_size();
}

FIXTURE_SETUP(poisoned)
{
	const struct sigaction action = {
		.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO,
	};
	const char *bdf = getenv("GPU0");

	ASSERT_NE(NULL, bdf) TH_LOG("GPU0 must name the GPU's PCI address");
	snprintf(self->list, sizeof(self->list),
		 "/sys/bus/pci/devices/%s/nvgrace_gpu/bad_pages", bdf);
	ASSERT_EQ(0, host_get(&self->host));
	sigaction(SIGBUS, &action, NULL);
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

/* How a guest's access ended: errno of KVM_RUN, 0 without one, -1: by SIGBUS. */
static int end_of(struct vm *vm, const char *routine, uint64_t gpa)
{
	struct vm_result result;

	memset(&told, 0, sizeof(told));
	if (sigsetjmp(out_of_the_run, 1))
		return -1;
	result = vm_run(vm, routine, gpa, 0);
	return result.outcome == VM_RUN_FAILED ? (int)result.value : 0;
}

/* The guest's access with @routine to the bad page ends as the kernel means it to. */
#define EXPECT_BAD(self, vm, routine) do {				\
	int __end = end_of(vm, routine, gpa_of(1, BAD));		\
									\
	if ((self)->host.kvm->passes_poison_on) {			\
		EXPECT_EQ(-1, __end);					\
		EXPECT_EQ(BUS_MCEERR_AR, told.si_code);			\
		EXPECT_EQ((void *)((self)->map.start + bad_offset()),	\
			  told.si_addr);				\
		EXPECT_EQ(page_size(), 1ULL << told.si_addr_lsb);	\
	} else {							\
		EXPECT_EQ(EFAULT, __end);				\
	}								\
} while (0)

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
	EXPECT_EQ(VM_DONE, vm_run(vm, guest_load, gpa_of(2, 0), 0).outcome);
	ASSERT_EQ(0, poison(vm, gpa_of(1, BAD)));
	EXPECT_BAD(self, vm, guest_load);
	EXPECT_BAD(self, vm, guest_store);
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
	EXPECT_BAD(self, vm, guest_load);
}

/* Its content is what it was: the injector does not touch the memory. */
TEST_F(poisoned, comes_back_when_it_is_cleared)
{
	struct vm *vm = &self->vm;

	EXPECT_GUEST_READS(vm, gpa_of(1, BAD), WORD);
	ASSERT_EQ(0, poison(vm, gpa_of(1, BAD)));
	EXPECT_BAD(self, vm, guest_load);
	ASSERT_EQ(0, clear(self->list));
	EXPECT_GUEST_READS(vm, gpa_of(1, BAD), WORD);
}

TEST_F(poisoned, is_bad_for_the_next_guest_from_its_first_touch_on)
{
	struct vm next;

	EXPECT_GUEST_READS(&self->vm, gpa_of(1, BAD), WORD);
	ASSERT_EQ(0, poison(&self->vm, gpa_of(1, BAD)));
	ASSERT_EQ(0, vm_create(&next));
	EXPECT_EQ(0, vm_set_window(&next, self->map.start, self->map.bytes));
	EXPECT_BAD(self, &next, guest_load);
	EXPECT_BAD(self, &next, guest_store);
	EXPECT_EQ(VM_DONE, vm_run(&next, guest_store_load, gpa_of(1, BAD + 1), 7).outcome);
	vm_destroy(&next);
}

TEST_HARNESS_MAIN
