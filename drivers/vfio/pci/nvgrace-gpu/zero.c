// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zeroes in all of a GPU's memory.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The zeroes are written through the mappings that users get, cacheable memory
 * coherently, by several threads. Each claims a chunk, maps it, zeroes it and
 * unmaps it again, holding views.lock: to a reset this is an access like any other,
 * and memory that gets unready is waited for. Bad pages are left out.
 *
 * Invariant: a run succeeds only if every byte of every good page was zeroed after
 * nvgrace_gpu_zero_begin().
 */

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/pm_runtime.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "nvgrace_gpu.h"
#include "zero.h"

/* One hold of views.lock: long against its cost, short to a reset that waits. */
#define CHUNK		SZ_16M
/*
 * Enough to fill the link to a GPU. All GPUs together take no more of the host's CPUs
 * than that, either, unless an administrator says so (max_active of the workqueue).
 */
#define THREADS_MAX	16U
#define POLL_MS		10

/* Runs the threads of all GPUs; immutable while the module is loaded. */
static struct workqueue_struct *workers;

struct thread {
	struct nvgrace_gpu_zero *zero;
	struct work_struct work;
};

/* A piece of one region; bytes. */
struct chunk {
	const struct nvgrace_gpu_region *region;
	u64 pos;
	u64 len;
};

static int finish(struct nvgrace_gpu_zero *zero, int ret)
{
	guard(spinlock)(&zero->lock);
	ret = ret ?: zero->error;
	if (!ret && zero->done != nvgrace_gpu_memory_size(zero->gpu))
		ret = -EINTR;
	return ret;
}

/* The first error stays. It keeps the threads from claiming more. */
static void stop(struct nvgrace_gpu_zero *zero, int error)
{
	guard(spinlock)(&zero->lock);
	if (!zero->error)
		zero->error = error;
}

static bool stopped_locked(const struct nvgrace_gpu_zero *zero)
{
	lockdep_assert_held(&zero->lock);
	return zero->error || zero->forbidden;
}

static bool stopped(struct nvgrace_gpu_zero *zero)
{
	guard(spinlock)(&zero->lock);
	return stopped_locked(zero);
}

static bool claim(struct nvgrace_gpu_zero *zero, struct chunk *c)
{
	const struct nvgrace_gpu *gpu = zero->gpu;
	const struct nvgrace_gpu_region *region = &gpu->layout.usemem;
	u64 pos;

	guard(spinlock)(&zero->lock);
	if (stopped_locked(zero) || zero->claimed == nvgrace_gpu_memory_size(gpu))
		return false;
	pos = zero->claimed;
	if (pos >= region->size) {
		pos -= region->size;
		region = &gpu->layout.resmem;
	}
	c->region = region;
	c->pos = pos;
	c->len = min(CHUNK, region->size - pos);
	zero->claimed += c->len;
	return true;
}

static void account(struct nvgrace_gpu_zero *zero, u64 bytes, u64 left_out)
{
	guard(spinlock)(&zero->lock);
	zero->done += bytes;
	zero->left_out += left_out;
}

/* @pfn, @end: the pages that @mem shows. Returns how many were left out. */
static u64 zero_good_pages(struct nvgrace_gpu *gpu, void *mem, u64 pfn, u64 end)
{
	u64 bad, left_out = 0;

	while (pfn < end) {
		bad = nvgrace_gpu_first_bad_page(gpu, pfn, end);
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
static int zero_chunk(struct nvgrace_gpu_zero *zero, const struct chunk *c)
{
	struct nvgrace_gpu *gpu = zero->gpu;
	bool cached = nvgrace_gpu_region_is_cached(gpu, c->region);
	u64 start = c->region->base + c->pos;
	u64 left_out;
	void *mem;
	int ret;

	guard(rwsem_read)(&gpu->core.memory_lock);
	guard(rwsem_read)(&gpu->views.lock);
	ret = nvgrace_gpu_may_touch(gpu);
	if (ret)
		return ret;

	mem = memremap(start, c->len, cached ? MEMREMAP_WB : MEMREMAP_WC);
	if (!mem)
		return -ENOMEM;
	left_out = zero_good_pages(gpu, mem, PHYS_PFN(start),
				   PHYS_PFN(start + c->len));
	memunmap(mem);
	account(zero, c->len, left_out);
	return 0;
}

/* Unlike nvgrace_gpu_ready_wait() it also ends when the run is stopped. */
static int wait_ready(struct nvgrace_gpu_zero *zero)
{
	int ret;

	while ((ret = nvgrace_gpu_ready_poll(zero->gpu)) == -EAGAIN) {
		if (stopped(zero) || fatal_signal_pending(current))
			return -EINTR;
		msleep(POLL_MS);
	}
	return ret;
}

/* One chunk; false if there is none left, or an error keeps it from being zeroed. */
static bool zero_next_chunk(struct nvgrace_gpu_zero *zero)
{
	struct chunk c;
	int ret;

	if (!claim(zero, &c))
		return false;
	while ((ret = zero_chunk(zero, &c)) == -EAGAIN) {
		ret = wait_ready(zero);
		if (ret)
			break;
	}
	if (ret)
		stop(zero, ret);
	return !ret;
}

static void queue(struct thread *thread)
{
	queue_work_node(dev_to_node(&thread->zero->gpu->core.pdev->dev), workers,
			&thread->work);
}

/* Queued anew for each chunk: so GPUs that are scrubbed at once take turns. */
static void run_thread(struct work_struct *work)
{
	struct thread *thread = container_of(work, struct thread, work);
	struct nvgrace_gpu_zero *zero = thread->zero;

	if (zero_next_chunk(zero))
		queue(thread);
	else if (atomic_dec_and_test(&zero->running))
		wake_up_all(&zero->wait);
}

static unsigned int thread_count(void)
{
	return min(num_online_cpus(), THREADS_MAX);
}

/*
 * Zeroes what there is, until it is done or the caller is killed. A thread may then
 * still wait for its turn behind those of other GPUs.
 */
static int run_threads(struct nvgrace_gpu_zero *zero)
{
	unsigned int i, count = thread_count();
	struct thread *threads;

	threads = kcalloc(count, sizeof(*threads), GFP_KERNEL);
	if (!threads)
		return -ENOMEM;

	atomic_set(&zero->running, count);
	for (i = 0; i < count; i++) {
		threads[i].zero = zero;
		INIT_WORK(&threads[i].work, run_thread);
		queue(&threads[i]);
	}
	if (wait_event_killable(zero->wait, !atomic_read(&zero->running)))
		stop(zero, -EINTR);
	for (i = 0; i < count; i++)
		cancel_work_sync(&threads[i].work);
	kfree(threads);
	return 0;
}

static int zero_all(struct nvgrace_gpu_zero *zero)
{
	int ret = wait_ready(zero);

	return ret ?: run_threads(zero);
}

/* The PCI core must not be waited for by whoever it may be waiting for. */
static int reset(struct nvgrace_gpu_zero *zero)
{
	int ret;

	while ((ret = pci_try_reset_function(zero->gpu->core.pdev)) == -EAGAIN) {
		if (stopped(zero))
			return -EINTR;
		msleep(POLL_MS);
	}
	return ret;
}

static int reset_and_zero(struct nvgrace_gpu_zero *zero)
{
	struct nvgrace_gpu *gpu = zero->gpu;
	struct pci_dev *pdev = gpu->core.pdev;
	void __iomem *bar0;
	int ret;

	ret = reset(zero);
	if (ret)
		return ret;
	bar0 = pci_iomap(pdev, 0, 0);
	if (!bar0)
		return -ENOMEM;

	nvgrace_gpu_ready_open(gpu, bar0);
	ret = zero_all(zero);
	nvgrace_gpu_ready_close(gpu);
	pci_iounmap(pdev, bar0);
	return ret;
}

/* What vfio-pci-core does for an open device, as far as the memory needs it. */
static int power_up_and_zero(struct nvgrace_gpu_zero *zero)
{
	struct pci_dev *pdev = zero->gpu->core.pdev;
	int ret;

	ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret)
		return ret;
	ret = pci_enable_device(pdev);
	if (!ret) {
		pci_clear_master(pdev);
		ret = reset_and_zero(zero);
		pci_disable_device(pdev);
	}
	pm_runtime_put(&pdev->dev);
	return ret;
}

/**
 * nvgrace_gpu_zero_begin() - nothing is zeroed yet
 * @zero: of a device whose memory nobody is zeroing
 */
void nvgrace_gpu_zero_begin(struct nvgrace_gpu_zero *zero)
{
	guard(spinlock)(&zero->lock);
	zero->claimed = 0;
	zero->done = 0;
	zero->left_out = 0;
	zero->error = 0;
}

/**
 * nvgrace_gpu_zero_enabled() - zero the memory of a device that is being opened
 * @zero: begun; of a coherent device that vfio-pci-core has enabled and reset
 *
 * Context: may take as long as the GPU to become ready and its memory to be
 * written once; a fatal signal ends it.
 * Return: 0 if all of it was zeroed, or -errno.
 */
int nvgrace_gpu_zero_enabled(struct nvgrace_gpu_zero *zero)
{
	return finish(zero, zero_all(zero));
}

/**
 * nvgrace_gpu_zero_closed() - zero the memory of a device that nobody has open
 * @zero: begun; of a coherent device, which is powered up and reset first
 *
 * Context: as nvgrace_gpu_zero_enabled().
 * Return: 0 if all of it was zeroed, or -errno.
 */
int nvgrace_gpu_zero_closed(struct nvgrace_gpu_zero *zero)
{
	return finish(zero, power_up_and_zero(zero));
}

/**
 * nvgrace_gpu_zero_done() - how far the run has come
 * @zero: any
 *
 * Return: bytes.
 */
u64 nvgrace_gpu_zero_done(struct nvgrace_gpu_zero *zero)
{
	guard(spinlock)(&zero->lock);
	return zero->done;
}

/**
 * nvgrace_gpu_zero_forbid() - end the run, and let no other begin
 * @zero: any
 *
 * Does not wait for the end. Several may forbid it, each for reasons of his own.
 */
void nvgrace_gpu_zero_forbid(struct nvgrace_gpu_zero *zero)
{
	guard(spinlock)(&zero->lock);
	zero->forbidden++;
}

/**
 * nvgrace_gpu_zero_allow() - undo nvgrace_gpu_zero_forbid()
 * @zero: any
 */
void nvgrace_gpu_zero_allow(struct nvgrace_gpu_zero *zero)
{
	guard(spinlock)(&zero->lock);
	zero->forbidden--;
}

/**
 * nvgrace_gpu_zero_is_forbidden() - was nvgrace_gpu_zero_forbid() called
 * @zero: any
 *
 * Return: true if it was.
 */
bool nvgrace_gpu_zero_is_forbidden(struct nvgrace_gpu_zero *zero)
{
	guard(spinlock)(&zero->lock);
	return zero->forbidden;
}

/**
 * nvgrace_gpu_zero_init() - get ready for the first run
 * @zero: to be set up, all zero
 * @gpu: coherent device being probed
 */
void nvgrace_gpu_zero_init(struct nvgrace_gpu_zero *zero,
			   struct nvgrace_gpu *gpu)
{
	zero->gpu = gpu;
	spin_lock_init(&zero->lock);
	init_waitqueue_head(&zero->wait);
}

/**
 * nvgrace_gpu_zero_module_init() - make the threads of all GPUs
 *
 * Near its GPU each, of any CPU; an administrator finds their number, nice value and
 * CPUs in /sys/devices/virtual/workqueue/nvgrace-gpu-scrub.
 *
 * Return: 0 or -ENOMEM.
 */
int nvgrace_gpu_zero_module_init(void)
{
	workers = alloc_workqueue("nvgrace-gpu-scrub", WQ_UNBOUND | WQ_SYSFS,
				  THREADS_MAX);
	return workers ? 0 : -ENOMEM;
}

/**
 * nvgrace_gpu_zero_module_exit() - undo nvgrace_gpu_zero_module_init()
 */
void nvgrace_gpu_zero_module_exit(void)
{
	destroy_workqueue(workers);
}
