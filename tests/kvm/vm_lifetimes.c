// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs that come and go over the same GPU: what one wrote the next one reads, and
 * nothing of a VM is left in the kernel, whether its VMM ended or was killed.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * Environment: GPU0 = the GPU's PCI address, its driver must hand out region 4;
 * ROUNDS = how many VMs.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "platform.h"
#include "region.h"
#include "watch.h"

#define NO_LIMIT	(7 * 24 * 3600)		/* the runner has its own */
#define SOME_ROUNDS	30
#define MOST_OF_A_LIFE	200000			/* microseconds */

FIXTURE(lifetimes)
{
	struct gpu gpu;
	struct mapping map;
	unsigned long rounds;
	unsigned long tables;
};

/* Every CPU counts for itself for a while; this has them all hand in what they have. */
static void have_pages_counted(void)
{
	int fd = open("/proc/sys/vm/stat_refresh", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		perror("# stat_refresh");
	close(fd);
}

/* KiB of page tables that are nobody's address space: those of stage 2, of the SMMU. */
static unsigned long stage2_tables(void)
{
	unsigned long kib = 0;
	char line[128];
	FILE *meminfo;

	have_pages_counted();
	meminfo = fopen("/proc/meminfo", "re");
	while (meminfo && fgets(line, sizeof(line), meminfo))
		if (sscanf(line, "SecPageTables: %lu", &kib) == 1)
			break;
	if (meminfo)
		fclose(meminfo);
	return kib;
}

/* The last ones are freed after a grace period. */
static bool tables_are_gone(unsigned long before)
{
	unsigned int tries;

	for (tries = 0; stage2_tables() > before && tries < 100; tries++)
		usleep(100000);
	return stage2_tables() <= before;
}

FIXTURE_SETUP(lifetimes)
{
	const char *bdf = getenv("GPU0"), *rounds = getenv("ROUNDS");

	ASSERT_NE(NULL, bdf) TH_LOG("GPU0 must name the GPU's PCI address");
	self->rounds = rounds ? strtoul(rounds, NULL, 0) : SOME_ROUNDS;
	ASSERT_EQ(0, gpu_open(&self->gpu, bdf));
	ASSERT_EQ(0, map_region(&self->map, &self->gpu, GPU_USEMEM));
	self->tables = stage2_tables();
}

FIXTURE_TEARDOWN(lifetimes)
{
	map_release(&self->map);
	gpu_close(&self->gpu);
}

/* One VM from start to end: its guest reads @before and leaves @after. */
static int one_life(struct mapping *map, uint64_t before, uint64_t after)
{
	struct vm_result found = { VM_UNEXPECTED }, left = { VM_UNEXPECTED };
	struct vm vm;

	if (vm_create(&vm))
		return -errno;
	if (!vm_set_window(&vm, map->start, map->bytes)) {
		found = vm_run(&vm, guest_load, VM_WINDOW_GPA, 0);
		left = vm_run(&vm, guest_store, VM_WINDOW_GPA, after);
	}
	vm_destroy(&vm);
	if (found.outcome != VM_DONE || left.outcome != VM_DONE)
		return -EIO;
	return found.value == before ? 0 : -EILSEQ;
}

TEST_F_TIMEOUT(lifetimes, each_finds_what_the_one_before_left, NO_LIMIT)
{
	volatile uint64_t *word = (void *)self->map.start;
	unsigned long i;

	*word = 0;
	for (i = 0; i < self->rounds; i++)
		ASSERT_EQ(0, one_life(&self->map, i, i + 1)) TH_LOG("VM %lu", i);
	EXPECT_EQ(self->rounds, *word);
	EXPECT_TRUE(tables_are_gone(self->tables))
		TH_LOG("%lu KiB, %lu before", stage2_tables(), self->tables);
	printf("# figure: lifetimes %lu VMs\n", self->rounds);
	fflush(stdout);
}

/* A VMM that never ends by itself; writes to @born, if that is a file, when it has a VM. */
static int be_vmm(struct mapping *map, int born)
{
	struct watched watched = { map->start, block_size() / 2 };
	struct vcpu_job jobs[WATCH_VCPUS];
	struct vm vm;

	watch_prepare(&watched, 0);
	if (vm_create_smp(&vm, WATCH_VCPUS) || (born >= 0 && write(born, "", 1) != 1) ||
	    vm_set_window(&vm, map->start, map->bytes) ||
	    watch_start(&vm, jobs, watched.stride, 0))
		return 1;
	pause();
	return 1;
}

/* Returns when the VMM has a VM if that is @awaited, and at once if not. */
static pid_t start_vmm(struct mapping *map, bool awaited)
{
	int born[2] = { -1, -1 };
	char byte;
	pid_t pid;

	if (awaited && pipe2(born, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid)
		_exit(be_vmm(map, born[1]));
	if (awaited) {
		close(born[1]);
		/* One that failed says so by its exit status. */
		if (read(born[0], &byte, 1) < 0)
			perror("# born");
		close(born[0]);
	}
	return pid;
}

/* At any moment, but for those at which the kernel does not free a VM half made. */
TEST_F_TIMEOUT(lifetimes, killed_at_any_moment_leaves_nothing, NO_LIMIT)
{
	struct watched watched = { self->map.start, block_size() / 2 };
	struct host host;
	unsigned long i;
	int status;
	pid_t pid;

	ASSERT_EQ(0, host_get(&host));
	for (i = 0; i < self->rounds; i++) {
		pid = start_vmm(&self->map, host.kvm->forgets_unborn);
		ASSERT_LE(0, pid);
		usleep(i * 2654435761u % MOST_OF_A_LIFE);
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status)) TH_LOG("VMM %lu failed", i);
	}
	/* Nobody writes there any more. */
	watch_prepare(&watched, 1);
	usleep(100000);
	EXPECT_EQ(0, watch_rounds(&watched));
	EXPECT_TRUE(tables_are_gone(self->tables))
		TH_LOG("%lu KiB, %lu before", stage2_tables(), self->tables);
	printf("# figure: lifetimes %lu VMMs killed\n", self->rounds);
	fflush(stdout);
}

TEST_HARNESS_MAIN
