// SPDX-License-Identifier: GPL-2.0-only
/*
 * Region 2 of a GPU that has one (Hopper with the MIG limitation): memory that
 * is used uncached, seen from the guest through sysfs.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * Environment: GPU0 = the GPU's PCI address in the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#define PATTERN_BYTES	(16UL << 20)

FIXTURE(region2)
{
	volatile uint64_t *p;
	size_t bytes;
	int fd;
};

FIXTURE_VARIANT(region2)
{
	const char *file;
	bool write_combining;
};

FIXTURE_VARIANT_ADD(region2, device)
{
	.file = "resource2",
};

FIXTURE_VARIANT_ADD(region2, write_combining)
{
	.file = "resource2_wc",
	.write_combining = true,
};

FIXTURE_SETUP(region2)
{
	const char *bdf = getenv("GPU0");
	char path[128];
	struct stat st;

	ASSERT_NE(NULL, bdf) TH_LOG("GPU0 must name the GPU's PCI address");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf,
		 variant->file);
	self->fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd) TH_LOG("%s: %s", path, strerror(errno));
	ASSERT_EQ(0, fstat(self->fd, &st));
	self->bytes = st.st_size;
	self->p = mmap(NULL, self->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		       self->fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->p);
}

FIXTURE_TEARDOWN(region2)
{
	munmap((void *)self->p, self->bytes);
	close(self->fd);
}

TEST_F(region2, first_and_last_word_hold_what_is_written)
{
	size_t last = self->bytes / sizeof(uint64_t) - 1;

	self->p[0] = 0x1111222233334444ULL;
	self->p[last] = 0x5555666677778888ULL;
	EXPECT_EQ(0x1111222233334444ULL, self->p[0]);
	EXPECT_EQ(0x5555666677778888ULL, self->p[last]);
	printf("# guest.reserved_bytes=%zu\n", self->bytes);
	fflush(stdout);
}

TEST_F_TIMEOUT(region2, pattern_survives, 120)
{
	size_t half = self->bytes / 2 / sizeof(uint64_t), i;
	size_t words = PATTERN_BYTES / sizeof(uint64_t);

	for (i = 0; i < words; i++)
		self->p[half + i] = ~i * 0x9e3779b97f4a7c15ULL;
	for (i = 0; i < words; i++)
		ASSERT_EQ(~i * 0x9e3779b97f4a7c15ULL, self->p[half + i]);
}

/* What differs: Device memory is the guest's choice, never the host's. */
TEST_F(region2, unaligned_access_is_up_to_the_guest)
{
	char *at = (char *)self->p + 4097;
	uint64_t value = 0x0102030405060708ULL, back;
	int status;
	pid_t pid;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		asm volatile("str %1, [%0]" :: "r"(at), "r"(value) : "memory");
		asm volatile("ldr %0, [%1]" : "=r"(back) : "r"(at) : "memory");
		_exit(value != back);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	if (variant->write_combining) {
		EXPECT_TRUE(WIFEXITED(status));
		EXPECT_EQ(0, WEXITSTATUS(status));
	} else {
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_EQ(SIGBUS, WTERMSIG(status));
	}
}

TEST_HARNESS_MAIN
