// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's fault that a zap overtakes.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * KVM looks device memory up, faults it in if it is not there, and looks again. What is
 * zapped between the last two is not found, although nothing is wrong with it: the guest
 * has to try again, and KVM_RUN must not fail (it does with stock kernels). The module
 * slow_call stretches that instant.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>

#include "clock.h"
#include "expect.h"
#include "sysfs.h"
#include "worker.h"

#define LATE		"/sys/module/slow_call/parameters/late_ms"
#define LATE_MS		"1000"
#define PATIENCE_MS	10000
#define LOOK_UPS	2
#define VALUE		0xa54ff53a5f1d36f1ULL

FIXTURE(overtaken)
{
	struct scene scene;
	struct model model;
	struct worker guest;
	struct vm_result result;
	uint64_t calls;		/* that were late before the fault */
};

FIXTURE_VARIANT(overtaken)
{
	struct lab_kind kind;
};

FIXTURE_VARIANT_ADD(overtaken, write_back)
{
	.kind.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(overtaken, write_back_pages)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.populate = PFNLAB_PAGES,
};

FIXTURE_VARIANT_ADD(overtaken, device)
{
	.kind.type = PFNLAB_DEVICE,
};

FIXTURE_SETUP(overtaken)
{
	struct scene *scene = &self->scene;

	SETUP_MAPPABLE_SCENE(self, 1, 1, &variant->kind);
	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	*(volatile uint64_t *)scene->map.start = VALUE;
	ASSERT_EQ(0, lab_zap(&scene->lab, 0, scene->map.bytes));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
	self->calls = module_parameter("slow_call", "calls");
	ASSERT_EQ(0, run_on_cpu(0));
}

FIXTURE_TEARDOWN(overtaken)
{
	file_write(LATE, "0");
	scene_close(&self->scene);
}

/* On a CPU of its own: a call that is late keeps the CPU. */
static int read_as_guest(void *fixture)
{
	FIXTURE_DATA(overtaken) *self = fixture;
	int ret = run_on_cpu(1);

	if (!ret)
		self->result = vm_run(&self->scene.vm, guest_load, VM_WINDOW_GPA, 0);
	return ret;
}

/* The last look-up of the fault has begun, and is late. */
static bool last_look_up_is_late(uint64_t calls)
{
	uint64_t deadline = now_ms() + PATIENCE_MS;

	while (module_parameter("slow_call", "calls") < calls + LOOK_UPS) {
		if (now_ms() > deadline)
			return false;
		sleep_ms(1);
	}
	return true;
}

#define FAULT_UNTIL_THE_LAST_LOOK_UP() do {				\
	ASSERT_EQ(0, file_write(LATE, LATE_MS));			\
	ASSERT_EQ(0, worker_start(&self->guest, read_as_guest, self));	\
	EXPECT_TRUE(last_look_up_is_late(self->calls));			\
	ASSERT_EQ(0, file_write(LATE, "0"));				\
} while (0)

TEST_F(overtaken, by_a_zap_tries_again)
{
	bool tries_again = self->scene.host.kvm->looks_again;

	FAULT_UNTIL_THE_LAST_LOOK_UP();
	ASSERT_EQ(0, lab_zap(&self->scene.lab, 0, self->scene.map.bytes));
	EXPECT_FALSE(worker_done(&self->guest));
	ASSERT_EQ(0, worker_wait(&self->guest, PATIENCE_MS));
	EXPECT_EQ(tries_again ? VM_DONE : VM_RUN_FAILED, self->result.outcome);
	EXPECT_EQ(tries_again ? VALUE : EFAULT, self->result.value);
	EXPECT_GUEST_READS(&self->scene.vm, VM_WINDOW_GPA, VALUE);
}

/* What stays away is a failure, after the second attempt. */
TEST_F(overtaken, by_a_withdrawal_fails)
{
	FAULT_UNTIL_THE_LAST_LOOK_UP();
	ASSERT_EQ(0, lab_withhold(&self->scene.lab, 0, self->scene.map.bytes));
	EXPECT_FALSE(worker_done(&self->guest));
	ASSERT_EQ(0, worker_wait(&self->guest, PATIENCE_MS));
	EXPECT_EQ(VM_RUN_FAILED, self->result.outcome);
	EXPECT_EQ(EFAULT, self->result.value);
}

/* The counterpart: a late look-up alone does no harm. */
TEST_F(overtaken, by_nobody_reads)
{
	FAULT_UNTIL_THE_LAST_LOOK_UP();
	ASSERT_EQ(0, worker_wait(&self->guest, PATIENCE_MS));
	EXPECT_EQ(VM_DONE, self->result.outcome);
	EXPECT_EQ(VALUE, self->result.value);
	EXPECT_LEAF(&self->scene.vm, VM_WINDOW_GPA, self->model.type,
		    lab_entry_size(&variant->kind));
}

TEST_HARNESS_MAIN
