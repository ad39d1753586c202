// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleep of the host: suspend to idle or to RAM, hibernation.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * A GPU that loses its power loses its memory, and whoever has it open is not told:
 * vfio-pci has no such event. So the host does not go to sleep while a user has a GPU
 * open, and no GPU is opened on its way to sleep. A scrub in the background stops and
 * begins again afterwards; memory that was clean counts as dirty.
 *
 * Linux asks before it freezes user space, and says when it is over, whether or not it
 * has slept.
 */

#include <linux/slab.h>
#include <linux/suspend.h>

#include "nvgrace_gpu.h"

/**
 * struct nvgrace_gpu_sleep - is the GPU in use, does the host go to sleep
 * @gpu: whose
 * @asleep: how to hear of it
 * @lock: protects what follows
 * @in_use: a user has the device open, or opens it
 * @going: the host goes to sleep
 */
struct nvgrace_gpu_sleep {
	struct nvgrace_gpu *gpu;
	struct notifier_block asleep;
	spinlock_t lock; /* who comes first */
	bool in_use;
	bool going;
};

/**
 * nvgrace_gpu_sleep_open() - the device is about to be opened
 * @gpu: coherent device
 *
 * Return: 0, then nvgrace_gpu_sleep_close() must follow; -EBUSY after one log line,
 * which is rate-limited, if the host goes to sleep.
 */
int nvgrace_gpu_sleep_open(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_sleep *sleep = gpu->sleep;
	bool going;

	scoped_guard(spinlock, &sleep->lock) {
		going = sleep->going;
		sleep->in_use = !going;
	}
	if (!going)
		return 0;
	dev_warn_ratelimited(&gpu->core.pdev->dev, "open refused: the host is going to sleep; try again when it is awake\n");
	return -EBUSY;
}

/**
 * nvgrace_gpu_sleep_close() - nobody has the device open any more
 * @gpu: coherent device
 */
void nvgrace_gpu_sleep_close(struct nvgrace_gpu *gpu)
{
	guard(spinlock)(&gpu->sleep->lock);
	gpu->sleep->in_use = false;
}

static int prepare(struct nvgrace_gpu_sleep *sleep)
{
	struct nvgrace_gpu *gpu = sleep->gpu;

	scoped_guard(spinlock, &sleep->lock)
		sleep->going = !sleep->in_use;
	if (!sleep->going) {
		pci_warn(gpu->core.pdev, "the host does not go to sleep: a process has the GPU open, whose memory would be lost; end that process first\n");
		return -EBUSY;
	}
	nvgrace_gpu_scrub_pause(gpu);
	return 0;
}

static void awake(struct nvgrace_gpu_sleep *sleep)
{
	if (!sleep->going)
		return;
	nvgrace_gpu_scrub_resume(sleep->gpu);
	scoped_guard(spinlock, &sleep->lock)
		sleep->going = false;
}

/* Events of one sleep come one after the other, each once. */
static int asleep(struct notifier_block *nb, unsigned long event, void *unused)
{
	struct nvgrace_gpu_sleep *sleep = container_of(nb,
						       struct nvgrace_gpu_sleep,
						       asleep);

	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		return notifier_from_errno(prepare(sleep));
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
		awake(sleep);
	}
	return NOTIFY_DONE;
}

/**
 * nvgrace_gpu_sleep_init() - from now on sleep of the host is noticed
 * @gpu: coherent device being probed
 *
 * Return: 0 or -ENOMEM.
 */
int nvgrace_gpu_sleep_init(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_sleep *sleep;

	sleep = devm_kzalloc(&gpu->core.pdev->dev, sizeof(*sleep), GFP_KERNEL);
	if (!sleep)
		return -ENOMEM;
	gpu->sleep = sleep;
	sleep->gpu = gpu;
	sleep->asleep.notifier_call = asleep;
	spin_lock_init(&sleep->lock);
	return register_pm_notifier(&sleep->asleep);
}

/**
 * nvgrace_gpu_sleep_release() - undo nvgrace_gpu_sleep_init(), if there was one
 * @gpu: device that nobody has open
 */
void nvgrace_gpu_sleep_release(struct nvgrace_gpu *gpu)
{
	if (gpu->sleep)
		unregister_pm_notifier(&gpu->sleep->asleep);
}
