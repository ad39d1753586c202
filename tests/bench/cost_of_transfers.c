// SPDX-License-Identifier: GPL-2.0-only
/*
 * What read() and write() of the memory cost, beside the least that the kernel copies as
 * much to user space for: a read() from huge pages of RAM; and of the tail beyond the
 * memory, beside the least it fills as much there for: a read() of /dev/zero.
 *
 * Environment: GPU0 = a GPU with RESMEM and with a tail behind USEMEM; LONGEST = MiB of
 * the longest transfer.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu.h"
#include "row.h"
#include "sysfs.h"

#define SHORT	KIB(4)
#define MEDIUM	MIB(1)

/* Faulted in, so that only copying is counted. */
static char *buffer(uint64_t len)
{
	char *at = mmap(NULL, len, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	must(at != MAP_FAILED, "buffer");
	memset(at, 0x11, len);
	return at;
}

/* A file of huge pages that are there; where a page has 64 KiB, of such. */
static int huge_file(uint64_t len)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | (page_size() == KIB(4) ? MFD_HUGETLB : 0));
	void *map;

	must(fd >= 0 && !ftruncate(fd, len), "huge pages");
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	must(map != MAP_FAILED, "huge pages");
	munmap(map, len);
	return fd;
}

/* So many of them that they hold @len. */
static void want_huge_pages(uint64_t len)
{
	char count[32];

	if (page_size() != KIB(4))
		return;
	snprintf(count, sizeof(count), "%llu", (unsigned long long)(len / pmd_size() + 1));
	must(!file_write("/proc/sys/vm/nr_hugepages", count), "nr_hugepages");
}

static uint64_t least_to_read(int fd, char *to, uint64_t len)
{
	uint64_t least = UINT64_MAX, before;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		before = instructions();
		must(pread(fd, to, len, 0) == (ssize_t)len, "limit");
		before = instructions() - before;
		if (before < least)
			least = before;
	}
	return least;
}

static void transfer(const struct gpu *gpu, unsigned int region, const char *name,
		     uint64_t len, int huge)
{
	char *there = buffer(len);
	uint64_t limit = least_to_read(huge, there, len);

	ROW_OF_INSTRUCTIONS(limit, (void)0,
		must(gpu_read(gpu, region, 0, there, len) == (ssize_t)len, "read"),
		"read.%s.%lluK", name, (unsigned long long)len >> 10);
	ROW_OF_INSTRUCTIONS(limit, (void)0,
		must(gpu_write(gpu, region, 0, there, len) == (ssize_t)len, "write"),
		"write.%s.%lluK", name, (unsigned long long)len >> 10);
	munmap(there, len);
}

static void tail(const struct gpu *gpu, unsigned int region, const char *name,
		 uint64_t len, int zero)
{
	uint64_t at = gpu->region[region].real;
	char *to = buffer(len);
	uint64_t limit = least_to_read(zero, to, len);

	if (at + len <= gpu->region[region].size) {
		ROW_OF_INSTRUCTIONS(limit, (void)0,
			must(gpu_read(gpu, region, at, to, len) == (ssize_t)len, "tail"),
			"read.%s-tail.%lluK", name, (unsigned long long)len >> 10);
		ROW_OF_INSTRUCTIONS(0, (void)0,
			must(gpu_write(gpu, region, at, to, len) == (ssize_t)len, "tail"),
			"write.%s-tail.%lluK", name, (unsigned long long)len >> 10);
	}
	munmap(to, len);
}

static void transfers(const struct gpu *gpu, uint64_t longest)
{
	int huge = huge_file(longest), zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	const uint64_t lengths[] = { SHORT, MEDIUM, longest };
	unsigned int i;

	must(zero >= 0, "/dev/zero");
	for (i = 0; i < 3; i++) {
		transfer(gpu, GPU_USEMEM, "usemem", lengths[i], huge);
		transfer(gpu, GPU_RESMEM, "resmem", lengths[i], huge);
		tail(gpu, GPU_USEMEM, "usemem", lengths[i], zero);
	}
	close(zero);
	close(huge);
}

int main(void)
{
	uint64_t longest = MIB(strtoull(getenv("LONGEST") ?: "64", NULL, 10));
	struct gpu gpu = GPU_CLOSED;

	want_huge_pages(longest);
	must(gpu_bdf(0) != NULL, "GPU0");
	errno = -gpu_open(&gpu, gpu_bdf(0));
	must(!errno, "GPU0");
	transfers(&gpu, longest);
	gpu_close(&gpu);
	return 0;
}
