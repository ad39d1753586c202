// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of the GPU's memory goes bad under a program in the guest: the program is
 * told which, the guest's kernel takes the page away for good, and everything else
 * goes on.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The error goes the way it goes on real machines: the guest's load is aborted, the
 * host's kernel tells the VMM which page it was, the VMM's firmware tells the guest's
 * kernel. Only the poison itself is ordered, from the device model's test block.
 *
 * Environment: GPU_NODE = the memory's node; GPU_START = its guest physical address;
 * GPU0 = the GPU's PCI address.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "coherent-gpu-testblock.h"
#include "kselftest_harness.h"

#define PAGE		4096UL
#define BYTES		(8UL << 20)
#define BAD		(BYTES / 2 + 5 * PAGE)	/* offset of the bad page */

static sigjmp_buf escape;
static siginfo_t told;

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	(void)context;
	told = *info;
	siglongjmp(escape, signo);
}

/* 0, or the signal that ended it. */
static int load(const volatile uint64_t *at, uint64_t *value)
{
	int signo = sigsetjmp(escape, 1);

	if (!signo)
		*value = *at;
	return signo;
}

static uint64_t env_number(const char *name)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : 0;
}

static char *map_on_node(unsigned int node, size_t bytes)
{
	unsigned long mask = 1UL << node;
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED ||
	    syscall(SYS_mbind, p, bytes, MPOL_BIND, &mask, sizeof(mask) * 8, 0))
		return NULL;
	return p;
}

static uint64_t word_of(size_t at)
{
	return (at + 1) * 0x9e3779b97f4a7c15ULL;
}

/* Physical address, as this guest sees it; 0 if it cannot be told. */
static uint64_t physical(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (pread(fd, &entry, 8, (off_t)((uintptr_t)p / PAGE * 8)) != 8)
		entry = 0;
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

static volatile uint32_t *map_test_block(void)
{
	volatile uint32_t *block;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0",
		 getenv("GPU0"));
	fd = open(path, O_RDWR | O_CLOEXEC);
	block = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     TB_AT);
	close(fd);
	return block == MAP_FAILED || block[TB_MAGIC / 4] != TB_MAGIC_VALUE ? NULL : block;
}

static unsigned long corrupted_kib(void)
{
	FILE *meminfo = fopen("/proc/meminfo", "r");
	unsigned long kib = 0;
	char line[128];

	while (meminfo && fgets(line, sizeof(line), meminfo))
		sscanf(line, "HardwareCorrupted: %lu", &kib);
	if (meminfo)
		fclose(meminfo);
	return kib;
}

FIXTURE(lost_page)
{
	char *p;
};

FIXTURE_SETUP(lost_page)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO,
	};
	size_t at;

	ASSERT_EQ(0, sigaction(SIGBUS, &action, NULL));
	self->p = map_on_node((unsigned int)env_number("GPU_NODE"), BYTES);
	ASSERT_NE(NULL, self->p);
	for (at = 0; at < BYTES; at += PAGE)
		*(uint64_t *)(self->p + at) = word_of(at);
}

FIXTURE_TEARDOWN(lost_page)
{
	if (self->p)
		munmap(self->p, BYTES);
}

static int poison(const char *p, uint64_t start)
{
	volatile uint32_t *block = map_test_block();
	uint64_t offset = physical(p) - start;

	if (!block || physical(p) < start)
		return -1;
	block[TB_POISON_MEM / 4] = (uint32_t)offset;
	block[TB_POISON_MEM / 4 + 1] = offset >> 32;
	block[TB_POISON_CMD / 4] = TB_POISON;
	return 0;
}

TEST_F_TIMEOUT(lost_page, is_told_and_taken_away, 120)
{
	unsigned long corrupted = corrupted_kib();
	uint64_t value, page;
	size_t at;
	char *more;

	page = physical(self->p + BAD);
	ASSERT_EQ(0, poison(self->p + BAD, env_number("GPU_START")));
	ASSERT_EQ(SIGBUS, load((void *)(self->p + BAD), &value));
	EXPECT_EQ(BUS_MCEERR_AR, told.si_code);
	EXPECT_EQ((void *)(self->p + BAD), told.si_addr);
	EXPECT_EQ(PAGE, 1UL << told.si_addr_lsb);
	EXPECT_EQ(corrupted + PAGE / 1024, corrupted_kib());

	/* The kernel answers for it now, the hardware is not asked again. */
	EXPECT_EQ(SIGBUS, load((void *)(self->p + BAD), &value));
	for (at = 0; at < BYTES; at += PAGE) {
		if (at == BAD)
			continue;
		ASSERT_EQ(0, load((void *)(self->p + at), &value));
		ASSERT_EQ(word_of(at), value);
	}

	munmap(self->p, BYTES);
	self->p = NULL;
	more = map_on_node((unsigned int)env_number("GPU_NODE"), 8 * BYTES);
	ASSERT_NE(NULL, more);
	for (at = 0; at < 8 * BYTES; at += PAGE) {
		more[at] = 1;
		ASSERT_NE(page, physical(more + at));
	}
}

TEST_HARNESS_MAIN
