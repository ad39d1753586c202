// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fault that found a bad page in its block is about to map a single page, when an
 * administrator clears the bad page, and another fault maps the block. The first one has
 * nothing left to do; it must not fail for want of a page table. The module slow_call
 * stretches the instant between the two.
 */

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "poison.h"
#include "sysfs.h"
#include "touch.h"
#include "trace.h"
#include "variants.h"
#include "worker.h"

#define LATE		"/sys/module/slow_call/parameters/late_ms"
#define LATE_MS		1000
#define LATE_TEXT	"1000"		/* the same */

/* VM_FAULT_NOPAGE (include/linux/mm_types.h): the fault is done. */
#define DONE		0x100

FIXTURE(block_race) {
	struct gpu gpu;
	uint64_t block, page;	/* bytes */
};

FIXTURE_VARIANT(block_race) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(block_race);

FIXTURE_SETUP(block_race)
{
	uint64_t value;

	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->block = pmd_size();
	self->page = page_size();
	/* A fault that has waited for readiness is repeated under the lock of all of mm. */
	ASSERT_EQ(8, gpu_read(&self->gpu, variant->region, 0, &value, sizeof(value)));
	ASSERT_EQ(0, trace_begin());
	ASSERT_EQ(0, run_on_cpu(0));
}

FIXTURE_TEARDOWN(block_race)
{
	file_write(LATE, "0");
	poison_clear(gpu_bdf(variant->gpu));
	trace_end();
	gpu_close(&self->gpu);
}

/* On a CPU of its own: a call that is late keeps the CPU. */
static int touch(void *at)
{
	uint64_t value;

	return run_on_cpu(1) ?: touch_read(at, &value);
}

/* One is late from now on, and has begun. */
static bool call_is_late(uint64_t calls)
{
	uint64_t deadline = now_ms() + 5 * LATE_MS;

	while (module_parameter("slow_call", "calls") == calls) {
		if (now_ms() > deadline)
			return false;
		sleep_ms(2);
	}
	return true;
}

TEST_F(block_race, page_fault_yields_to_a_block)
{
	uint64_t address = poison_address(&self->gpu, variant->region, self->block);
	unsigned int order = (unsigned int)__builtin_ctzll(self->block / self->page);
	uint64_t calls = module_parameter("slow_call", "calls"), value;
	struct worker late;
	char *map;

	map = gpu_map(&self->gpu, variant->region, self->block, self->block, PROT_READ);
	ASSERT_NE(MAP_FAILED, (void *)map);
	ASSERT_EQ(0, poison_elsewhere(address));
	ASSERT_EQ(0, poison_wait(self->gpu.bdf, 1));
	ASSERT_EQ(0, file_write(LATE, LATE_TEXT));
	ASSERT_EQ(0, worker_start(&late, touch, map + self->page));
	ASSERT_TRUE(call_is_late(calls));
	ASSERT_EQ(0, file_write(LATE, "0"));
	ASSERT_EQ(0, poison_clear(self->gpu.bdf));
	EXPECT_EQ(0, touch_read(map + 2 * self->page, &value));
	EXPECT_FALSE(worker_done(&late));
	EXPECT_TRUE(trace_has("order=%u ret=%#x", order, DONE));
	EXPECT_EQ(0, worker_wait(&late, 10 * LATE_MS));
	EXPECT_TRUE(trace_has("order=0 ret=%#x", DONE));
	munmap(map, self->block);
}

TEST_HARNESS_MAIN
