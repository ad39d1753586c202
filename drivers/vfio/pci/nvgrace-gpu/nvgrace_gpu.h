/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver's own device structure and what its files offer each other.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Layers. A file calls those below it, and none of its own layer or above:
 *
 *   main, sysfs				entry points
 *   sleep					sleep of the host
 *   scrub					the memory between two users
 *   poison record				memory failures; evidence
 *   config mmap rw dmabuf platform zero	users, firmware and the driver itself
 *   ready					when the memory is ready
 *   views					the rule: who sees the memory
 *   memory				what is known of the memory, bound or not
 *   status layout bars badpages trace	know nothing of the others
 *
 * Lock order, outermost first:
 *
 *   power_lock                       writes of the power state
 *   device_lock or mmap_lock or VMA lock, or a window's lock: the kernel's own view
 *     vfio core's memory_lock        power state and memory decode
 *       ranges_lock, bound_lock      who hears of poison, and which device shows the memory
 *       views.lock                   readiness, and all CPU views of the memory
 *         memory.lock                the list of bad pages
 *         scrub's and zero's locks     who scrubs, and how far
 *         page table and mapping locks (zap, insert)
 *
 * Waiting for readiness happens with none of these locks held.
 */
#ifndef NVGRACE_GPU_H
#define NVGRACE_GPU_H

#include <linux/coherent_pfnmap.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_core.h>

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

struct nvgrace_gpu_window;

/**
 * struct nvgrace_gpu_views - who sees the memory, see views.c
 * @lock: held for read to make or use a view, for write to end READY
 * @state: written by views.c only; @lock
 * @since: jiffies of the last nvgrace_gpu_revoke(); @lock
 * @windows: the kernel's own views; the array is immutable after probe
 * @nr_windows: in @windows
 */
struct nvgrace_gpu_views {
	struct rw_semaphore lock;
	enum nvgrace_gpu_state state;
	unsigned long since;
	struct nvgrace_gpu_window *windows;
	unsigned int nr_windows;
};

struct nvgrace_gpu_memory;
struct nvgrace_gpu_ready;
struct nvgrace_gpu_poison;
struct nvgrace_gpu_scrub;
struct nvgrace_gpu_sleep;

/**
 * struct nvgrace_gpu - a bound GPU
 * @core: must be first, vfio-pci-core finds its device through drvdata
 * @layout: immutable after probe; all zero in plain mode
 * @coherent: the memory is shown as BARs; immutable after probe
 * @verdict: what this host allows; immutable after probe
 * @views: who sees the memory
 * @memory: what is known of it; NULL in plain mode, like the next four
 * @ready: readiness
 * @poison: memory failures
 * @scrub: the memory between two users
 * @sleep: sleep of the host
 * @bars_lock: protects @bars.bar[].value
 * @bars: emulated base address registers
 * @power_lock: one write of the power state at a time
 * @config_at_probe: the device's own configuration; immutable after probe
 */
struct nvgrace_gpu {
	struct vfio_pci_core_device core;
	struct nvgrace_gpu_layout layout;
	bool coherent;
	enum coherent_pfnmap_verdict verdict;
	struct nvgrace_gpu_views views;
	struct nvgrace_gpu_memory *memory;
	struct nvgrace_gpu_ready *ready;
	struct nvgrace_gpu_poison *poison;
	struct nvgrace_gpu_scrub *scrub;
	struct nvgrace_gpu_sleep *sleep;
	spinlock_t bars_lock; /* values in bars */
	struct nvgrace_gpu_bars bars;
	struct mutex power_lock; /* writes of the power state */
	struct pci_saved_state *config_at_probe;
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

static inline u64 nvgrace_gpu_memory_size(const struct nvgrace_gpu *gpu)
{
	return gpu->layout.usemem.size + gpu->layout.resmem.size;
}

/* views.c */
int nvgrace_gpu_views_init(struct nvgrace_gpu *gpu);
const char *nvgrace_gpu_state_name(enum nvgrace_gpu_state state);
void nvgrace_gpu_revoke(struct nvgrace_gpu *gpu, enum nvgrace_gpu_state state);
bool nvgrace_gpu_give_up(struct nvgrace_gpu *gpu, enum nvgrace_gpu_state state);
void nvgrace_gpu_admit(struct nvgrace_gpu *gpu);
bool nvgrace_gpu_is_ready(struct nvgrace_gpu *gpu);
u64 nvgrace_gpu_first_bad_page(struct nvgrace_gpu *gpu, u64 start, u64 end);
void nvgrace_gpu_withdraw(struct nvgrace_gpu *gpu, u64 start, u64 end);
struct nvgrace_gpu_window *nvgrace_gpu_window_get(struct nvgrace_gpu *gpu);
void nvgrace_gpu_window_put(struct nvgrace_gpu_window *window);
void *nvgrace_gpu_view(struct nvgrace_gpu *gpu,
		       struct nvgrace_gpu_window *window,
		       const struct nvgrace_gpu_region *region, u64 pos,
		       size_t *len);

/* ready.c */
int nvgrace_gpu_ready_init(struct nvgrace_gpu *gpu);
const char *nvgrace_gpu_readiness_name(const struct nvgrace_gpu *gpu);
void nvgrace_gpu_ready_open(struct nvgrace_gpu *gpu, void __iomem *bar0);
void nvgrace_gpu_ready_close(struct nvgrace_gpu *gpu);
void nvgrace_gpu_ready_invalidate(struct nvgrace_gpu *gpu);
void nvgrace_gpu_ready_gone(struct nvgrace_gpu *gpu);
void nvgrace_gpu_reset_begin(struct nvgrace_gpu *gpu);
bool nvgrace_gpu_reset_end(struct nvgrace_gpu *gpu);
void nvgrace_gpu_recovery_begin(struct nvgrace_gpu *gpu, bool frozen);
void nvgrace_gpu_recovery_reset(struct nvgrace_gpu *gpu);
bool nvgrace_gpu_recovery_was_reset(struct nvgrace_gpu *gpu);
void nvgrace_gpu_recovery_done(struct nvgrace_gpu *gpu);
void nvgrace_gpu_recovery_failed(struct nvgrace_gpu *gpu);
int nvgrace_gpu_wake(struct nvgrace_gpu *gpu);
void nvgrace_gpu_let_sleep(struct nvgrace_gpu *gpu);
int nvgrace_gpu_may_touch(struct nvgrace_gpu *gpu);
int nvgrace_gpu_ready_poll(struct nvgrace_gpu *gpu);
int nvgrace_gpu_ready_wait(struct nvgrace_gpu *gpu, unsigned int task_state);

/* platform.c */
bool nvgrace_gpu_platform_describes_memory(struct pci_dev *pdev);
int nvgrace_gpu_platform_init(struct nvgrace_gpu *gpu);
void nvgrace_gpu_platform_release(struct nvgrace_gpu *gpu);
const char *nvgrace_gpu_verdict_name(enum coherent_pfnmap_verdict verdict);
int nvgrace_gpu_check_verdict(struct nvgrace_gpu *gpu);

/* config.c */
ssize_t nvgrace_gpu_config_read(struct nvgrace_gpu *gpu, char __user *buf,
				size_t count, loff_t *ppos);
ssize_t nvgrace_gpu_config_write(struct nvgrace_gpu *gpu,
				 const char __user *buf, size_t count,
				 loff_t *ppos);
int nvgrace_gpu_config_init(struct nvgrace_gpu *gpu);
void nvgrace_gpu_config_restore(struct nvgrace_gpu *gpu);
void nvgrace_gpu_config_reset(struct nvgrace_gpu *gpu);

/* mmap.c */
int nvgrace_gpu_mmap_region(struct nvgrace_gpu *gpu,
			    const struct nvgrace_gpu_region *region,
			    struct vm_area_struct *vma);
int nvgrace_gpu_vma_pgoff(struct vm_area_struct *vma, unsigned long pfn,
			  pgoff_t *pgoff);

/* rw.c */
ssize_t nvgrace_gpu_region_read(struct nvgrace_gpu *gpu,
				const struct nvgrace_gpu_region *region,
				char __user *buf, size_t count, loff_t *ppos);
ssize_t nvgrace_gpu_region_write(struct nvgrace_gpu *gpu,
				 const struct nvgrace_gpu_region *region,
				 const char __user *buf, size_t count,
				 loff_t *ppos);

/* dmabuf.c, for kernels whose vfio-pci-core has dma-bufs */
#ifdef CONFIG_VFIO_PCI_DMABUF
void nvgrace_gpu_dmabuf_init(struct nvgrace_gpu *gpu);
#else
static inline void nvgrace_gpu_dmabuf_init(struct nvgrace_gpu *gpu)
{
}
#endif

/* poison.c */
int nvgrace_gpu_poison_module_init(void);
void nvgrace_gpu_poison_module_exit(void);
int nvgrace_gpu_poison_init(struct nvgrace_gpu *gpu);
void nvgrace_gpu_poison_release(struct nvgrace_gpu *gpu);
int nvgrace_gpu_check_bad_pages(struct nvgrace_gpu *gpu);
unsigned int nvgrace_gpu_bad_page_count(struct nvgrace_gpu *gpu);
bool nvgrace_gpu_has_bad_pages(struct nvgrace_gpu *gpu);
void nvgrace_gpu_bad_pages_changed(struct nvgrace_gpu *gpu);
ssize_t nvgrace_gpu_bad_pages_show(struct nvgrace_gpu *gpu, char *buf);
unsigned int nvgrace_gpu_bad_pages_forget(struct nvgrace_gpu *gpu);
int nvgrace_gpu_bad_pages_add(struct nvgrace_gpu *gpu, u64 address);
void nvgrace_gpu_bad_pages_give_up(struct nvgrace_gpu *gpu);

/**
 * struct nvgrace_gpu_scrub_record - what came of a scrub
 * @ret: 0, or why the memory may still hold what a user left there; -errno
 * @bytes: that it is through with, bad pages among them
 * @left_out: bad pages among those that were passed
 * @ns: how long it took
 */
struct nvgrace_gpu_scrub_record {
	int ret;
	u64 bytes;
	u64 left_out;
	u64 ns;
};

/* record.c */
void nvgrace_gpu_record_scrub(struct nvgrace_gpu *gpu,
			      const struct nvgrace_gpu_scrub_record *scrub);
void nvgrace_gpu_record_tenancy(struct nvgrace_gpu *gpu, const char *policy, bool was_clean,
				u64 ns);

/* scrub.c */
int nvgrace_gpu_scrub_init(struct nvgrace_gpu *gpu);
void nvgrace_gpu_scrub_unbind(struct nvgrace_gpu *gpu);
void nvgrace_gpu_scrub_release(struct nvgrace_gpu *gpu);
int nvgrace_gpu_scrub_wait(struct nvgrace_gpu *gpu);
int nvgrace_gpu_scrub_open(struct nvgrace_gpu *gpu);
void nvgrace_gpu_scrub_close(struct nvgrace_gpu *gpu);
void nvgrace_gpu_scrub_pause(struct nvgrace_gpu *gpu);
void nvgrace_gpu_scrub_resume(struct nvgrace_gpu *gpu);
int nvgrace_gpu_bad_pages_clear(struct nvgrace_gpu *gpu);
int nvgrace_gpu_scrub_policy_set(struct nvgrace_gpu *gpu, const char *name);
ssize_t nvgrace_gpu_scrub_policy_show(struct nvgrace_gpu *gpu, char *buf);
ssize_t nvgrace_gpu_scrub_state_show(struct nvgrace_gpu *gpu, char *buf);
ssize_t nvgrace_gpu_scrub_progress_show(struct nvgrace_gpu *gpu, char *buf);

/* sleep.c */
int nvgrace_gpu_sleep_init(struct nvgrace_gpu *gpu);
void nvgrace_gpu_sleep_release(struct nvgrace_gpu *gpu);
int nvgrace_gpu_sleep_open(struct nvgrace_gpu *gpu);
void nvgrace_gpu_sleep_close(struct nvgrace_gpu *gpu);

/* sysfs.c */
extern const struct attribute_group *nvgrace_gpu_groups[];

#endif
