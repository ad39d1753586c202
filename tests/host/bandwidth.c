// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast one CPU reads, writes and copies the GPU's memory, beside ordinary memory,
 * and that what it moved is right. Speeds are reported, not judged: they are the
 * machine's. Under emulation they mean nothing.
 *
 * Lines "# bandwidth.<memory>.<what>=<MB/s>" are for whoever reports the results.
 */

#include <errno.h>
#include <string.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "touch.h"
#include "variants.h"

/* More than any cache holds, less than any region. */
#define SPAN		MIB(256)
#define ROUNDS		5

FIXTURE(bandwidth) {
	struct gpu gpu;
	char *memory;
	char *ram;
	char name[16];
	uint64_t len;
};

FIXTURE_VARIANT(bandwidth) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(bandwidth);

FIXTURE_SETUP(bandwidth)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->len = self->gpu.region[variant->region].real;
	if (self->len > SPAN)
		self->len = SPAN;
	snprintf(self->name, sizeof(self->name), "region%u", variant->region);
	self->memory = gpu_map(&self->gpu, variant->region, 0, self->len,
			       PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->memory);
	self->ram = mmap(NULL, self->len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->ram);
}

FIXTURE_TEARDOWN(bandwidth)
{
	munmap(self->ram, self->len);
	gpu_close(&self->gpu);
}

static void read_all(const char *from, uint64_t len)
{
	const volatile uint64_t *at = (const volatile uint64_t *)from;
	uint64_t i;

	for (i = 0; i < len / 8; i += 8) {
		(void)at[i];
		(void)at[i + 1];
		(void)at[i + 2];
		(void)at[i + 3];
		(void)at[i + 4];
		(void)at[i + 5];
		(void)at[i + 6];
		(void)at[i + 7];
	}
}

/* The best of some rounds: what disturbed the others is not the memory. */
#define BEST_OF_ROUNDS(len, work) ({					\
	uint64_t __best = ~0ull, __start, __took;			\
	int __round;							\
									\
	for (__round = 0; __round < ROUNDS; __round++) {		\
		__start = now_ns();					\
		work;							\
		__took = now_ns() - __start;				\
		if (__took < __best)					\
			__best = __took;				\
	}								\
	(len) * 1000 / (__best ?: 1);					\
})

static void report(const char *memory, const char *what, uint64_t mb_per_s)
{
	printf("# bandwidth.%s.%s=%llu\n", memory, what,
	       (unsigned long long)mb_per_s);
	fflush(stdout);
}

static void measure(const char *name, char *memory, uint64_t len)
{
	report(name, "write", BEST_OF_ROUNDS(len, memset(memory, 0x5a, len)));
	report(name, "read", BEST_OF_ROUNDS(len, read_all(memory, len)));
}

TEST_F_TIMEOUT(bandwidth, of_reads_and_writes, 240)
{
	measure(self->name, self->memory, self->len);
	measure("ram", self->ram, self->len);
	EXPECT_EQ(0, memcmp(self->memory, self->ram, self->len));
}

TEST_F_TIMEOUT(bandwidth, of_copies_in_both_directions, 240)
{
	uint64_t seed = test_seed();

	pattern_fill(self->ram, self->len, seed, 0);
	report(self->name, "copy-to", BEST_OF_ROUNDS(self->len,
		memcpy(self->memory, self->ram, self->len)));
	memset(self->ram, 0, self->len);
	report(self->name, "copy-from", BEST_OF_ROUNDS(self->len,
		memcpy(self->ram, self->memory, self->len)));
	EXPECT_EQ(self->len, pattern_check(self->ram, self->len, seed, 0));
}

TEST_HARNESS_MAIN
