// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two tenants of one GPU, each with the whole of its memory through the BARs, as a
 * guest driver has it: one leaves his data everywhere, the next one looks for them.
 *
 *   tenant fill   writes to every byte
 *   tenant find   reads every byte; all must be zero
 *   tenant meet   the same, but all must be what "fill" wrote
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * Environment: GPU0 = the GPU's PCI address in the guest; USEMEM, RESMEM = the bytes
 * of memory behind BAR4 and BAR2, 0 for none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define DATA	0xc5a3c5a3c5a3c5a3ull

static uint64_t bytes_of(const char *region)
{
	const char *text = getenv(region);

	return text ? strtoull(text, NULL, 0) : 0;
}

static uint8_t *map(unsigned int bar, uint64_t bytes)
{
	char path[128];
	uint8_t *mem;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource%u",
		 getenv("GPU0"), bar);
	fd = open(path, O_RDWR | O_CLOEXEC);
	mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem == MAP_FAILED) {
		fprintf(stderr, "# %s: %s\n", path, strerror(errno));
		exit(1);
	}
	close(fd);
	return mem;
}

/* The guest's mapping is Device memory: nothing but aligned words. */
static void fill(volatile uint64_t *words, uint64_t bytes)
{
	uint64_t i;

	for (i = 0; i < bytes / 8; i++)
		words[i] = DATA;
}

static uint64_t other_than(const volatile uint64_t *words, uint64_t bytes,
			   uint64_t expected)
{
	uint64_t i, others = 0;

	for (i = 0; i < bytes / 8; i++)
		others += words[i] != expected;
	return others;
}

/* Words that are not what they should be. */
static uint64_t do_region(const char *what, const char *region, unsigned int bar)
{
	uint64_t bytes = bytes_of(region), wrong;
	void *mem;

	if (!bytes)
		return 0;
	mem = map(bar, bytes);
	if (!strcmp(what, "fill"))
		fill(mem, bytes);
	wrong = other_than(mem, bytes, strcmp(what, "find") ? DATA : 0);
	printf("# guest.%s_%s_wrong=%llu of %llu words\n", what, region,
	       (unsigned long long)wrong, (unsigned long long)bytes / 8);
	munmap(mem, bytes);
	return wrong;
}

int main(int argc, char **argv)
{
	uint64_t wrong;

	if (argc != 2 || !getenv("GPU0")) {
		fprintf(stderr, "usage: GPU0=<bdf> tenant fill|find|meet\n");
		return 2;
	}
	wrong = do_region(argv[1], "USEMEM", 4) + do_region(argv[1], "RESMEM", 2);
	return wrong ? 1 : 0;
}
