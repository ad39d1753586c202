// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's records of what became of the memory between its users: events that any
 * process may hear, of which evidence is made.
 */

#include <errno.h>
#include <string.h>
#include <time.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "poison.h"
#include "scrub.h"
#include "sysfs.h"
#include "uevent.h"
#include "variants.h"

#define KIND	"NVGRACE_GPU_RECORD"

FIXTURE(records) {
	struct gpu gpu;
	const char *bdf;
	uint64_t bytes;
	int events;
	struct uevent event;
};

FIXTURE_SETUP(records)
{
	self->bdf = gpu_bdf(0);
	ASSERT_NE(NULL, self->bdf);
	ASSERT_EQ(0, scrub_and_poison_off(self->bdf));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	self->bytes = memory_bytes(&self->gpu);
	self->events = uevent_listen();
	ASSERT_GE(self->events, 0);
}

FIXTURE_TEARDOWN(records)
{
	gpu_close(&self->gpu);
	close(self->events);
	scrub_and_poison_off(self->bdf);
}

static uint64_t real_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

#define NUMBER(key)	uevent_number(&self->event, "NVGRACE_GPU_" key)
#define TEXT(key)	uevent_value(&self->event, "NVGRACE_GPU_" key)

/* The next record is one of that kind. */
#define EXPECT_RECORD(kind)						\
	do {								\
		ASSERT_EQ(0, uevent_wait(self->events, KIND, &self->event)); \
		EXPECT_STREQ(kind, TEXT("RECORD"));			\
		EXPECT_TRUE(uevent_has(&self->event, self->bdf));	\
		EXPECT_EQ(self->bytes, NUMBER("MEMORY_BYTES"));		\
	} while (0)

TEST_F(records, of_a_tenancy_whose_memory_is_left_as_it_is)
{
	uint64_t before;

	sleep_ms(20);
	before = real_ns();
	gpu_close(&self->gpu);
	EXPECT_RECORD("tenancy");
	EXPECT_STREQ("off", TEXT("SCRUB_POLICY"));
	EXPECT_EQ(0, NUMBER("WAS_CLEAN"));
	EXPECT_EQ(gpu_attribute_number(self->bdf, "opens"), NUMBER("TENANCY"));
	EXPECT_LE(before, NUMBER("TIME_NS"));
	EXPECT_GE(real_ns(), NUMBER("TIME_NS"));
	EXPECT_LE(20000000, NUMBER("DURATION_NS"));
	EXPECT_EQ(NULL, TEXT("ERROR"));
}

TEST_F(records, are_of_the_module_that_is_loaded)
{
	char *version = file_slurp("/sys/module/nvgrace_gpu_vfio_pci/version");

	ASSERT_NE(NULL, version);
	version[strcspn(version, "\n")] = '\0';
	gpu_close(&self->gpu);
	EXPECT_RECORD("tenancy");
	EXPECT_STREQ(version, TEXT("VERSION"));
	free(version);
}

TEST_F_TIMEOUT(records, of_a_scrub_and_the_tenancy_after_it, 120)
{
	uint64_t tenancy;

	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	EXPECT_RECORD("tenancy");
	EXPECT_STREQ("on-close", TEXT("SCRUB_POLICY"));
	tenancy = NUMBER("TENANCY");
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	EXPECT_RECORD("scrub");
	EXPECT_EQ(tenancy, NUMBER("TENANCY"));
	EXPECT_EQ(0, NUMBER("ERROR"));
	EXPECT_EQ(self->bytes, NUMBER("BYTES"));
	EXPECT_EQ(0, NUMBER("PAGES_LEFT_OUT"));
	EXPECT_NE(0, NUMBER("DURATION_NS"));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	gpu_close(&self->gpu);
	EXPECT_RECORD("tenancy");
	EXPECT_EQ(tenancy + 1, NUMBER("TENANCY"));
	EXPECT_EQ(1, NUMBER("WAS_CLEAN"));
}

TEST_F_TIMEOUT(records, of_a_page_that_was_left_out, 120)
{
	uint64_t address = poison_address(&self->gpu, GPU_USEMEM, 0);

	ASSERT_EQ(0, poison_elsewhere(address));
	ASSERT_EQ(0, poison_wait(self->bdf, 1));
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	EXPECT_RECORD("tenancy");
	ASSERT_EQ(0, scrub_wait(self->bdf, "clean", SCRUB_MS));
	EXPECT_RECORD("scrub");
	EXPECT_EQ(1, NUMBER("PAGES_LEFT_OUT"));
}

/* Which is the last word of a GPU that is unbound, and is heard for all that. */
TEST_F_TIMEOUT(records, of_a_scrub_that_unbinding_ends, 120)
{
	uint64_t number;

	ASSERT_EQ(0, scrub_set_policy(self->bdf, "on-close"));
	gpu_close(&self->gpu);
	EXPECT_RECORD("tenancy");
	number = NUMBER("NUMBER");
	ASSERT_EQ(0, scrub_wait_begun(self->bdf));
	ASSERT_EQ(0, driver_unbind(self->bdf));
	EXPECT_RECORD("scrub");
	EXPECT_EQ(number + 1, NUMBER("NUMBER"));
	EXPECT_NE(0, NUMBER("ERROR"));
	EXPECT_GT(self->bytes, NUMBER("BYTES"));
	ASSERT_EQ(0, driver_bind(self->bdf));
}

TEST_F(records, are_numbered_over_all_bindings)
{
	uint64_t number;

	gpu_close(&self->gpu);
	EXPECT_RECORD("tenancy");
	number = NUMBER("NUMBER");
	ASSERT_EQ(0, driver_unbind(self->bdf));
	ASSERT_EQ(0, driver_bind(self->bdf));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	gpu_close(&self->gpu);
	EXPECT_RECORD("tenancy");
	EXPECT_EQ(number + 1, NUMBER("NUMBER"));
}

/* Any local user may listen: where the memory is is for administrators only. */
TEST_F(records, do_not_say_where_the_memory_is)
{
	char page[32];

	snprintf(page, sizeof(page), "%llx",
		 (unsigned long long)(poison_address(&self->gpu, GPU_USEMEM, 0) / page_size()));
	gpu_close(&self->gpu);
	EXPECT_RECORD("tenancy");
	EXPECT_FALSE(uevent_has(&self->event, page));
}

TEST_HARNESS_MAIN
