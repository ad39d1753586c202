// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints that the administrator's guide lists: each comes when it should, with what
 * the guide says. That of a scrub is in scrub_control.c.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "poison.h"
#include "scrub.h"
#include "sysfs.h"
#include "touch.h"
#include "trace.h"
#include "variants.h"

#define INSERTED	0x100	/* VM_FAULT_NOPAGE */

FIXTURE(trace_events) {
	const char *bdf;
	struct gpu gpu;
};

FIXTURE_VARIANT(trace_events) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(trace_events);

FIXTURE_SETUP(trace_events)
{
	self->gpu = GPU_CLOSED;
	SETUP_BDF(self->bdf, variant->gpu);
	ASSERT_EQ(0, trace_begin());
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
}

FIXTURE_TEARDOWN(trace_events)
{
	gpu_close(&self->gpu);
	EXPECT_EQ(0, scrub_and_poison_off(self->bdf));
	trace_end();
}

static unsigned int order_of(size_t size)
{
	return __builtin_ctzll(size / page_size());
}

TEST_F(trace_events, open_says_the_verdict)
{
	EXPECT_TRUE(trace_has("nvgrace_gpu_open: %s verdict=ok\n", self->bdf));
}

TEST_F(trace_events, state_says_each_change_once)
{
	uint64_t value;

	ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_TRUE(trace_has("nvgrace_gpu_state: %s state=waiting since_", self->bdf));
	EXPECT_TRUE(trace_has("nvgrace_gpu_state: %s state=ready since_", self->bdf));
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
	EXPECT_TRUE(trace_has("nvgrace_gpu_state: %s state=waiting since_", self->bdf));
	EXPECT_TRUE(trace_has("nvgrace_gpu_state: %s state=ready since_", self->bdf));
	gpu_close(&self->gpu);
	EXPECT_TRUE(trace_has("nvgrace_gpu_state: %s state=unknown since_", self->bdf));
}

TEST_F(trace_events, fault_says_what_was_mapped)
{
	uint64_t pfn = poison_address(&self->gpu, GPU_USEMEM, 2 * pmd_size()) / page_size();
	volatile uint64_t *map;
	uint64_t value;

	ASSERT_NE(0, pfn);
	map = gpu_map(&self->gpu, GPU_USEMEM, 2 * pmd_size(), pmd_size(), PROT_READ);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, touch_read(map + 1, &value));
	EXPECT_TRUE(trace_has("nvgrace_gpu_fault: %s pfn=%#llx order=%u ret=%#x\n", self->bdf,
			      (unsigned long long)pfn, order_of(pmd_size()), INSERTED));
}

TEST_F(trace_events, bad_page_says_which)
{
	uint64_t address = poison_address(&self->gpu, GPU_USEMEM, 3 * page_size());

	ASSERT_NE(0, address);
	ASSERT_EQ(0, poison_elsewhere(address));
	ASSERT_EQ(0, poison_wait(self->bdf, 1));
	EXPECT_TRUE(trace_has("nvgrace_gpu_bad_page: %s pfn=%#llx\n", self->bdf,
			      (unsigned long long)(address / page_size())));
}

TEST_F(trace_events, bar_write_says_where_and_what_is_stored)
{
	uint64_t bar4 = 0x12345600000000 & ~(self->gpu.region[GPU_USEMEM].size - 1);
	uint32_t high = bar4 >> 32, low = 0;

	ASSERT_EQ(4, gpu_write(&self->gpu, GPU_CONFIG, PCI_BASE_ADDRESS_4, &low, 4));
	ASSERT_EQ(4, gpu_write(&self->gpu, GPU_CONFIG, PCI_BASE_ADDRESS_5, &high, 4));
	EXPECT_TRUE(trace_has("nvgrace_gpu_bar_write: %s pos=%#x count=4 ", self->bdf,
			      PCI_BASE_ADDRESS_4));
	EXPECT_TRUE(trace_has("nvgrace_gpu_bar_write: %s pos=%#x count=4 ", self->bdf,
			      PCI_BASE_ADDRESS_5));
	EXPECT_TRUE(trace_has(" bar4=%#llx\n", (unsigned long long)bar4));
}

TEST_HARNESS_MAIN
