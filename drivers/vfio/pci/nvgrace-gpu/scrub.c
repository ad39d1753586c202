// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scrubbing: the memory is zeroed between two users of the device.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Vocabulary
 *   dirty       the memory may hold what a user left there; so it is from bind and
 *               from every open on, until it has been scrubbed from end to end
 *   policy      off, on-close (begin as soon as the last user is gone) or on-open
 *   background  a scrub that no open() asked for
 *
 * Invariants. With a policy other than off, open() succeeds only on clean memory:
 * it waits for the background, and scrubs what is still dirty itself. Before a
 * scrub the device is reset, so that none of its engines writes any more; a
 * device that cannot be reset cannot be made clean. Whatever stops a scrub leaves
 * the memory dirty.
 *
 * A scrub leaves bad pages out, they are shown to nobody; when the list of them is
 * cleared, the memory is dirty again. It is not cleared under a user to whom
 * scrubbed memory was promised.
 *
 * The policy belongs to the memory once somebody has chosen one: it outlives bindings.
 *
 * This file says when; zero.c has the how.
 */

#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "memory.h"
#include "nvgrace_gpu.h"
#include "trace.h"
#include "zero.h"

/**
 * enum scrub_policy - when the memory is zeroed between two users
 * @SCRUB_OFF: never
 * @SCRUB_ON_CLOSE: as soon as the last user is gone
 * @SCRUB_ON_OPEN: before the next one gets it
 */
enum scrub_policy {
	SCRUB_OFF,
	SCRUB_ON_CLOSE,
	SCRUB_ON_OPEN,
};

static const char * const policy_names[] = {
	[SCRUB_OFF] = "off",
	[SCRUB_ON_CLOSE] = "on-close",
	[SCRUB_ON_OPEN] = "on-open",
};

static int default_policy = SCRUB_OFF;

static int set_default(const char *val, const struct kernel_param *kp)
{
	int policy = sysfs_match_string(policy_names, val);

	if (policy >= 0)
		WRITE_ONCE(default_policy, policy);
	return min(policy, 0);
}

static int get_default(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", policy_names[READ_ONCE(default_policy)]);
}

static const struct kernel_param_ops default_ops = {
	.set = set_default,
	.get = get_default,
};
module_param_cb(scrub, &default_ops, NULL, 0644);
MODULE_PARM_DESC(scrub, "Zero the GPU memory between users, for GPUs that are bound from now on and have no policy of their own: off (default), on-close, on-open");

/**
 * enum memory_state - what the memory may hold
 * @DIRTY: what a user left there
 * @SCRUBBING: that, but it is being zeroed
 * @CLEAN: zeroes; nobody has had it since
 */
enum memory_state {
	DIRTY,
	SCRUBBING,
	CLEAN,
};

/**
 * struct nvgrace_gpu_scrub - the memory between two users
 * @zero: the zeroing
 * @lock: protects what follows, up to @again
 * @policy: chosen by an administrator
 * @opened: when the user got the device
 * @was_clean: the memory then
 * @state: of the memory
 * @promised: who has the device open was promised scrubbed memory, whatever the
 *	      policy is now
 * @busy: @background is queued or runs
 * @again: nvgrace_gpu_scrub_pause() has stopped it, or undone what it did
 * @background: scrubs when nobody has the device open
 * @wait: for @busy to become false
 */
struct nvgrace_gpu_scrub {
	struct nvgrace_gpu_zero zero;
	spinlock_t lock; /* policy and state */
	enum scrub_policy policy;
	enum memory_state state;
	ktime_t opened;
	bool was_clean;
	bool promised;
	bool busy;
	bool again;
	struct work_struct background;
	wait_queue_head_t wait;
};

/* Wakes who polls scrub_state. */
static void notify(struct nvgrace_gpu *gpu)
{
	sysfs_notify(&gpu->core.pdev->dev.kobj, "nvgrace_gpu", "scrub_state");
}

static void set_state(struct nvgrace_gpu *gpu, enum memory_state state)
{
	scoped_guard(spinlock, &gpu->scrub->lock)
		gpu->scrub->state = state;
	notify(gpu);
}

static void report(struct nvgrace_gpu *gpu, s64 ns, int ret)
{
	const struct nvgrace_gpu_zero *zero = &gpu->scrub->zero;
	struct pci_dev *pdev = gpu->core.pdev;

	trace_nvgrace_gpu_scrub(gpu, zero->done, zero->left_out, ns, ret);
	nvgrace_gpu_record_scrub(gpu, &(struct nvgrace_gpu_scrub_record) {
		.ret = ret, .bytes = zero->done, .left_out = zero->left_out, .ns = ns,
	});
	if (ret)
		pci_err(pdev, "GPU memory scrubbed only %llu of %llu MiB (%d), it may hold the last user's data; scrubbed at the next open unless scrub_policy is off\n",
			zero->done / SZ_1M, nvgrace_gpu_memory_size(gpu) / SZ_1M,
			ret);
	else
		pci_info(pdev, "GPU memory scrubbed: %llu MiB in %lld ms, %llu bad pages left out\n",
			 zero->done / SZ_1M, ns / NSEC_PER_MSEC,
			 zero->left_out);
}

/* @how: zeroes the memory of a device in the state the caller found it in */
static int scrub(struct nvgrace_gpu *gpu,
		 int (*how)(struct nvgrace_gpu_zero *zero))
{
	ktime_t began = ktime_get();
	int ret;

	nvgrace_gpu_zero_begin(&gpu->scrub->zero);
	set_state(gpu, SCRUBBING);
	ret = how(&gpu->scrub->zero);
	nvgrace_gpu_memory_saw(gpu->memory, ret ? NVGRACE_GPU_SCRUB_FAILED : NVGRACE_GPU_SCRUBBED);
	set_state(gpu, ret ? DIRTY : CLEAN);
	report(gpu, ktime_to_ns(ktime_sub(ktime_get(), began)), ret);
	return ret;
}

static void scrub_in_background(struct work_struct *work)
{
	struct nvgrace_gpu_scrub *this = container_of(work,
						      struct nvgrace_gpu_scrub,
						      background);

	scrub(this->zero.gpu, nvgrace_gpu_zero_closed);
	scoped_guard(spinlock, &this->lock)
		this->busy = false;
	wake_up_all(&this->wait);
}

static bool is_busy(struct nvgrace_gpu_scrub *scrub)
{
	guard(spinlock)(&scrub->lock);
	return scrub->busy;
}

/**
 * nvgrace_gpu_scrub_wait() - let a scrub in the background end
 * @gpu: coherent device that is about to be enabled
 *
 * Return: 0; -EINTR if the caller is killed.
 */
int nvgrace_gpu_scrub_wait(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_scrub *scrub = gpu->scrub;

	if (wait_event_killable(scrub->wait, !is_busy(scrub)))
		return -EINTR;
	return 0;
}

/* Is there something to scrub first? The promise holds whatever the policy is later. */
static bool promise(struct nvgrace_gpu_scrub *scrub)
{
	guard(spinlock)(&scrub->lock);
	scrub->promised = scrub->policy != SCRUB_OFF;
	return scrub->promised && scrub->state != CLEAN;
}

static int keep_promise(struct nvgrace_gpu *gpu)
{
	if (gpu->core.reset_works)
		return scrub(gpu, nvgrace_gpu_zero_enabled);

	dev_err_ratelimited(&gpu->core.pdev->dev, "open failed: the GPU cannot be reset, so nothing keeps it from writing while its memory is scrubbed; see reset_method, or set scrub_policy to off\n");
	return -EIO;
}

/**
 * nvgrace_gpu_scrub_open() - make the memory fit for its next user
 * @gpu: coherent device, enabled, nobody has it open yet
 *
 * Context: may take as long as the GPU to become ready and its memory to be
 * written once; a fatal signal ends it.
 * Return: 0, from then on the memory is dirty; -EINTR on a fatal signal; -EIO, and
 * other errors, if the memory cannot be made clean, after one log line.
 */
int nvgrace_gpu_scrub_open(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_scrub *scrub = gpu->scrub;
	int ret = 0;

	if (promise(scrub))
		ret = keep_promise(gpu);
	scoped_guard(spinlock, &scrub->lock) {
		scrub->opened = ktime_get();
		scrub->was_clean = scrub->state == CLEAN;
		scrub->state = DIRTY;
		if (ret)
			scrub->promised = false;
	}
	notify(gpu);
	return ret;
}

static void begin_background(struct nvgrace_gpu_scrub *scrub)
{
	lockdep_assert_held(&scrub->lock);
	if (scrub->policy != SCRUB_ON_CLOSE ||
	    nvgrace_gpu_zero_is_forbidden(&scrub->zero))
		return;
	scrub->busy = true;
	queue_work(system_long_wq, &scrub->background);
}

static enum scrub_policy policy_of(struct nvgrace_gpu_scrub *scrub)
{
	guard(spinlock)(&scrub->lock);
	return scrub->policy;
}

/**
 * nvgrace_gpu_scrub_close() - the last user is gone
 * @gpu: coherent device that has been disabled
 */
void nvgrace_gpu_scrub_close(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_scrub *scrub = gpu->scrub;

	nvgrace_gpu_record_tenancy(gpu, policy_names[policy_of(scrub)], scrub->was_clean,
				   ktime_to_ns(ktime_sub(ktime_get(), scrub->opened)));
	guard(spinlock)(&scrub->lock);
	scrub->promised = false;
	begin_background(scrub);
}

/**
 * nvgrace_gpu_scrub_pause() - the memory may be lost from now on
 * @gpu: coherent device that nobody has open or opens
 *
 * Stops a scrub in the background.
 */
void nvgrace_gpu_scrub_pause(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_scrub *scrub = gpu->scrub;

	scoped_guard(spinlock, &scrub->lock)
		scrub->again = scrub->busy || scrub->state == CLEAN;
	nvgrace_gpu_zero_forbid(&scrub->zero);
	cancel_work_sync(&scrub->background);
	scoped_guard(spinlock, &scrub->lock) {
		scrub->busy = false;
		scrub->state = DIRTY;
	}
	wake_up_all(&scrub->wait);
	notify(gpu);
}

/**
 * nvgrace_gpu_scrub_resume() - undo nvgrace_gpu_scrub_pause()
 * @gpu: coherent device that nobody has open or opens
 *
 * What was clean, or becoming so, is scrubbed again if the policy is on-close.
 */
void nvgrace_gpu_scrub_resume(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_scrub *scrub = gpu->scrub;

	nvgrace_gpu_zero_allow(&scrub->zero);
	guard(spinlock)(&scrub->lock);
	if (scrub->again)
		begin_background(scrub);
}

/* The pages that a scrub excluded are to be shown: not to who was promised others. */
static int make_dirty(struct nvgrace_gpu_scrub *scrub)
{
	guard(spinlock)(&scrub->lock);
	if (scrub->state == SCRUBBING || scrub->promised)
		return -EBUSY;
	scrub->state = DIRTY;
	return 0;
}

/* No scrub excludes them between the question and the answer. */
static int forget_bad_pages(struct nvgrace_gpu *gpu, unsigned int *count)
{
	int ret;

	guard(rwsem_write)(&gpu->views.lock);
	ret = make_dirty(gpu->scrub);
	if (!ret)
		*count = nvgrace_gpu_bad_pages_forget(gpu);
	return ret;
}

/**
 * nvgrace_gpu_bad_pages_clear() - an administrator says the memory is repaired
 * @gpu: coherent device
 *
 * Return: 0; -EBUSY after one log line if scrubbed memory was promised to who has
 * it: these pages were left out and may hold what an earlier user left there.
 */
int nvgrace_gpu_bad_pages_clear(struct nvgrace_gpu *gpu)
{
	unsigned int count = 0;
	int ret = 0;

	if (nvgrace_gpu_has_bad_pages(gpu))
		ret = forget_bad_pages(gpu, &count);
	if (ret) {
		pci_warn(gpu->core.pdev, "bad_pages not cleared: they were left out when the memory was scrubbed; clear them when nobody has the GPU open and scrub_state is not scrubbing\n");
		return ret;
	}
	if (count)
		notify(gpu);
	nvgrace_gpu_bad_pages_changed(gpu);
	pci_info(gpu->core.pdev, "bad_pages cleared, %u pages forgotten\n",
		 count);
	return 0;
}

/**
 * nvgrace_gpu_scrub_policy_show() - the device's policy, for sysfs
 * @gpu: coherent device
 * @buf: a page
 *
 * Return: bytes written.
 */
ssize_t nvgrace_gpu_scrub_policy_show(struct nvgrace_gpu *gpu, char *buf)
{
	return sysfs_emit(buf, "%s\n", policy_names[policy_of(gpu->scrub)]);
}

/**
 * nvgrace_gpu_scrub_policy_set() - choose when the memory is scrubbed
 * @gpu: coherent device
 * @name: as it came from user space
 *
 * Holds from the next open or close on, for as long as the module is loaded; "default",
 * which is that of the module's parameter, until the GPU is bound anew.
 *
 * Return: 0; -EINVAL for what is no policy.
 */
int nvgrace_gpu_scrub_policy_set(struct nvgrace_gpu *gpu, const char *name)
{
	bool own = !sysfs_streq(name, "default");
	int policy = own ? sysfs_match_string(policy_names, name) : READ_ONCE(default_policy);

	if (policy < 0)
		return policy;
	guard(spinlock)(&gpu->scrub->lock);
	gpu->scrub->policy = policy;
	gpu->memory->scrub_policy = policy;
	gpu->memory->has_scrub_policy = own;
	return 0;
}

/**
 * nvgrace_gpu_scrub_state_show() - what the memory may hold, for sysfs
 * @gpu: coherent device
 * @buf: a page
 *
 * Return: bytes written.
 */
ssize_t nvgrace_gpu_scrub_state_show(struct nvgrace_gpu *gpu, char *buf)
{
	static const char * const names[] = {
		[DIRTY] = "dirty",
		[SCRUBBING] = "scrubbing",
		[CLEAN] = "clean",
	};

	guard(spinlock)(&gpu->scrub->lock);
	return sysfs_emit(buf, "%s\n", names[gpu->scrub->state]);
}

/**
 * nvgrace_gpu_scrub_progress_show() - how far the last scrub came, for sysfs
 * @gpu: coherent device
 * @buf: a page
 *
 * Return: bytes written: two numbers, bytes done and bytes in all.
 */
ssize_t nvgrace_gpu_scrub_progress_show(struct nvgrace_gpu *gpu, char *buf)
{
	return sysfs_emit(buf, "%llu %llu\n",
			  nvgrace_gpu_zero_done(&gpu->scrub->zero),
			  nvgrace_gpu_memory_size(gpu));
}

/**
 * nvgrace_gpu_scrub_init() - nothing is known of the memory yet
 * @gpu: coherent device being probed
 *
 * Return: 0 or -ENOMEM.
 */
int nvgrace_gpu_scrub_init(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_scrub *scrub;

	scrub = devm_kzalloc(&gpu->core.pdev->dev, sizeof(*scrub), GFP_KERNEL);
	if (!scrub)
		return -ENOMEM;
	gpu->scrub = scrub;
	spin_lock_init(&scrub->lock);
	init_waitqueue_head(&scrub->wait);
	INIT_WORK(&scrub->background, scrub_in_background);
	scrub->policy = gpu->memory->has_scrub_policy ? gpu->memory->scrub_policy :
							READ_ONCE(default_policy);
	scrub->state = DIRTY;
	nvgrace_gpu_zero_init(&scrub->zero, gpu);
	return 0;
}

/**
 * nvgrace_gpu_scrub_unbind() - let nobody wait for a scrub any more
 * @gpu: coherent device, possibly still open
 *
 * Must come before anything that waits for the device's users: an open may be
 * waiting for a scrub, which may be waiting for the lock of whoever unbinds.
 */
void nvgrace_gpu_scrub_unbind(struct nvgrace_gpu *gpu)
{
	nvgrace_gpu_zero_forbid(&gpu->scrub->zero);
}

/**
 * nvgrace_gpu_scrub_release() - undo nvgrace_gpu_scrub_init(), if there was one
 * @gpu: device that nobody has open or can open
 */
void nvgrace_gpu_scrub_release(struct nvgrace_gpu *gpu)
{
	if (gpu->scrub)
		cancel_work_sync(&gpu->scrub->background);
}
