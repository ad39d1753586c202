/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's own device structure and what its files offer each other.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Lock order, outermost first:
 *
 *   device_lock or mmap_lock or VMA lock
 *     vfio core's memory_lock        power state and memory decode
 *       map_lock                     readiness, and all CPU views of the memory
 *         alias.lock                 the kernel's own view
 *         poison.lock                the list of bad pages
 *         scrub.lock                 who scrubs, and how far
 *         page table and mapping locks (zap, insert)
 *
 * The rule the driver is built around: a CPU view of the GPU memory (a user
 * mapping or the kernel alias) is created and used with map_lock held for read
 * and the state READY. Whoever makes the memory unready takes map_lock for
 * write, leaves READY and removes every view before releasing it. Waiting for
 * readiness happens with none of these locks held.
 */
#ifndef NVGRACE_GPU_H
#define NVGRACE_GPU_H

#include <linux/coherent_pfnmap.h>
#include <linux/memory-failure.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "badpages.h"
#include "bars.h"
#include "layout.h"

/* Guest-visible ABI: which region shows which memory. */
#define NVGRACE_GPU_RESMEM_INDEX	VFIO_PCI_BAR2_REGION_INDEX
#define NVGRACE_GPU_USEMEM_INDEX	VFIO_PCI_BAR4_REGION_INDEX

/**
 * enum nvgrace_gpu_state - whether CPUs may touch the GPU memory
 * @NVGRACE_GPU_CLOSED: nobody has the device open
 * @NVGRACE_GPU_RESETTING: a reset is under way
 * @NVGRACE_GPU_WAITING: after a reset, not yet seen ready
 * @NVGRACE_GPU_READY: seen ready since the last reset
 * @NVGRACE_GPU_FAILED: did not become ready in time
 * @NVGRACE_GPU_GONE: the device answers all ones
 * @NVGRACE_GPU_LOST: a reset or error recovery did not succeed
 *
 * FAILED and GONE are left again when a later access finds the memory ready, LOST
 * only by a reset, the one at open or close for instance: until then nothing of the
 * device is touched.
 */
enum nvgrace_gpu_state {
	NVGRACE_GPU_CLOSED,
	NVGRACE_GPU_RESETTING,
	NVGRACE_GPU_WAITING,
	NVGRACE_GPU_READY,
	NVGRACE_GPU_FAILED,
	NVGRACE_GPU_GONE,
	NVGRACE_GPU_LOST,
};

struct nvgrace_gpu;

/**
 * struct nvgrace_gpu_ready_ops - one way a GPU reports readiness
 * @name: for people
 * @timeout_ms: how long after a reset the memory may take at first sight
 * @test: 0 ready, -EAGAIN not yet, -ENODEV device gone; called with memory
 *	  decode on and map_lock held for write; may extend ready.deadline
 */
struct nvgrace_gpu_ready_ops {
	const char *name;
	unsigned int timeout_ms;
	int (*test)(struct nvgrace_gpu *gpu);
};

/**
 * struct nvgrace_gpu_ready - the readiness state machine
 * @ops: chosen at probe, immutable
 * @cxl_dvsec: config offset of the CXL Device DVSEC or 0, immutable
 * @wait_lock: one task polls, the others queue behind it; never taken with
 *	       another lock of the driver, of vfio-pci-core or of mm held (type1
 *	       holds its own when it maps for DMA what has to be waited for)
 * @bar0: registers while the device is open, else NULL; map_lock
 * @state: map_lock
 * @clock_runs: @since and @deadline are valid; map_lock
 * @since: jiffies when the memory began to get ready; map_lock
 * @deadline: jiffies after which unready memory is an error; map_lock
 * @cxl_active_phase: the CXL deadline has been extended; map_lock
 * @recovery_end: jiffies until which error recovery may reset the link; map_lock
 */
struct nvgrace_gpu_ready {
	const struct nvgrace_gpu_ready_ops *ops;
	u16 cxl_dvsec;
	struct mutex wait_lock; /* who polls */
	void __iomem *bar0;
	enum nvgrace_gpu_state state;
	bool clock_runs;
	unsigned long since;
	unsigned long deadline;
	bool cxl_active_phase;
	unsigned long recovery_end;
};

/**
 * struct nvgrace_gpu_alias - the kernel's own view: one window, see rw.c
 * @lock: protects the rest while map_lock is held for read
 * @region: the region the window shows, NULL when there is no window
 * @start: offset of the window in @region, bytes
 * @size: bytes
 * @addr: kernel address
 */
struct nvgrace_gpu_alias {
	struct mutex lock; /* the window */
	const struct nvgrace_gpu_region *region;
	u64 start;
	u64 size;
	void *addr;
};

/**
 * struct nvgrace_gpu_poison - bad pages of the memory, see poison.c
 * @space: how mm finds who maps a bad page
 * @event: the tracepoint that is listened to, NULL if there is none; written by
 *	   probe and remove
 * @lock: protects the rest but @work; taken with any lock held, and in any context
 * @pages: the list; PFNs
 * @told: so many of them have been withdrawn and reported
 * @told_full: the same for a list that has run over
 * @work: withdraws and reports
 */
struct nvgrace_gpu_poison {
	struct pfn_address_space space;
	struct tracepoint *event;
	spinlock_t lock; /* the list */
	struct nvgrace_gpu_badpages pages;
	unsigned int told;
	bool told_full;
	struct work_struct work;
};

/**
 * enum nvgrace_gpu_scrub_policy - when the memory is zeroed between two users
 * @NVGRACE_GPU_SCRUB_OFF: never
 * @NVGRACE_GPU_SCRUB_ON_CLOSE: as soon as the last user is gone
 * @NVGRACE_GPU_SCRUB_ON_OPEN: before the next one gets it
 */
enum nvgrace_gpu_scrub_policy {
	NVGRACE_GPU_SCRUB_OFF,
	NVGRACE_GPU_SCRUB_ON_CLOSE,
	NVGRACE_GPU_SCRUB_ON_OPEN,
};

/**
 * enum nvgrace_gpu_scrub_state - what the memory may hold
 * @NVGRACE_GPU_DIRTY: what a user left there
 * @NVGRACE_GPU_SCRUBBING: that, but it is being zeroed
 * @NVGRACE_GPU_CLEAN: zeroes; nobody has had it since
 */
enum nvgrace_gpu_scrub_state {
	NVGRACE_GPU_DIRTY,
	NVGRACE_GPU_SCRUBBING,
	NVGRACE_GPU_CLEAN,
};

/**
 * struct nvgrace_gpu_scrub - zeroing between users, see scrub.c
 * @lock: protects the rest but @workers, @background, @running and @wait
 * @policy: chosen by an administrator
 * @state: of the memory
 * @promised: who has the device open was promised scrubbed memory, whatever the
 *	      policy is now
 * @busy: @background is queued or runs
 * @unbinding: nothing may begin or go on
 * @error: what stopped the scrub that runs, or the last one; 0 or -errno
 * @claimed: bytes that threads have taken, from the start of the memory on
 * @done: bytes that they are through with
 * @left_out: bad pages among them
 * @workers: runs @background and the threads
 * @background: scrubs when nobody has the device open
 * @running: threads that have not ended
 * @wait: for @running to become 0, or @busy false
 */
struct nvgrace_gpu_scrub {
	spinlock_t lock; /* policy, state and progress */
	enum nvgrace_gpu_scrub_policy policy;
	enum nvgrace_gpu_scrub_state state;
	bool promised;
	bool busy;
	bool unbinding;
	int error;
	u64 claimed;
	u64 done;
	u64 left_out;
	struct workqueue_struct *workers;
	struct work_struct background;
	atomic_t running;
	wait_queue_head_t wait;
};

/**
 * struct nvgrace_gpu - a bound GPU
 * @core: must be first, vfio-pci-core finds its device through drvdata
 * @layout: immutable after probe; all zero in plain mode
 * @coherent: the memory is shown as BARs; immutable after probe
 * @verdict: what this host allows; immutable after probe
 * @map_lock: see the head of this file
 * @ready: readiness
 * @alias: the kernel's view of the memory
 * @poison: bad pages
 * @scrub: zeroing between users
 * @bars_lock: protects @bars.bar[].value
 * @bars: emulated base address registers
 */
struct nvgrace_gpu {
	struct vfio_pci_core_device core;
	struct nvgrace_gpu_layout layout;
	bool coherent;
	enum coherent_pfnmap_verdict verdict;
	struct rw_semaphore map_lock;
	struct nvgrace_gpu_ready ready;
	struct nvgrace_gpu_alias alias;
	struct nvgrace_gpu_poison poison;
	struct nvgrace_gpu_scrub scrub;
	spinlock_t bars_lock; /* values in bars */
	struct nvgrace_gpu_bars bars;
};

static inline struct nvgrace_gpu *to_nvgrace_gpu(struct vfio_device *core_vdev)
{
	return container_of(core_vdev, struct nvgrace_gpu, core.vdev);
}

/**
 * nvgrace_gpu_region() - the GPU memory behind a VFIO region
 * @gpu: device
 * @index: VFIO region index
 *
 * Return: the region, or NULL if vfio-pci-core serves @index.
 */
static inline const struct nvgrace_gpu_region *
nvgrace_gpu_region(const struct nvgrace_gpu *gpu, unsigned int index)
{
	if (index == NVGRACE_GPU_USEMEM_INDEX && gpu->layout.usemem.size)
		return &gpu->layout.usemem;
	if (index == NVGRACE_GPU_RESMEM_INDEX && gpu->layout.resmem.size)
		return &gpu->layout.resmem;
	return NULL;
}

static inline bool
nvgrace_gpu_region_is_cached(const struct nvgrace_gpu *gpu,
			     const struct nvgrace_gpu_region *region)
{
	return region == &gpu->layout.usemem;
}

/* platform.c */
bool nvgrace_gpu_platform_describes_memory(struct pci_dev *pdev);
int nvgrace_gpu_platform_init(struct nvgrace_gpu *gpu);
void nvgrace_gpu_platform_release(struct nvgrace_gpu *gpu);
const char *nvgrace_gpu_verdict_name(enum coherent_pfnmap_verdict verdict);
int nvgrace_gpu_check_verdict(struct nvgrace_gpu *gpu);

/* ready.c */
int nvgrace_gpu_ready_init(struct nvgrace_gpu *gpu);
void nvgrace_gpu_ready_open(struct nvgrace_gpu *gpu, void __iomem *bar0);
void nvgrace_gpu_ready_close(struct nvgrace_gpu *gpu);
void nvgrace_gpu_ready_invalidate(struct nvgrace_gpu *gpu);
void nvgrace_gpu_ready_gone(struct nvgrace_gpu *gpu);
void nvgrace_gpu_reset_begin(struct nvgrace_gpu *gpu);
void nvgrace_gpu_reset_end(struct nvgrace_gpu *gpu);
void nvgrace_gpu_link_frozen(struct nvgrace_gpu *gpu);
void nvgrace_gpu_link_recovered(struct nvgrace_gpu *gpu);
void nvgrace_gpu_link_failed(struct nvgrace_gpu *gpu);
bool nvgrace_gpu_is_ready(struct nvgrace_gpu *gpu);
int nvgrace_gpu_ready_poll(struct nvgrace_gpu *gpu);
int nvgrace_gpu_ready_wait(struct nvgrace_gpu *gpu, unsigned int task_state);
const char *nvgrace_gpu_state_name(enum nvgrace_gpu_state state);

/* config.c */
ssize_t nvgrace_gpu_config_read(struct nvgrace_gpu *gpu, char __user *buf,
				size_t count, loff_t *ppos);
ssize_t nvgrace_gpu_config_write(struct nvgrace_gpu *gpu,
				 const char __user *buf, size_t count,
				 loff_t *ppos);
void nvgrace_gpu_config_init(struct nvgrace_gpu *gpu);
void nvgrace_gpu_config_reset(struct nvgrace_gpu *gpu);

/* mmap.c */
int nvgrace_gpu_mmap_region(struct nvgrace_gpu *gpu,
			    const struct nvgrace_gpu_region *region,
			    struct vm_area_struct *vma);
void nvgrace_gpu_zap(struct nvgrace_gpu *gpu, u64 start, u64 end);
int nvgrace_gpu_vma_pgoff(struct vm_area_struct *vma, unsigned long pfn,
			  pgoff_t *pgoff);

/* dmabuf.c, for kernels whose vfio-pci-core has dma-bufs */
#ifdef CONFIG_VFIO_PCI_DMABUF
void nvgrace_gpu_dmabuf_init(struct nvgrace_gpu *gpu);
#else
static inline void nvgrace_gpu_dmabuf_init(struct nvgrace_gpu *gpu)
{
}
#endif

/* poison.c */
int nvgrace_gpu_poison_init(struct nvgrace_gpu *gpu);
void nvgrace_gpu_poison_release(struct nvgrace_gpu *gpu);
u64 nvgrace_gpu_first_poisoned(struct nvgrace_gpu *gpu, u64 start, u64 end);
int nvgrace_gpu_check_bad_pages(struct nvgrace_gpu *gpu);
unsigned int nvgrace_gpu_bad_page_count(struct nvgrace_gpu *gpu);
ssize_t nvgrace_gpu_bad_pages_show(struct nvgrace_gpu *gpu, char *buf);
int nvgrace_gpu_bad_pages_clear(struct nvgrace_gpu *gpu);

/* scrub.c */
int nvgrace_gpu_scrub_init(struct nvgrace_gpu *gpu);
void nvgrace_gpu_scrub_unbind(struct nvgrace_gpu *gpu);
void nvgrace_gpu_scrub_release(struct nvgrace_gpu *gpu);
int nvgrace_gpu_scrub_wait(struct nvgrace_gpu *gpu);
int nvgrace_gpu_scrub_open(struct nvgrace_gpu *gpu);
void nvgrace_gpu_scrub_close(struct nvgrace_gpu *gpu);
int nvgrace_gpu_scrub_outdated(struct nvgrace_gpu *gpu);
void nvgrace_gpu_scrub_notify(struct nvgrace_gpu *gpu);
int nvgrace_gpu_scrub_policy_set(struct nvgrace_gpu *gpu, const char *name);
ssize_t nvgrace_gpu_scrub_policy_show(struct nvgrace_gpu *gpu, char *buf);
ssize_t nvgrace_gpu_scrub_state_show(struct nvgrace_gpu *gpu, char *buf);
ssize_t nvgrace_gpu_scrub_progress_show(struct nvgrace_gpu *gpu, char *buf);

/* rw.c */
ssize_t nvgrace_gpu_region_read(struct nvgrace_gpu *gpu,
				const struct nvgrace_gpu_region *region,
				char __user *buf, size_t count, loff_t *ppos);
ssize_t nvgrace_gpu_region_write(struct nvgrace_gpu *gpu,
				 const struct nvgrace_gpu_region *region,
				 const char __user *buf, size_t count,
				 loff_t *ppos);
void nvgrace_gpu_alias_init(struct nvgrace_gpu *gpu);
void nvgrace_gpu_alias_drop(struct nvgrace_gpu *gpu);

/* sysfs.c */
extern const struct attribute_group *nvgrace_gpu_groups[];

#endif
