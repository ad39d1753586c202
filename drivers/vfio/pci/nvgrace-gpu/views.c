// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views: who sees the GPU memory, and when. The driver's one rule.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Vocabulary
 *   view       a way for a CPU to reach the memory: a user mapping, or a window
 *   state      READY, or why the memory must not be touched
 *   bad page   a page that has lost its content (poison)
 *   window     a part of the memory that the kernel sees for read() and write(); as
 *              many as CPUs, so that no CPU waits for another one's copy
 *
 * The rule. A view is made and used with the lock held for read while the state is
 * READY, and shows no bad page. READY is left only by nvgrace_gpu_revoke(), with the
 * lock held for write, and it removes every view before the lock is released. A page
 * that goes bad is put on the list first and then taken out of every view. So no view
 * outlives readiness, and none shows a bad page once nvgrace_gpu_withdraw() has
 * returned.
 *
 * This file knows nothing of resets, power, or why a page is bad. It calls no other
 * file of the driver but those that are pure; all others call it.
 */

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "memory.h"
#include "nvgrace_gpu.h"
#include "trace.h"

/*
 * Bytes. What is mapped must be unmapped, so a window shows little where accesses are
 * scattered, and more from one to the next where they go on. WINDOWS_MAX of them, of
 * WINDOW_MAX bytes, is all that a device holds of the kernel's address space, even if
 * that has 39 bits only.
 */
#define WINDOW_MIN	SZ_2M
#define WINDOW_MAX	SZ_16M
#define WINDOWS_MAX	64U

/**
 * struct nvgrace_gpu_window - a part of the memory that the kernel sees
 * @lock: protects the rest while views.lock is held for read
 * @region: the region it is a part of, NULL when there is none
 * @start: offset in @region, bytes
 * @size: bytes
 * @addr: kernel address
 */
struct nvgrace_gpu_window {
	struct mutex lock; /* the rest */
	const struct nvgrace_gpu_region *region;
	u64 start;
	u64 size;
	void *addr;
};

/**
 * nvgrace_gpu_views_init() - nobody sees anything
 * @gpu: device being probed
 *
 * Return: 0 or -ENOMEM.
 */
int nvgrace_gpu_views_init(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_views *views = &gpu->views;
	unsigned int i;

	init_rwsem(&views->lock);
	views->nr_windows = min(num_possible_cpus(), WINDOWS_MAX);
	views->windows = devm_kcalloc(&gpu->core.pdev->dev, views->nr_windows,
				      sizeof(*views->windows), GFP_KERNEL);
	if (!views->windows)
		return -ENOMEM;
	for (i = 0; i < views->nr_windows; i++)
		mutex_init(&views->windows[i].lock);
	return 0;
}

/**
 * nvgrace_gpu_state_name() - a state as sysfs shows it
 * @state: any state
 *
 * Return: one static word.
 */
const char *nvgrace_gpu_state_name(enum nvgrace_gpu_state state)
{
	static const char * const names[] = {
		[NVGRACE_GPU_CLOSED] = "unknown",
		[NVGRACE_GPU_RESETTING] = "waiting",
		[NVGRACE_GPU_WAITING] = "waiting",
		[NVGRACE_GPU_READY] = "ready",
		[NVGRACE_GPU_FAILED] = "failed",
		[NVGRACE_GPU_GONE] = "gone",
		[NVGRACE_GPU_LOST] = "lost",
	};

	return names[state];
}

static void set_state(struct nvgrace_gpu *gpu, enum nvgrace_gpu_state state)
{
	lockdep_assert_held_write(&gpu->views.lock);

	if (gpu->views.state == state)
		return;
	gpu->views.state = state;
	trace_nvgrace_gpu_state(gpu, nvgrace_gpu_state_name(state));
}

/* @start and @end: PFNs, of which any part may be in the region. */
static void zap_region(struct nvgrace_gpu *gpu, unsigned int index,
		       u64 start, u64 end)
{
	struct address_space *mapping = gpu->core.vdev.inode->i_mapping;
	const struct nvgrace_gpu_region *region;
	u64 first;

	region = nvgrace_gpu_region(gpu, index);
	if (!region)
		return;

	first = PHYS_PFN(region->base);
	start = max(start, first);
	end = min(end, first + PHYS_PFN(region->size));
	if (start < end)
		unmap_mapping_range(mapping, VFIO_PCI_INDEX_TO_OFFSET(index) +
					     PFN_PHYS(start - first),
				    PFN_PHYS(end - start), true);
}

static void drop_window(struct nvgrace_gpu_window *window)
{
	if (!window->region)
		return;
	memunmap(window->addr);
	window->region = NULL;
}

/*
 * Removes views of the PFNs; of the kernel's view all. vunmap() leaves translations in
 * TLBs until many have come together, those of earlier windows and of a scrub, too:
 * a CPU could still use them speculatively.
 */
static void zap(struct nvgrace_gpu *gpu, u64 start, u64 end)
{
	unsigned int i;

	lockdep_assert_held_write(&gpu->views.lock);

	for (i = 0; i < VFIO_PCI_NUM_REGIONS; i++)
		zap_region(gpu, i, start, end);
	for (i = 0; i < gpu->views.nr_windows; i++)
		drop_window(&gpu->views.windows[i]);
	vm_unmap_aliases();
}

/**
 * nvgrace_gpu_revoke() - the memory must not be touched from now on
 * @gpu: coherent device
 * @state: why; not READY
 *
 * Context: views.lock held for write.
 */
void nvgrace_gpu_revoke(struct nvgrace_gpu *gpu, enum nvgrace_gpu_state state)
{
	set_state(gpu, state);
	gpu->views.since = jiffies;
	zap(gpu, 0, U64_MAX);
}

/**
 * nvgrace_gpu_give_up() - the memory has not become ready
 * @gpu: coherent device whose memory is not READY: there is no view to be removed
 * @state: why; not READY
 *
 * Context: views.lock held for write.
 * Return: true if that is news.
 */
bool nvgrace_gpu_give_up(struct nvgrace_gpu *gpu, enum nvgrace_gpu_state state)
{
	bool news = gpu->views.state != state;

	set_state(gpu, state);
	return news;
}

/**
 * nvgrace_gpu_admit() - the memory may be mapped and touched from now on
 * @gpu: coherent, open device that has been seen ready
 *
 * Context: views.lock held for write.
 */
void nvgrace_gpu_admit(struct nvgrace_gpu *gpu)
{
	set_state(gpu, NVGRACE_GPU_READY);
}

/**
 * nvgrace_gpu_is_ready() - may the memory be mapped or touched now
 * @gpu: coherent, open device
 *
 * Context: views.lock held; the answer holds as long as it is.
 * Return: true if it may.
 */
bool nvgrace_gpu_is_ready(struct nvgrace_gpu *gpu)
{
	lockdep_assert_held(&gpu->views.lock);
	return gpu->views.state == NVGRACE_GPU_READY;
}

/**
 * nvgrace_gpu_first_bad_page() - the first bad page of a range
 * @gpu: coherent device
 * @start: first PFN
 * @end: exclusive
 *
 * Context: views.lock held: a page that goes bad later is withdrawn from whoever
 * gets it now.
 * Return: the lowest bad PFN, or @end if there is none.
 */
u64 nvgrace_gpu_first_bad_page(struct nvgrace_gpu *gpu, u64 start, u64 end)
{
	lockdep_assert_held(&gpu->views.lock);
	return nvgrace_gpu_memory_first_bad(gpu->memory, start, end);
}

/**
 * nvgrace_gpu_withdraw() - remove every view of pages that have gone bad
 * @gpu: coherent device
 * @start: first PFN; on the list, like all up to @end
 * @end: exclusive
 */
void nvgrace_gpu_withdraw(struct nvgrace_gpu *gpu, u64 start, u64 end)
{
	guard(rwsem_write)(&gpu->views.lock);
	zap(gpu, start, end);
}

/**
 * nvgrace_gpu_window_get() - take a window
 * @gpu: coherent device
 *
 * Context: no lock of the driver or of vfio-pci-core held: whoever waits for a window
 * must not have what a reset waits for.
 * Return: a window; nvgrace_gpu_window_put() gives it back.
 */
struct nvgrace_gpu_window *nvgrace_gpu_window_get(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_views *views = &gpu->views;
	unsigned int i, own = raw_smp_processor_id();
	struct nvgrace_gpu_window *window;

	for (i = 0; i < views->nr_windows; i++) {
		window = &views->windows[(own + i) % views->nr_windows];
		if (mutex_trylock(&window->lock))
			return window;
	}
	window = &views->windows[own % views->nr_windows];
	mutex_lock(&window->lock);
	return window;
}

/**
 * nvgrace_gpu_window_put() - give a window back
 * @window: that of nvgrace_gpu_window_get()
 */
void nvgrace_gpu_window_put(struct nvgrace_gpu_window *window)
{
	mutex_unlock(&window->lock);
}

/* How much to show at @pos: twice as much as before if that is where it ended. */
static u64 next_size(const struct nvgrace_gpu_window *window,
		     const struct nvgrace_gpu_region *region, u64 pos)
{
	if (window->region != region || pos != window->start + window->size)
		return WINDOW_MIN;
	return min_t(u64, 2 * window->size, WINDOW_MAX);
}

static int move_window(struct nvgrace_gpu *gpu, struct nvgrace_gpu_window *window,
		       const struct nvgrace_gpu_region *region, u64 pos)
{
	bool cached = nvgrace_gpu_region_is_cached(gpu, region);
	u64 size = next_size(window, region, pos);

	drop_window(window);
	window->start = ALIGN_DOWN(pos, size);
	window->size = min(size, region->size - window->start);
	window->addr = memremap(region->base + window->start, window->size,
				cached ? MEMREMAP_WB : MEMREMAP_WC);
	if (!window->addr)
		return -ENOMEM;
	window->region = region;
	return 0;
}

/**
 * nvgrace_gpu_view() - let the kernel see a piece of the memory
 * @gpu: coherent device
 * @window: the caller's
 * @region: region
 * @pos: offset in @region, bytes
 * @len: bytes wanted; shortened to what the window shows
 *
 * Context: views.lock held for read, the state READY; what is returned is valid as
 * long as the lock is held, and the window.
 * Return: kernel address of @pos, or NULL if there is no memory to map it.
 */
void *nvgrace_gpu_view(struct nvgrace_gpu *gpu,
		       struct nvgrace_gpu_window *window,
		       const struct nvgrace_gpu_region *region, u64 pos,
		       size_t *len)
{
	lockdep_assert_held_read(&gpu->views.lock);
	lockdep_assert_held(&window->lock);

	/* What lies before it is further away than any size: the difference wraps. */
	if ((window->region != region || pos - window->start >= window->size) &&
	    move_window(gpu, window, region, pos))
		return NULL;
	*len = min_t(u64, *len, window->start + window->size - pos);
	return window->addr + (pos - window->start);
}
