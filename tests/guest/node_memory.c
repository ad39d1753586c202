// SPDX-License-Identifier: GPL-2.0-only
/*
 * The GPU's memory as ordinary memory: everything a program may do with RAM,
 * done in pages of the GPU's NUMA node.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * Environment: GPU_NODE = the node; GPU_BYTES = how much the pattern check maps
 * (default 384 MiB); PATTERN_SEED = what makes one guest's pattern its own;
 * HOLD = a file whose appearance ends the time between writing and checking.
 * Lines "# guest.<what>=<value>" are for whoever reports the results.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <asm/hwcap.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"

#define MIB			(1UL << 20)
#define PAGE			4096UL
#define PAGES_PER_QUERY		512
#define ROUNDS			20000
#define THREADS			2

static unsigned long env_number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static int node_from_env(void)
{
	return (int)env_number("GPU_NODE", -1UL);
}

/* Memory that can only come from @node. */
static void *map_on_node(int node, size_t bytes, int prot)
{
	unsigned long mask[16] = { 0 };
	void *p;

	if (node < 0 || (size_t)node >= sizeof(mask) * 8) {
		errno = EINVAL;
		return MAP_FAILED;
	}
	p = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return p;
	mask[node / 64] = 1UL << node % 64;
	if (syscall(SYS_mbind, p, bytes, MPOL_BIND, mask, sizeof(mask) * 8, 0)) {
		munmap(p, bytes);
		return MAP_FAILED;
	}
	return p;
}

/* How many of the pages the kernel says are on @node. */
static size_t pages_on_node(int node, void *start, size_t bytes)
{
	void *pages[PAGES_PER_QUERY];
	int status[PAGES_PER_QUERY];
	size_t at, count, i, found = 0;

	for (at = 0; at < bytes; at += count * PAGE) {
		count = (bytes - at) / PAGE;
		if (count > PAGES_PER_QUERY)
			count = PAGES_PER_QUERY;
		for (i = 0; i < count; i++)
			pages[i] = (char *)start + at + i * PAGE;
		if (syscall(SYS_move_pages, 0, count, pages, NULL, status, 0))
			return 0;
		for (i = 0; i < count; i++)
			found += status[i] == node;
	}
	return found;
}

FIXTURE(node_memory)
{
	int node;
	size_t bytes;
	char *p;
};

FIXTURE_SETUP(node_memory)
{
	self->node = node_from_env();
	self->bytes = 8 * MIB;
	self->p = map_on_node(self->node, self->bytes, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->p)
		TH_LOG("node %d: %s", self->node, strerror(errno));
}

FIXTURE_TEARDOWN(node_memory)
{
	if (self->p != MAP_FAILED)
		munmap(self->p, self->bytes);
}

TEST_F_TIMEOUT(node_memory, fresh_pages_are_zero, 240)
{
	const uint64_t *word = (const uint64_t *)self->p;
	size_t i;

	for (i = 0; i < self->bytes / sizeof(*word); i++)
		ASSERT_EQ(0, word[i]);
	/* Reading alone may show the shared zero page: now real ones. */
	for (i = 0; i < self->bytes; i += PAGE)
		self->p[i] = 1;
	for (i = 0; i < self->bytes / sizeof(*word); i++)
		ASSERT_EQ(i % (PAGE / sizeof(*word)) ? 0 : 1, word[i]);
	ASSERT_EQ(self->bytes / PAGE,
		  pages_on_node(self->node, self->p, self->bytes));
}

/* What the last owner wrote is gone when its pages come back. */
TEST_F_TIMEOUT(node_memory, freed_pages_come_back_zero, 240)
{
	const uint64_t *word;
	int round;
	size_t i;

	for (round = 0; round < 4; round++) {
		memset(self->p, 0xa5, self->bytes);
		ASSERT_EQ(0, madvise(self->p, self->bytes, MADV_DONTNEED));
		word = (const uint64_t *)self->p;
		for (i = 0; i < self->bytes; i += PAGE)
			self->p[i] = 0;
		for (i = 0; i < self->bytes / sizeof(*word); i++)
			ASSERT_EQ(0, word[i]);
	}
}

/* The N<node>=<pages> item of the mapping's line in numa_maps. */
static size_t numa_maps_pages(const void *start, int node)
{
	char wanted[32], item[32], line[512], *found;
	size_t pages = 0;
	FILE *maps = fopen("/proc/self/numa_maps", "r");

	if (!maps)
		return 0;
	snprintf(wanted, sizeof(wanted), "%lx ", (unsigned long)start);
	snprintf(item, sizeof(item), " N%d=", node);
	while (fgets(line, sizeof(line), maps)) {
		if (strncmp(line, wanted, strlen(wanted)))
			continue;
		found = strstr(line, item);
		if (found)
			pages = strtoul(found + strlen(item), NULL, 10);
	}
	fclose(maps);
	return pages;
}

TEST_F(node_memory, numa_maps_names_the_node)
{
	memset(self->p, 1, self->bytes);
	EXPECT_EQ(self->bytes / PAGE, numa_maps_pages(self->p, self->node));
}

TEST_F(node_memory, unaligned_accesses_work)
{
	uint64_t value, at;
	char *p = self->p;

	memset(p, 0, 2 * PAGE);
	for (at = PAGE - 72; at < PAGE + 8; at++) {
		value = 0x0102030405060708ULL * at;
		asm volatile("str %1, [%0]" :: "r"(p + at), "r"(value) : "memory");
		asm volatile("ldr %0, [%1]" : "=r"(value) : "r"(p + at) : "memory");
		ASSERT_EQ(0x0102030405060708ULL * at, value);
	}
	/* Pairs and vectors, odd addresses, across a page. */
	for (at = PAGE - 33; at < PAGE; at += 2) {
		uint64_t a = at, b = ~at;

		asm volatile("stp %1, %2, [%0]" :: "r"(p + at), "r"(a), "r"(b) : "memory");
		asm volatile("ldr q0, [%0]\n\tstr q0, [%1]"
			     :: "r"(p + at), "r"(p + 4 * PAGE + 3) : "v0", "memory");
		ASSERT_EQ(0, memcmp(p + at, p + 4 * PAGE + 3, 16));
		ASSERT_EQ(0, memcmp(p + at, &a, 8));
	}
}

static void add_lse(uint64_t *counter)
{
	asm volatile(".arch_extension lse\n\tldaddal %1, xzr, [%0]"
		     :: "r"(counter), "r"(1UL) : "memory");
}

static void add_exclusive(uint64_t *counter)
{
	uint64_t value;
	uint32_t failed;

	do {
		asm volatile("ldaxr %0, [%2]\n\t"
			     "add %0, %0, #1\n\t"
			     "stlxr %w1, %0, [%2]"
			     : "=&r"(value), "=&r"(failed)
			     : "r"(counter) : "memory");
	} while (failed);
}

struct adder {
	uint64_t *counter;
	void (*add)(uint64_t *counter);
};

static void *add_rounds(void *data)
{
	struct adder *adder = data;
	int i;

	for (i = 0; i < ROUNDS; i++)
		adder->add(adder->counter);
	return NULL;
}

static uint64_t add_from_threads(uint64_t *counter, void (*add)(uint64_t *))
{
	struct adder adder = { counter, add };
	pthread_t threads[THREADS];
	int i;

	*counter = 0;
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, add_rounds, &adder))
			return 0;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return *counter;
}

TEST_F(node_memory, lse_atomics_lose_nothing)
{
	if (!(getauxval(AT_HWCAP) & HWCAP_ATOMICS))
		SKIP(return, "this CPU has no LSE");
	EXPECT_EQ(THREADS * ROUNDS,
		  add_from_threads((uint64_t *)self->p, add_lse));
	ASSERT_EQ(1, pages_on_node(self->node, self->p, PAGE));
}

TEST_F(node_memory, exclusives_lose_nothing)
{
	EXPECT_EQ(THREADS * ROUNDS,
		  add_from_threads((uint64_t *)self->p, add_exclusive));
	ASSERT_EQ(1, pages_on_node(self->node, self->p, PAGE));
}

static uint64_t compare_and_swap(uint64_t *where, uint64_t expected,
				 uint64_t desired)
{
	asm volatile(".arch_extension lse\n\tcasal %0, %1, [%2]"
		     : "+r"(expected) : "r"(desired), "r"(where) : "memory");
	return expected;
}

/* The instruction wants its pairs in neighbouring registers. */
static void compare_and_swap_pair(uint64_t *where, uint64_t expected,
				  uint64_t desired)
{
	register uint64_t e0 asm("x2") = expected, e1 asm("x3") = expected + 1;
	register uint64_t d0 asm("x4") = desired, d1 asm("x5") = desired + 1;

	asm volatile(".arch_extension lse\n\tcaspal %0, %1, %2, %3, [%4]"
		     : "+r"(e0), "+r"(e1)
		     : "r"(d0), "r"(d1), "r"(where) : "memory");
}

TEST_F(node_memory, compare_and_swap_works)
{
	uint64_t *word = (uint64_t *)self->p;

	if (!(getauxval(AT_HWCAP) & HWCAP_ATOMICS))
		SKIP(return, "this CPU has no LSE");
	word[0] = 7;
	EXPECT_EQ(7, compare_and_swap(word, 7, 9));
	EXPECT_EQ(9, compare_and_swap(word, 7, 11));
	EXPECT_EQ(9, word[0]);

	word[0] = 1;
	word[1] = 2;
	compare_and_swap_pair(word, 1, 30);
	EXPECT_EQ(30, word[0]);
	EXPECT_EQ(31, word[1]);
	compare_and_swap_pair(word, 1, 50);
	EXPECT_EQ(30, word[0]);
}

/* mov w0, #value; ret */
static void write_function(uint32_t *code, uint16_t value)
{
	code[0] = 0x52800000 | (uint32_t)value << 5;
	code[1] = 0xd65f03c0;
	__builtin___clear_cache((char *)code, (char *)(code + 2));
}

TEST(code_runs_from_the_node)
{
	int node = node_from_env();
	uint32_t *code;
	uint16_t i;

	code = map_on_node(node, MIB, PROT_READ | PROT_WRITE | PROT_EXEC);
	ASSERT_NE(MAP_FAILED, code);
	/* The same place again and again: stale instructions would show. */
	for (i = 0; i < 200; i++) {
		write_function(code, i);
		ASSERT_EQ(i, ((int (*)(void))code)());
	}
	for (i = 0; i < MIB / PAGE; i++) {
		uint32_t *here = code + i * PAGE / sizeof(*code);

		write_function(here, 3 * i);
		ASSERT_EQ(3 * i, ((int (*)(void))here)());
	}
	ASSERT_EQ(MIB / PAGE, pages_on_node(node, code, MIB));
	munmap(code, MIB);
}

static uint64_t pattern(uint64_t seed, size_t i)
{
	return (seed + i) * 0x9e3779b97f4a7c15ULL;
}

static size_t wrong_words(const uint64_t *p, size_t words, uint64_t seed)
{
	size_t i, wrong = 0;

	for (i = 0; i < words; i++)
		wrong += p[i] != pattern(seed, i);
	return wrong;
}

FIXTURE(large_mapping)
{
	int node;
	size_t bytes;
	uint64_t *p;
};

FIXTURE_SETUP(large_mapping)
{
	self->node = node_from_env();
	self->bytes = env_number("GPU_BYTES", 384 * MIB);
	self->p = map_on_node(self->node, self->bytes, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->p);
}

FIXTURE_TEARDOWN(large_mapping)
{
	if (self->p != MAP_FAILED)
		munmap(self->p, self->bytes);
}

/* Somebody else's pattern is written meanwhile: see guests-at-once. */
static void hold(const char *file)
{
	if (!file)
		return;
	printf("# guest.filled=yes\n");
	fflush(stdout);
	while (access(file, F_OK))
		usleep(100000);
}

/* In this time the other guests have to write theirs, too. */
TEST_F_TIMEOUT(large_mapping, pattern_survives, 600)
{
	uint64_t seed = env_number("PATTERN_SEED", 0x600d);
	size_t words = self->bytes / sizeof(uint64_t), i, on_node;

	for (i = 0; i < words; i++)
		self->p[i] = pattern(seed, i);
	hold(getenv("HOLD"));
	EXPECT_EQ(0, wrong_words(self->p, words, seed));
	on_node = pages_on_node(self->node, self->p, self->bytes);
	EXPECT_EQ(self->bytes / PAGE, on_node);

	printf("# guest.pattern_bytes=%zu\n", self->bytes);
	printf("# guest.pattern_bytes_on_node=%zu\n", on_node * PAGE);
	fflush(stdout);
}

TEST_HARNESS_MAIN
