// SPDX-License-Identifier: GPL-2.0-only
/*
 * What firmware's record of poison in a bound GPU's memory leads to, for records and
 * consumers that are not of the simple kind.
 *
 * Consuming poison is played, as in poison_report: the record names a page of the GPU's
 * memory, and the abort comes from an address with nothing behind it. Every test has a
 * page of its own, since the kernel does not look at a record that equals a recent one.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "error_source.h"
#include "gpu.h"
#include "poison.h"
#include "touch.h"
#include "variants.h"

FIXTURE(poison_record) {
	struct gpu gpu;
	struct error_source source;
	uint64_t address;		/* physical, of the region's begin */
	volatile uint64_t *nothing;
};

FIXTURE_SETUP(poison_record)
{
	SETUP_REGION(&self->gpu, 0, GPU_USEMEM);
	self->address = poison_address(&self->gpu, GPU_USEMEM, 0);
	ASSERT_NE(0, self->address);
	ASSERT_EQ(0, error_source_open(&self->source));
	self->nothing = physical_map(self->address - page_size(), page_size());
	ASSERT_NE(NULL, self->nothing);
}

FIXTURE_TEARDOWN(poison_record)
{
	poison_clear(self->gpu.bdf);
	gpu_close(&self->gpu);
}

/* A processor that reports an error together with its cause writes two, for example. */
TEST_F_TIMEOUT(poison_record, later_section_does_not_undo_an_earlier_one, 60)
{
	uint64_t at = 11 * page_size(), value;
	char *map;

	map = gpu_map(&self->gpu, GPU_USEMEM, 0, pmd_size(), PROT_READ);
	ASSERT_NE(MAP_FAILED, (void *)map);
	ASSERT_EQ(0, touch_read(map + at, &value));
	ASSERT_EQ(0, error_source_report_and_more(&self->source, self->address + at));
	EXPECT_EQ(-EFAULT, touch_read(self->nothing, &value));
	EXPECT_EQ(BUS_MCEERR_AR, touch_signal()->si_code);
	EXPECT_EQ((void *)(map + at), touch_signal()->si_addr);
	EXPECT_EQ(0, poison_wait(self->gpu.bdf, 1));
	munmap(map, pmd_size());
}

/* The code of the signal that ended it; 0 without. */
static int consume(const FIXTURE_DATA(poison_record) *self, uint64_t address)
{
	uint64_t value;

	if (error_source_report(&self->source, address) ||
	    touch_read(self->nothing, &value) != -EFAULT)
		return 0;
	return touch_signal()->si_code;
}

/*
 * Who maps the memory past its driver is not found, and cannot be told where. Mainline
 * calls that recovered and lets the same instruction meet the same poison again, which
 * here is an abort without a record.
 */
TEST_F_TIMEOUT(poison_record, consumer_that_is_not_found_is_killed_at_once, 60)
{
	uint64_t address = self->address + 13 * page_size();
	struct utsname kernel;
	int status;
	pid_t pid;

	ASSERT_EQ(0, uname(&kernel));
	pid = fork();
	if (!pid)
		_exit(consume(self, address));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	if (!strncmp(kernel.release, "6.12.", 5)) {
		EXPECT_EQ(SI_KERNEL, WEXITSTATUS(status));
	} else {
		EXPECT_NE(0, WEXITSTATUS(status));
	}
	EXPECT_EQ(0, poison_wait(self->gpu.bdf, 1));
}

TEST_HARNESS_MAIN
