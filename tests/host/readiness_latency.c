// SPDX-License-Identifier: GPL-2.0-only
/*
 * How soon after the device turned ready the first access reaches it: at most
 * 20 ms, by the device's own clock, however long it took to become ready; and
 * never a moment too early.
 *
 * Samples during which a witness thread overslept (the emulator stalled) tell
 * nothing about the driver; they are repeated and counted.  On a machine that
 * stalls all the time fewer samples decide, and none at all is a skip.
 */

#include <errno.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"

#define LIMIT_NS	20000000ull
/* Around the moment of readiness; stalls long before it do not matter. */
#define WATCHED_NS	150000000ull
#define SAMPLES		6
#define PATIENCE_MS	10000	/* for repeating disturbed samples */

enum access { BY_MAPPING, BY_FILE };

FIXTURE(readiness_latency) {
	struct gpu gpu;
	volatile uint64_t *map;
	struct witness *witness;
};

FIXTURE_VARIANT(readiness_latency) {
	unsigned int gpu;
	enum access access;
};

FIXTURE_VARIANT_ADD(readiness_latency, gpu0_mapping)
{ .gpu = 0, .access = BY_MAPPING };
FIXTURE_VARIANT_ADD(readiness_latency, gpu0_file)
{ .gpu = 0, .access = BY_FILE };
FIXTURE_VARIANT_ADD(readiness_latency, gpu2_mapping)
{ .gpu = 2, .access = BY_MAPPING };
FIXTURE_VARIANT_ADD(readiness_latency, gpu2_file)
{ .gpu = 2, .access = BY_FILE };

FIXTURE_SETUP(readiness_latency)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	NEEDS_TESTBLOCK(&self->gpu);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(2),
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	self->witness = witness_start();
	ASSERT_NE(NULL, self->witness);
}

FIXTURE_TEARDOWN(readiness_latency)
{
	witness_stop(self->witness);
	gpu_close(&self->gpu);
}

static int access_once(const struct gpu *gpu, volatile uint64_t *map,
		       enum access access)
{
	uint64_t value;
	ssize_t n;

	if (access == BY_MAPPING)
		return touch_read(map, &value);
	n = gpu_read(gpu, GPU_USEMEM, 0, &value, 8);
	return n == 8 ? 0 : n < 0 ? (int)n : -EIO;
}

struct sample {
	int result;
	uint32_t early;
	uint64_t late_ns;
	bool disturbed;
};

static struct sample take_sample(const struct gpu *gpu, volatile uint64_t *map,
				 enum access access, struct witness *witness,
				 unsigned int delay_ms)
{
	struct sample sample = { 0 };
	uint64_t ready, touched, end;

	sample.result = testblock_reset_unready(gpu, delay_ms);
	if (!sample.result)
		sample.result = access_once(gpu, map, access);
	end = now_ns();
	/* Let a witness that was stalled with this thread say so. */
	sleep_ms(10);
	sample.disturbed = witness_stalled_since(witness, end - WATCHED_NS);
	ready = testblock_read64(gpu, TB_READY_NS);
	touched = testblock_read64(gpu, TB_FIRST_TOUCH_NS);
	sample.early = testblock_read(gpu, TB_EARLY) || touched < ready;
	sample.late_ns = touched - ready;
	return sample;
}

/* The largest lateness of up to @samples undisturbed ones, UINT64_MAX: none. */
static uint64_t worst_lateness(struct __test_metadata *_metadata,
			       const struct gpu *gpu, volatile uint64_t *map,
			       enum access access, struct witness *witness,
			       const unsigned int *delays, unsigned int samples)
{
	uint64_t deadline = now_ms() + PATIENCE_MS, worst = 0;
	unsigned int good = 0, tries;

	for (tries = 0; good < samples && now_ms() < deadline; tries++) {
		struct sample s = take_sample(gpu, map, access, witness,
					      delays[good]);

		ASSERT_EQ(0, s.result);
		ASSERT_EQ(0, s.early);
		if (s.disturbed)
			continue;
		good++;
		worst = s.late_ns > worst ? s.late_ns : worst;
	}
	TH_LOG("first access at most %llu us after ready; %u samples, %u disturbed",
	       (unsigned long long)worst / 1000, good, tries - good);
	return good ? worst : UINT64_MAX;
}

TEST_F_TIMEOUT(readiness_latency, first_access_within_20_ms_of_ready, 90)
{
	static const unsigned int delays[SAMPLES] = {
		200, 333, 251, 480, 307, 415,
	};
	uint64_t worst = worst_lateness(_metadata, &self->gpu, self->map,
					variant->access, self->witness, delays,
					SAMPLES);

	if (worst == UINT64_MAX)
		SKIP(return, "the machine stalls too often to measure 20 ms");
	EXPECT_LE(worst, LIMIT_NS);
}

/* A driver that polls ever more slowly is late only after a long wait. */
TEST_F_TIMEOUT(readiness_latency, long_wait_is_no_excuse, 90)
{
	static const unsigned int delays[] = { 3100 };
	uint64_t worst = worst_lateness(_metadata, &self->gpu, self->map,
					variant->access, self->witness, delays,
					ARRAY_SIZE(delays));

	if (worst == UINT64_MAX)
		SKIP(return, "the machine stalls too often to measure 20 ms");
	EXPECT_LE(worst, LIMIT_NS);
}

TEST_HARNESS_MAIN
