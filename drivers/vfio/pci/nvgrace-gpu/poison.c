// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poison: pages of the GPU memory that have lost their content.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The kernel's memory_failure() is told of poison, by firmware or by whoever
 * consumed it. The driver meets it at these places:
 *
 *   register_pfn_address_space()  asks in which VMAs the page is seen, for the
 *				   SIGBUS that tells their processes
 *   its callback for failures	   in kernels that have it, before mm unmaps the page
 *				   and tells anybody
 *   memory_failure_event	   a tracepoint, in the others, at the end of every
 *				   failure
 *
 * The last two put the page on the list, whether or not anybody has the device open. A
 * work item then removes all CPU views of it: also that of a fault that had looked at the
 * list already, and is not seen by mm.
 *
 * Invariants. A page on the list of views.c is shown to nobody. The list lives as
 * long as the device is bound, and only an administrator clears it: resets do not
 * repair memory.
 *
 * The tracepoint is met by any task; Linux 6.12 calls it with preemption off. Hence a
 * list without allocations under a lock that does not sleep in a PREEMPT_RT kernel,
 * either.
 */

#include <linux/kobject.h>
#include <linux/memory-failure.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include <trace/events/memory-failure.h>

#include "nvgrace_gpu.h"
#include "trace.h"

#define FAILURE_EVENT	"memory_failure_event"

#define TOO_MANY	"GPU memory has more than %u bad pages, none of it is given to anybody; replace the GPU\n"

/**
 * struct nvgrace_gpu_poison - what has been done about the list
 * @space: how mm finds who maps a bad page, and whom it tells
 * @registered: mm knows of @space; written by probe
 * @event: the tracepoint that is listened to, NULL if there is none; written by
 *	   probe
 * @told: so many of the pages have been withdrawn and reported; views.bad_lock
 * @told_full: the same for a list that has run over; views.bad_lock
 * @gpu: whose
 * @work: withdraws and reports
 */
struct nvgrace_gpu_poison {
	struct pfn_address_space space;
	bool registered;
	struct tracepoint *event;
	unsigned int told;
	bool told_full;
	struct nvgrace_gpu *gpu;
	struct work_struct work;
};

static u64 first_pfn(const struct nvgrace_gpu *gpu)
{
	return PHYS_PFN(gpu->layout.usemem.base);
}

static u64 end_pfn(const struct nvgrace_gpu *gpu)
{
	return first_pfn(gpu) + PHYS_PFN(nvgrace_gpu_memory_size(gpu));
}

/*
 * Which kernels have the callback is for compat.h to know. None of kernel.org has: it
 * comes with the patches in patches/.
 */
#ifndef pfn_address_space_calls
static bool pfn_address_space_calls(struct pfn_address_space *space,
				    void (*failed)(struct pfn_address_space *space,
						   unsigned long pfn))
{
	return false;
}
#endif

static void note(struct nvgrace_gpu *gpu, u64 pfn)
{
	bool added;

	scoped_guard(raw_spinlock_irqsave, &gpu->views.bad_lock)
		added = nvgrace_gpu_badpages_add(&gpu->views.bad, pfn);
	if (added)
		queue_work(system_long_wq, &gpu->poison->work);
}

/* Prototype of the event; what mm could do about the page does not matter. */
static void note_failure(void *data, unsigned long pfn, int type, int result)
{
	struct nvgrace_gpu *gpu = data;

	if (pfn >= first_pfn(gpu) && pfn < end_pfn(gpu))
		note(gpu, pfn);
}

/*
 * mm unmaps the page next. Waiting for the work item here would be waiting for memory_lock,
 * which a hot reset holds while it waits for devices that are being bound, and those may
 * wait for mm's lock around this call.
 */
static void page_failed(struct pfn_address_space *space, unsigned long pfn)
{
	note(container_of(space, struct nvgrace_gpu_poison, space)->gpu, pfn);
}

/* The next page that nobody was told of, or false. */
static bool next_untold(struct nvgrace_gpu *gpu, u64 *pfn)
{
	guard(raw_spinlock_irqsave)(&gpu->views.bad_lock);
	if (gpu->poison->told == gpu->views.bad.count)
		return false;
	*pfn = gpu->views.bad.pfn[gpu->poison->told++];
	return true;
}

/* Every process may listen to uevents: the address is for administrators only. */
static void tell(struct nvgrace_gpu *gpu, u64 pfn)
{
	struct pci_dev *pdev = gpu->core.pdev;
	char count[40];
	char *env[2] = { count };

	snprintf(count, sizeof(count), "NVGRACE_GPU_BAD_PAGE_COUNT=%u",
		 nvgrace_gpu_bad_page_count(gpu));
	trace_nvgrace_gpu_bad_page(gpu, pfn);
	pci_err(pdev, "GPU memory at %#llx is poisoned; the page is given to nobody until the GPU is bound anew or its bad_pages are cleared\n",
		(u64)PFN_PHYS(pfn));
	kobject_uevent_env(&pdev->dev.kobj, KOBJ_CHANGE, env);
}

static bool told_of_overflow(struct nvgrace_gpu *gpu)
{
	guard(raw_spinlock_irqsave)(&gpu->views.bad_lock);
	if (!gpu->views.bad.full || gpu->poison->told_full)
		return true;
	gpu->poison->told_full = true;
	return false;
}

static void withdraw_pages(struct work_struct *work)
{
	struct nvgrace_gpu *gpu = container_of(work, struct nvgrace_gpu_poison,
					       work)->gpu;
	u64 pfn;

	while (next_untold(gpu, &pfn)) {
		nvgrace_gpu_withdraw(gpu, pfn, pfn + 1);
		tell(gpu, pfn);
	}
	if (told_of_overflow(gpu))
		return;

	nvgrace_gpu_withdraw(gpu, first_pfn(gpu), end_pfn(gpu));
	pci_err(gpu->core.pdev, TOO_MANY, NVGRACE_GPU_BADPAGES_MAX);
}

static bool has_run_over(struct nvgrace_gpu *gpu)
{
	guard(raw_spinlock_irqsave)(&gpu->views.bad_lock);
	return gpu->views.bad.full;
}

/**
 * nvgrace_gpu_check_bad_pages() - tell whoever opens the device
 * @gpu: coherent device
 *
 * Return: 0; -EIO after one log line, which is rate-limited, if there are too many
 * to use the memory.
 */
int nvgrace_gpu_check_bad_pages(struct nvgrace_gpu *gpu)
{
	unsigned int count = nvgrace_gpu_bad_page_count(gpu);
	struct device *dev = &gpu->core.pdev->dev;

	if (has_run_over(gpu)) {
		dev_err_ratelimited(dev, TOO_MANY, NVGRACE_GPU_BADPAGES_MAX);
		return -EIO;
	}
	if (count)
		dev_warn_ratelimited(dev, "opened with %u bad pages, accesses to them fail; see bad_pages\n",
				     count);
	return 0;
}

/**
 * nvgrace_gpu_bad_page_count() - how many bad pages are known
 * @gpu: coherent device
 *
 * Return: their number, %NVGRACE_GPU_BADPAGES_MAX if there are more.
 */
unsigned int nvgrace_gpu_bad_page_count(struct nvgrace_gpu *gpu)
{
	guard(raw_spinlock_irqsave)(&gpu->views.bad_lock);
	return gpu->views.bad.count;
}

/* The @i-th page of the list, or false. */
static bool bad_page(struct nvgrace_gpu *gpu, unsigned int i, u64 *pfn)
{
	guard(raw_spinlock_irqsave)(&gpu->views.bad_lock);
	if (i >= gpu->views.bad.count)
		return false;
	*pfn = gpu->views.bad.pfn[i];
	return true;
}

/**
 * nvgrace_gpu_bad_pages_show() - list the bad pages
 * @gpu: coherent device
 * @buf: a page, for sysfs
 *
 * Return: bytes written: a line per page, its physical address in bytes.
 */
ssize_t nvgrace_gpu_bad_pages_show(struct nvgrace_gpu *gpu, char *buf)
{
	ssize_t len = 0;
	unsigned int i;
	u64 pfn;

	for (i = 0; bad_page(gpu, i, &pfn); i++)
		len += sysfs_emit_at(buf, len, "%#llx\n", (u64)PFN_PHYS(pfn));
	if (has_run_over(gpu))
		len += sysfs_emit_at(buf, len, "more\n");
	return len;
}

/**
 * nvgrace_gpu_bad_pages_forget() - all memory is good again
 * @gpu: coherent device
 *
 * Return: how many pages were on the list.
 */
unsigned int nvgrace_gpu_bad_pages_forget(struct nvgrace_gpu *gpu)
{
	unsigned int count;

	guard(raw_spinlock_irqsave)(&gpu->views.bad_lock);
	count = gpu->views.bad.count;
	memset(&gpu->views.bad, 0, sizeof(gpu->views.bad));
	gpu->poison->told = 0;
	gpu->poison->told_full = false;
	return count;
}

static void find_event(struct tracepoint *tp, void *found)
{
	if (!strcmp(tp->name, FAILURE_EVENT))
		*(struct tracepoint **)found = tp;
}

static int listen(struct nvgrace_gpu *gpu)
{
	struct tracepoint *event = NULL;
	int ret;

#ifdef CONFIG_MEMORY_FAILURE
	check_trace_callback_type_memory_failure_event(note_failure);
#endif
	for_each_kernel_tracepoint(find_event, &event);
	if (!event)
		return -EOPNOTSUPP;
	ret = tracepoint_probe_register(event, note_failure, gpu);
	if (!ret)
		gpu->poison->event = event;
	return ret;
}

static int take_charge(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_poison *poison = gpu->poison;
	bool is_called;
	int ret;

	poison->space.node.start = first_pfn(gpu);
	poison->space.node.last = end_pfn(gpu) - 1;
	poison->space.mapping = gpu->core.vdev.inode->i_mapping;
	poison->space.pfn_to_vma_pgoff = nvgrace_gpu_vma_pgoff;
	is_called = pfn_address_space_calls(&poison->space, page_failed);

	ret = register_pfn_address_space(&poison->space);
	if (!ret && !is_called) {
		ret = listen(gpu);
		if (ret)
			unregister_pfn_address_space(&poison->space);
	}
	poison->registered = !ret;
	return ret;
}

/**
 * nvgrace_gpu_poison_init() - from now on poison is noticed
 * @gpu: coherent device being probed, its memory claimed
 *
 * A kernel without memory failure handling is no reason to refuse the device.
 *
 * Return: 0; an error, after one log line, if somebody else handles this memory;
 * -ENOMEM.
 */
int nvgrace_gpu_poison_init(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_poison *poison;
	int ret;

	poison = devm_kzalloc(&gpu->core.pdev->dev, sizeof(*poison), GFP_KERNEL);
	if (!poison)
		return -ENOMEM;
	gpu->poison = poison;
	poison->gpu = gpu;
	INIT_WORK(&poison->work, withdraw_pages);

	ret = take_charge(gpu);
	if (ret == -EOPNOTSUPP) {
		pci_info(gpu->core.pdev, "poison in GPU memory will go unnoticed: this kernel does not report it to drivers\n");
		return 0;
	}
	if (ret)
		pci_err(gpu->core.pdev, "poison in GPU memory cannot be handled (%d); is another driver in charge of this memory?\n",
			ret);
	return ret;
}

/**
 * nvgrace_gpu_poison_release() - undo nvgrace_gpu_poison_init()
 * @gpu: device that nobody has open
 */
void nvgrace_gpu_poison_release(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_poison *poison = gpu->poison;

	if (!poison || !poison->registered)
		return;
	unregister_pfn_address_space(&poison->space);
	if (poison->event) {
		tracepoint_probe_unregister(poison->event, note_failure, gpu);
		tracepoint_synchronize_unregister();
	}
	cancel_work_sync(&poison->work);
}
