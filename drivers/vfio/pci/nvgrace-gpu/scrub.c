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
 * The zeroes are written through the mappings that users get, cacheable memory
 * coherently, by several threads. Each claims a chunk, maps it, zeroes it and
 * unmaps it again, holding map_lock: to a reset this is an access like any other.
 * Bad pages are left out, they are shown to nobody; when the list of them is
 * cleared, the memory is dirty again. It is not cleared under a user to whom
 * scrubbed memory was promised.
 */

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/pm_runtime.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "nvgrace_gpu.h"
#include "trace.h"

/* One hold of map_lock: long against its cost, short to a reset that waits. */
#define SCRUB_CHUNK		SZ_16M
/* Enough to fill the link to the GPU, and no more of the host's CPUs than that. */
#define SCRUB_THREADS_MAX	16U
#define SCRUB_POLL_MS		10

static const char * const policy_names[] = {
	[NVGRACE_GPU_SCRUB_OFF] = "off",
	[NVGRACE_GPU_SCRUB_ON_CLOSE] = "on-close",
	[NVGRACE_GPU_SCRUB_ON_OPEN] = "on-open",
};

static int default_policy = NVGRACE_GPU_SCRUB_OFF;

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
MODULE_PARM_DESC(scrub, "Zero the GPU memory between users, for GPUs bound from now on: off (default), on-close, on-open");

struct scrub_thread {
	struct nvgrace_gpu *gpu;
	struct work_struct work;
};

/* A piece of one region; bytes. */
struct chunk {
	const struct nvgrace_gpu_region *region;
	u64 pos;
	u64 len;
};

static u64 memory_size(const struct nvgrace_gpu *gpu)
{
	return gpu->layout.usemem.size + gpu->layout.resmem.size;
}

/* The first error stays. It keeps the threads from claiming more. */
static void stop(struct nvgrace_gpu_scrub *scrub, int error)
{
	guard(spinlock)(&scrub->lock);
	if (!scrub->error)
		scrub->error = error;
}

static bool stopped_locked(const struct nvgrace_gpu_scrub *scrub)
{
	lockdep_assert_held(&scrub->lock);
	return scrub->error || scrub->unbinding;
}

static bool stopped(struct nvgrace_gpu_scrub *scrub)
{
	guard(spinlock)(&scrub->lock);
	return stopped_locked(scrub);
}

static bool claim(struct nvgrace_gpu *gpu, struct chunk *c)
{
	const struct nvgrace_gpu_region *region = &gpu->layout.usemem;
	struct nvgrace_gpu_scrub *scrub = &gpu->scrub;
	u64 pos;

	guard(spinlock)(&scrub->lock);
	if (stopped_locked(scrub) || scrub->claimed == memory_size(gpu))
		return false;
	pos = scrub->claimed;
	if (pos >= region->size) {
		pos -= region->size;
		region = &gpu->layout.resmem;
	}
	c->region = region;
	c->pos = pos;
	c->len = min(SCRUB_CHUNK, region->size - pos);
	scrub->claimed += c->len;
	return true;
}

static void account(struct nvgrace_gpu_scrub *scrub, u64 bytes, u64 left_out)
{
	guard(spinlock)(&scrub->lock);
	scrub->done += bytes;
	scrub->left_out += left_out;
}

/* @pfn, @end: the pages that @mem shows. Returns how many were left out. */
static u64 zero_good_pages(struct nvgrace_gpu *gpu, void *mem, u64 pfn, u64 end)
{
	u64 bad, left_out = 0;

	while (pfn < end) {
		bad = nvgrace_gpu_first_poisoned(gpu, pfn, end);
		memset(mem, 0, PFN_PHYS(bad - pfn));
		mem += PFN_PHYS(bad - pfn);
		pfn = bad;
		if (bad == end)
			break;
		mem += PAGE_SIZE;
		pfn++;
		left_out++;
	}
	return left_out;
}

/* -EAGAIN if the memory is not ready. */
static int zero(struct nvgrace_gpu *gpu, const struct chunk *c)
{
	bool cached = nvgrace_gpu_region_is_cached(gpu, c->region);
	u64 start = c->region->base + c->pos;
	u64 left_out;
	void *mem;

	guard(rwsem_read)(&gpu->map_lock);
	if (!nvgrace_gpu_is_ready(gpu))
		return -EAGAIN;

	mem = memremap(start, c->len, cached ? MEMREMAP_WB : MEMREMAP_WC);
	if (!mem)
		return -ENOMEM;
	left_out = zero_good_pages(gpu, mem, PHYS_PFN(start),
				   PHYS_PFN(start + c->len));
	memunmap(mem);
	account(&gpu->scrub, c->len, left_out);
	return 0;
}

/* Unlike nvgrace_gpu_ready_wait() it also ends when the scrub is stopped. */
static int wait_ready(struct nvgrace_gpu *gpu)
{
	int ret;

	while ((ret = nvgrace_gpu_ready_poll(gpu)) == -EAGAIN) {
		if (stopped(&gpu->scrub) || fatal_signal_pending(current))
			return -EINTR;
		msleep(SCRUB_POLL_MS);
	}
	return ret;
}

static void scrub_thread(struct work_struct *work)
{
	struct scrub_thread *thread = container_of(work, struct scrub_thread,
						   work);
	struct nvgrace_gpu *gpu = thread->gpu;
	struct chunk c;
	int ret = 0;

	while (!ret && claim(gpu, &c)) {
		while ((ret = zero(gpu, &c)) == -EAGAIN) {
			ret = wait_ready(gpu);
			if (ret)
				break;
		}
		cond_resched();
	}
	if (ret)
		stop(&gpu->scrub, ret);
	if (atomic_dec_and_test(&gpu->scrub.running))
		wake_up_all(&gpu->scrub.wait);
}

static unsigned int thread_count(void)
{
	return min(num_online_cpus(), SCRUB_THREADS_MAX);
}

/* Zeroes what there is, until it is done or the caller is killed. */
static int run_threads(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_scrub *scrub = &gpu->scrub;
	unsigned int i, count = thread_count();
	struct scrub_thread *threads;

	threads = kcalloc(count, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;

	atomic_set(&scrub->running, count);
	for (i = 0; i < count; i++) {
		threads[i].gpu = gpu;
		INIT_WORK(&threads[i].work, scrub_thread);
		queue_work(scrub->workers, &threads[i].work);
	}
	if (wait_event_killable(scrub->wait, !atomic_read(&scrub->running)))
		stop(scrub, -EINTR);
	for (i = 0; i < count; i++)
		flush_work(&threads[i].work);
	kfree(threads);
	return 0;
}

static int zero_all(struct nvgrace_gpu *gpu)
{
	int ret = wait_ready(gpu);

	return ret ?: run_threads(gpu);
}

/* The PCI core must not be waited for by whoever it may be waiting for. */
static int reset(struct nvgrace_gpu *gpu)
{
	int ret;

	while ((ret = pci_try_reset_function(gpu->core.pdev)) == -EAGAIN) {
		if (stopped(&gpu->scrub))
			return -EINTR;
		msleep(SCRUB_POLL_MS);
	}
	return ret;
}

static int reset_and_zero(struct nvgrace_gpu *gpu)
{
	struct pci_dev *pdev = gpu->core.pdev;
	void __iomem *bar0;
	int ret;

	ret = reset(gpu);
	if (ret)
		return ret;
	bar0 = pci_iomap(pdev, 0, 0);
	if (!bar0)
		return -ENOMEM;

	nvgrace_gpu_ready_open(gpu, bar0);
	ret = zero_all(gpu);
	nvgrace_gpu_ready_close(gpu);
	pci_iounmap(pdev, bar0);
	return ret;
}

/* What vfio-pci-core does for an open device, as far as the memory needs it. */
static int power_up_and_zero(struct nvgrace_gpu *gpu)
{
	struct pci_dev *pdev = gpu->core.pdev;
	int ret;

	ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret)
		return ret;
	ret = pci_enable_device(pdev);
	if (!ret) {
		pci_clear_master(pdev);
		ret = reset_and_zero(gpu);
		pci_disable_device(pdev);
	}
	pm_runtime_put(&pdev->dev);
	return ret;
}

/**
 * nvgrace_gpu_scrub_notify() - wake who polls scrub_state
 * @gpu: coherent device
 */
void nvgrace_gpu_scrub_notify(struct nvgrace_gpu *gpu)
{
	sysfs_notify(&gpu->core.pdev->dev.kobj, "nvgrace_gpu", "scrub_state");
}

static void begin(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_scrub *scrub = &gpu->scrub;

	scoped_guard(spinlock, &scrub->lock) {
		scrub->state = NVGRACE_GPU_SCRUBBING;
		scrub->claimed = 0;
		scrub->done = 0;
		scrub->left_out = 0;
		scrub->error = 0;
	}
	nvgrace_gpu_scrub_notify(gpu);
}

/* Clean is what was zeroed from end to end with nothing in between. */
static int finish(struct nvgrace_gpu *gpu, int ret)
{
	struct nvgrace_gpu_scrub *scrub = &gpu->scrub;

	scoped_guard(spinlock, &scrub->lock) {
		ret = ret ?: scrub->error;
		if (!ret && scrub->done != memory_size(gpu))
			ret = -EINTR;
		scrub->state = ret ? NVGRACE_GPU_DIRTY : NVGRACE_GPU_CLEAN;
	}
	nvgrace_gpu_scrub_notify(gpu);
	return ret;
}

static void report(struct nvgrace_gpu *gpu, s64 ns, int ret)
{
	const struct nvgrace_gpu_scrub *scrub = &gpu->scrub;
	struct pci_dev *pdev = gpu->core.pdev;

	trace_nvgrace_gpu_scrub(gpu, ns, ret);
	if (ret)
		pci_err(pdev, "GPU memory scrubbed only %llu of %llu MiB (%d), it may hold the last user's data; scrubbed at the next open unless scrub_policy is off\n",
			scrub->done / SZ_1M, memory_size(gpu) / SZ_1M, ret);
	else
		pci_info(pdev, "GPU memory scrubbed: %llu MiB in %lld ms, %llu bad pages left out\n",
			 scrub->done / SZ_1M, ns / NSEC_PER_MSEC,
			 scrub->left_out);
}

/* @how: zeroes the memory of a device in the state the caller found it in */
static int scrub(struct nvgrace_gpu *gpu, int (*how)(struct nvgrace_gpu *gpu))
{
	ktime_t began = ktime_get();
	int ret;

	begin(gpu);
	ret = finish(gpu, how(gpu));
	report(gpu, ktime_to_ns(ktime_sub(ktime_get(), began)), ret);
	return ret;
}

static void scrub_in_background(struct work_struct *work)
{
	struct nvgrace_gpu *gpu = container_of(work, struct nvgrace_gpu,
					       scrub.background);

	scrub(gpu, power_up_and_zero);
	scoped_guard(spinlock, &gpu->scrub.lock)
		gpu->scrub.busy = false;
	wake_up_all(&gpu->scrub.wait);
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
	struct nvgrace_gpu_scrub *scrub = &gpu->scrub;

	if (wait_event_killable(scrub->wait, !is_busy(scrub)))
		return -EINTR;
	return 0;
}

/* Is there something to scrub first? The promise holds whatever the policy is later. */
static bool promise(struct nvgrace_gpu_scrub *scrub)
{
	guard(spinlock)(&scrub->lock);
	scrub->promised = scrub->policy != NVGRACE_GPU_SCRUB_OFF;
	return scrub->promised && scrub->state != NVGRACE_GPU_CLEAN;
}

static int keep_promise(struct nvgrace_gpu *gpu)
{
	if (gpu->core.reset_works)
		return scrub(gpu, zero_all);

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
	struct nvgrace_gpu_scrub *scrub = &gpu->scrub;
	int ret = 0;

	if (promise(scrub))
		ret = keep_promise(gpu);
	scoped_guard(spinlock, &scrub->lock) {
		scrub->state = NVGRACE_GPU_DIRTY;
		if (ret)
			scrub->promised = false;
	}
	nvgrace_gpu_scrub_notify(gpu);
	return ret;
}

/**
 * nvgrace_gpu_scrub_close() - the last user is gone
 * @gpu: coherent device that has been disabled
 */
void nvgrace_gpu_scrub_close(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_scrub *scrub = &gpu->scrub;

	guard(spinlock)(&scrub->lock);
	scrub->promised = false;
	if (scrub->policy != NVGRACE_GPU_SCRUB_ON_CLOSE || scrub->unbinding)
		return;
	scrub->busy = true;
	queue_work(scrub->workers, &scrub->background);
}

/**
 * nvgrace_gpu_scrub_outdated() - pages that were left out are to be shown again
 * @gpu: coherent device
 *
 * Context: map_lock held for write until they are shown, so that no scrub leaves
 * them out meanwhile.
 * Return: 0, and the memory is dirty; -EBUSY if that comes too late for who has it.
 */
int nvgrace_gpu_scrub_outdated(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_scrub *scrub = &gpu->scrub;

	lockdep_assert_held_write(&gpu->map_lock);
	guard(spinlock)(&scrub->lock);
	if (scrub->state == NVGRACE_GPU_SCRUBBING || scrub->promised)
		return -EBUSY;
	scrub->state = NVGRACE_GPU_DIRTY;
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
	return sysfs_emit(buf, "%s\n",
			  policy_names[READ_ONCE(gpu->scrub.policy)]);
}

/**
 * nvgrace_gpu_scrub_policy_set() - choose when the memory is scrubbed
 * @gpu: coherent device
 * @name: as it came from user space
 *
 * Holds from the next open or close on.
 *
 * Return: 0; -EINVAL for what is no policy.
 */
int nvgrace_gpu_scrub_policy_set(struct nvgrace_gpu *gpu, const char *name)
{
	int policy = sysfs_match_string(policy_names, name);

	if (policy < 0)
		return policy;
	guard(spinlock)(&gpu->scrub.lock);
	WRITE_ONCE(gpu->scrub.policy, policy);
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
		[NVGRACE_GPU_DIRTY] = "dirty",
		[NVGRACE_GPU_SCRUBBING] = "scrubbing",
		[NVGRACE_GPU_CLEAN] = "clean",
	};

	return sysfs_emit(buf, "%s\n", names[READ_ONCE(gpu->scrub.state)]);
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
	guard(spinlock)(&gpu->scrub.lock);
	return sysfs_emit(buf, "%llu %llu\n", gpu->scrub.done,
			  memory_size(gpu));
}

/**
 * nvgrace_gpu_scrub_init() - nothing is known of the memory yet
 * @gpu: coherent device being probed
 *
 * Return: 0 or -ENOMEM.
 */
int nvgrace_gpu_scrub_init(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_scrub *scrub = &gpu->scrub;

	spin_lock_init(&scrub->lock);
	init_waitqueue_head(&scrub->wait);
	INIT_WORK(&scrub->background, scrub_in_background);
	scrub->policy = READ_ONCE(default_policy);
	scrub->state = NVGRACE_GPU_DIRTY;
	/* One of them waits for the others. */
	scrub->workers = alloc_workqueue("nvgrace-gpu-scrub/%s", WQ_UNBOUND,
					 SCRUB_THREADS_MAX + 1,
					 pci_name(gpu->core.pdev));
	return scrub->workers ? 0 : -ENOMEM;
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
	guard(spinlock)(&gpu->scrub.lock);
	gpu->scrub.unbinding = true;
}

/**
 * nvgrace_gpu_scrub_release() - undo nvgrace_gpu_scrub_init(), if there was one
 * @gpu: device that nobody has open or can open
 */
void nvgrace_gpu_scrub_release(struct nvgrace_gpu *gpu)
{
	if (gpu->scrub.workers)
		destroy_workqueue(gpu->scrub.workers);
}
