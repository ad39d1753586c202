// SPDX-License-Identifier: GPL-2.0-only
/*
 * A GPU that is reset again and again under running vCPUs.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * A reset takes all mappings of the memory away, the next access waits until the
 * memory is ready again. The guest notices nothing of it but the time, and the
 * VMM nothing at all; on stock kernels but for the rare failure that struct vm's
 * @retry_faults is about, which is counted. Where a reset clears the memory there is
 * more to notice: skipped.
 *
 * Environment: KERNEL; GPU0 = the GPU's PCI address, its driver must hand out region 4;
 * ROUNDS = how many resets.
 */
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "expect.h"
#include "region.h"
#include "watch.h"

#define RESETS		30			/* usually */
#define NO_LIMIT	(7 * 24 * 3600)		/* the runner has its own */

FIXTURE(reset_running)
{
	struct host host;
	struct gpu gpu;
	struct mapping map;
	struct vm vm;
	struct watched watched;
	struct vcpu_job jobs[WATCH_VCPUS];
};

FIXTURE_SETUP(reset_running)
{
	const char *bdf = getenv("GPU0");

	ASSERT_NE(NULL, bdf) TH_LOG("GPU0 must name the GPU's PCI address");
	ASSERT_EQ(0, host_get(&self->host));
	ASSERT_EQ(0, gpu_open(&self->gpu, bdf));
	ASSERT_EQ(0, map_region(&self->map, &self->gpu, GPU_USEMEM));
	self->watched = (struct watched){ self->map.start, block_size() / 2 };
	watch_prepare(&self->watched, 0);
	ASSERT_EQ(0, ioctl(self->gpu.device, VFIO_DEVICE_RESET));
	if (watch_place(&self->watched, 0)->word != watch_word(0, 0))
		SKIP(return, "a reset of this GPU clears its memory");
	ASSERT_EQ(0, vm_create_smp(&self->vm, WATCH_VCPUS));
	ASSERT_EQ(0, vm_set_window(&self->vm, self->map.start, self->map.bytes));
}

FIXTURE_TEARDOWN(reset_running)
{
	vm_destroy(&self->vm);
	map_release(&self->map);
	gpu_close(&self->gpu);
}

TEST_F_TIMEOUT(reset_running, is_not_noticed_by_running_vcpus, NO_LIMIT)
{
	unsigned int resets = watch_times(RESETS), reset, i;

	ASSERT_EQ(0, watch_start(&self->vm, self->jobs, self->watched.stride, 0));
	for (reset = 0; reset < resets; reset++) {
		ASSERT_EQ(0, watch_wait(&self->watched)) TH_LOG("reset %u", reset);
		ASSERT_EQ(0, ioctl(self->gpu.device, VFIO_DEVICE_RESET));
	}
	ASSERT_EQ(0, watch_wait(&self->watched));
	watch_stop(&self->vm, self->jobs);
	printf("# figure: reset %u resets, %lu failures of KVM_RUN\n", resets,
	       self->vm.retried);
	fflush(stdout);
	if (self->host.kvm->looks_again) {
		EXPECT_EQ(0, self->vm.retried);
	} else {
		EXPECT_LT(self->vm.retried, resets);
	}
	for (i = 0; i < WATCH_VCPUS; i++) {
		EXPECT_EQ(VM_DONE, self->jobs[i].result.outcome);
		EXPECT_LT(0, self->jobs[i].result.value);
	}
	/* The round that ended the last wait may have begun before the reset. */
	EXPECT_GUEST_READS(&self->vm, VM_WINDOW_GPA, watch_word(0, 0));
	EXPECT_LEAF(&self->vm, VM_WINDOW_GPA, "normal-wb", block_size());
}

/* The entries are gone when the reset is done, and come back with the access. */
TEST_F(reset_running, takes_entries_away)
{
	EXPECT_GUEST_READS(&self->vm, VM_WINDOW_GPA, watch_word(0, 0));
	EXPECT_LEAF(&self->vm, VM_WINDOW_GPA, "normal-wb", block_size());
	ASSERT_EQ(0, ioctl(self->gpu.device, VFIO_DEVICE_RESET));
	EXPECT_NO_LEAF(&self->vm, VM_WINDOW_GPA);
	EXPECT_GUEST_READS(&self->vm, VM_WINDOW_GPA, watch_word(0, 0));
	EXPECT_LEAF(&self->vm, VM_WINDOW_GPA, "normal-wb", block_size());
}

TEST_HARNESS_MAIN
