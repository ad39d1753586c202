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
 * The last two put the page on the list, whether or not a driver has the GPU. A work item
 * then removes all CPU views of it: also that of a fault that had looked at the list
 * already, and is not seen by mm.
 *
 * Vocabulary
 *   range      the memory of one GPU; found anew, by its address, when the GPU is bound anew
 *   listening  mm knows of the range, and tells this file
 *   bound      a device of this driver shows the range
 *
 * Invariants. A page on the list is shown to nobody, and only an administrator clears the
 * list: neither resets nor another user repair memory. A range listens from the first time
 * that it is bound until the module goes, or until another driver gets the GPU: that one
 * may want to be told itself.
 *
 * The tracepoint is met by any task; Linux 6.12 calls it with preemption off. Hence a
 * list without allocations under a lock that does not sleep in a PREEMPT_RT kernel,
 * either.
 */

#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/memory-failure.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/sysfs.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include <trace/events/memory-failure.h>

#include "memory.h"
#include "nvgrace_gpu.h"
#include "trace.h"

#define FAILURE_EVENT	"memory_failure_event"

static bool require_restored;
module_param(require_restored, bool, 0644);
MODULE_PARM_DESC(require_restored, "Refuse to open a GPU before bad_pages_restored has been set (default: N)");

/* udev, systemd and a program that reads some small files. */
#define RESTORED_WITHIN_MS	10000

#define TOO_MANY	"GPU memory has more than %u bad pages, none of it is given to anybody; replace the GPU\n"

/**
 * struct nvgrace_gpu_poison - a range, and what has been done about its bad pages
 * @list: in ranges
 * @memory: the range
 * @space: how mm finds who maps a bad page, and whom it tells
 * @listening: mm knows of @space; ranges_lock
 * @event: the tracepoint that is listened to, NULL if there is none; ranges_lock
 * @bus_address: of the GPU that has this memory
 * @bound_lock: protects @gpu
 * @gpu: the device that shows the range; NULL while there is none
 * @work: withdraws and reports
 */
struct nvgrace_gpu_poison {
	struct list_head list;
	struct nvgrace_gpu_memory memory;
	struct pfn_address_space space;
	bool listening;
	struct tracepoint *event;
	char bus_address[20];
	struct mutex bound_lock; /* gpu */
	struct nvgrace_gpu *gpu;
	struct work_struct work;
};

/* Held while a range begins or ceases to listen, and around mm's own lock for that. */
static DEFINE_MUTEX(ranges_lock);
static LIST_HEAD(ranges);

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

/* -EINVAL for a page of somebody else's. */
static int note(struct nvgrace_gpu_poison *poison, u64 pfn)
{
	int ret = nvgrace_gpu_memory_add(&poison->memory, pfn);

	if (ret > 0)
		queue_work(system_long_wq, &poison->work);
	return min(ret, 0);
}

/* Prototype of the event; what mm could do about the page does not matter. */
static void note_failure(void *data, unsigned long pfn, int type, int result)
{
	note(data, pfn);
}

/*
 * mm unmaps the page next. Waiting for the work item here would be waiting for memory_lock,
 * which a hot reset holds while it waits for devices that are being bound, and those may
 * wait for mm's lock around this call.
 */
static void page_failed(struct pfn_address_space *space, unsigned long pfn)
{
	note(container_of(space, struct nvgrace_gpu_poison, space), pfn);
}

/**
 * nvgrace_gpu_bad_pages_changed() - tell udev, and whoever waits in poll()
 * @gpu: coherent device
 *
 * Every process may listen to uevents: the addresses are for administrators only.
 *
 * Context: may sleep, and allocate.
 */
void nvgrace_gpu_bad_pages_changed(struct nvgrace_gpu *gpu)
{
	struct kobject *kobj = &gpu->core.pdev->dev.kobj;
	char count[40];
	char *env[2] = { count };

	snprintf(count, sizeof(count), "NVGRACE_GPU_BAD_PAGE_COUNT=%u",
		 nvgrace_gpu_bad_page_count(gpu));
	kobject_uevent_env(kobj, KOBJ_CHANGE, env);
	sysfs_notify(kobj, "nvgrace_gpu", "bad_pages");
}

static void tell(struct nvgrace_gpu *gpu, u64 pfn)
{
	trace_nvgrace_gpu_bad_page(gpu, pfn);
	pci_err(gpu->core.pdev, "GPU memory at %#llx is poisoned; the page is given to nobody until bad_pages is cleared\n",
		(u64)PFN_PHYS(pfn));
	nvgrace_gpu_bad_pages_changed(gpu);
}

/* Nobody sees a range that is not bound: there is nothing to be withdrawn. */
static void withdraw_page(struct nvgrace_gpu_poison *poison, u64 pfn)
{
	struct nvgrace_gpu *gpu = poison->gpu;

	if (gpu) {
		nvgrace_gpu_withdraw(gpu, pfn, pfn + 1);
		tell(gpu, pfn);
	} else {
		pr_err(KBUILD_MODNAME " %s: GPU memory at %#llx is poisoned; the GPU is not bound, and who gets it next will not get the page\n",
		       poison->bus_address, (u64)PFN_PHYS(pfn));
	}
}

static void withdraw_all(struct nvgrace_gpu_poison *poison)
{
	if (poison->gpu) {
		nvgrace_gpu_withdraw(poison->gpu, poison->memory.start,
				     poison->memory.end);
		nvgrace_gpu_bad_pages_changed(poison->gpu);
	}
	pr_err(KBUILD_MODNAME " %s: " TOO_MANY, poison->bus_address,
	       NVGRACE_GPU_BADPAGES_MAX);
}

static void withdraw_pages(struct work_struct *work)
{
	struct nvgrace_gpu_poison *poison = container_of(work,
							 struct nvgrace_gpu_poison,
							 work);
	u64 pfn;

	guard(mutex)(&poison->bound_lock);
	while (nvgrace_gpu_memory_next_untold(&poison->memory, &pfn))
		withdraw_page(poison, pfn);
	if (nvgrace_gpu_memory_untold_full(&poison->memory))
		withdraw_all(poison);
}

/* Who binds a GPU and opens it at once, as libvirt does, gives udev no time. */
static int require_known_pages(struct nvgrace_gpu *gpu)
{
	struct device *dev = &gpu->core.pdev->dev;
	int ret = 0;

	if (READ_ONCE(require_restored))
		ret = nvgrace_gpu_memory_wait_restored(gpu->memory,
						       msecs_to_jiffies(RESTORED_WITHIN_MS));
	if (ret == -EAGAIN)
		dev_err_ratelimited(dev, "open refused: the bad pages that were saved are not known yet; nvgrace-gpu-state restores them, and says what keeps it from that\n");
	if (!ret && nvgrace_gpu_memory_is_given_up(gpu->memory)) {
		dev_err_ratelimited(dev, TOO_MANY, NVGRACE_GPU_BADPAGES_MAX);
		ret = -EIO;
	}
	return ret;
}

/**
 * nvgrace_gpu_check_bad_pages() - tell whoever opens the device
 * @gpu: coherent device
 *
 * Context: may sleep until the pages of earlier are known, if they are required.
 * Return: 0; after one log line, which is rate-limited, -EIO if there are too many to
 * use the memory, -EAGAIN if those of earlier are not known after a while; -EINTR on a
 * fatal signal.
 */
int nvgrace_gpu_check_bad_pages(struct nvgrace_gpu *gpu)
{
	struct device *dev = &gpu->core.pdev->dev;
	unsigned int count;
	int ret;

	ret = require_known_pages(gpu);
	if (ret)
		return ret;
	count = nvgrace_gpu_bad_page_count(gpu);
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
	return nvgrace_gpu_memory_count(gpu->memory);
}

/**
 * nvgrace_gpu_has_bad_pages() - is there a page that nobody gets
 * @gpu: coherent device
 *
 * Return: true if there is; also if there are too many to be listed, and none was.
 */
bool nvgrace_gpu_has_bad_pages(struct nvgrace_gpu *gpu)
{
	return nvgrace_gpu_memory_count(gpu->memory) ||
	       nvgrace_gpu_memory_is_given_up(gpu->memory);
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

	for (i = 0; nvgrace_gpu_memory_page(gpu->memory, i, &pfn); i++)
		len += sysfs_emit_at(buf, len, "%#llx\n", (u64)PFN_PHYS(pfn));
	if (nvgrace_gpu_memory_is_given_up(gpu->memory))
		len += sysfs_emit_at(buf, len, "more\n");
	return len;
}

/**
 * nvgrace_gpu_bad_pages_forget() - all memory is good again
 * @gpu: coherent device
 *
 * Context: nvgrace_gpu_bad_pages_changed() has to follow, without views.lock.
 * Return: how many pages were on the list.
 */
unsigned int nvgrace_gpu_bad_pages_forget(struct nvgrace_gpu *gpu)
{
	return nvgrace_gpu_memory_forget(gpu->memory);
}

/**
 * nvgrace_gpu_bad_pages_add() - an administrator knows of a bad page
 * @gpu: coherent device
 * @address: of the page, bytes
 *
 * Return: 0, also for a page that is on the list: nobody sees it any more; -EINVAL if
 * @address is not that of a page of this GPU.
 */
int nvgrace_gpu_bad_pages_add(struct nvgrace_gpu *gpu, u64 address)
{
	int ret;

	if (!PAGE_ALIGNED(address))
		return -EINVAL;
	ret = note(gpu->poison, PHYS_PFN(address));
	flush_work(&gpu->poison->work);
	return ret;
}

/**
 * nvgrace_gpu_bad_pages_give_up() - an administrator knows of too many bad pages
 * @gpu: coherent device
 */
void nvgrace_gpu_bad_pages_give_up(struct nvgrace_gpu *gpu)
{
	nvgrace_gpu_memory_give_up(gpu->memory);
	queue_work(system_long_wq, &gpu->poison->work);
	flush_work(&gpu->poison->work);
}

static void find_event(struct tracepoint *tp, void *found)
{
	if (!strcmp(tp->name, FAILURE_EVENT))
		*(struct tracepoint **)found = tp;
}

static int hear_of_event(struct nvgrace_gpu_poison *poison)
{
	struct tracepoint *event = NULL;
	int ret;

#ifdef CONFIG_MEMORY_FAILURE
	check_trace_callback_type_memory_failure_event(note_failure);
#endif
	for_each_kernel_tracepoint(find_event, &event);
	if (!event)
		return -EOPNOTSUPP;
	ret = tracepoint_probe_register(event, note_failure, poison);
	if (!ret)
		poison->event = event;
	return ret;
}

static int listen(struct nvgrace_gpu_poison *poison)
{
	bool is_called;
	int ret;

	lockdep_assert_held(&ranges_lock);

	if (poison->listening)
		return 0;
	poison->space.node.start = poison->memory.start;
	poison->space.node.last = poison->memory.end - 1;
	poison->space.mapping = poison->memory.inode->i_mapping;
	poison->space.pfn_to_vma_pgoff = nvgrace_gpu_vma_pgoff;
	is_called = pfn_address_space_calls(&poison->space, page_failed);

	ret = register_pfn_address_space(&poison->space);
	if (!ret && !is_called) {
		ret = hear_of_event(poison);
		if (ret)
			unregister_pfn_address_space(&poison->space);
	}
	poison->listening = !ret;
	return ret;
}

static void stop_listening(struct nvgrace_gpu_poison *poison)
{
	lockdep_assert_held(&ranges_lock);

	if (!poison->listening)
		return;
	poison->listening = false;
	unregister_pfn_address_space(&poison->space);
	if (poison->event) {
		tracepoint_probe_unregister(poison->event, note_failure, poison);
		tracepoint_synchronize_unregister();
		poison->event = NULL;
	}
}

static struct nvgrace_gpu_poison *new_range(u64 start, u64 end)
{
	struct nvgrace_gpu_poison *poison = kzalloc(sizeof(*poison), GFP_KERNEL);
	int ret;

	if (!poison)
		return ERR_PTR(-ENOMEM);
	ret = nvgrace_gpu_memory_init(&poison->memory, start, end);
	if (ret) {
		kfree(poison);
		return ERR_PTR(ret);
	}
	mutex_init(&poison->bound_lock);
	INIT_WORK(&poison->work, withdraw_pages);
	list_add(&poison->list, &ranges);
	return poison;
}

static void free_range(struct nvgrace_gpu_poison *poison)
{
	stop_listening(poison);
	list_del(&poison->list);
	cancel_work_sync(&poison->work);
	nvgrace_gpu_memory_destroy(&poison->memory);
	kfree(poison);
}

/* Firmware describes other ranges than it did: what is in both is still bad. */
static void inherit(struct nvgrace_gpu_poison *poison)
{
	struct nvgrace_gpu_poison *old, *next;
	unsigned int i;
	u64 pfn;

	list_for_each_entry_safe(old, next, &ranges, list) {
		if (old == poison || old->memory.end <= poison->memory.start ||
		    old->memory.start >= poison->memory.end)
			continue;
		for (i = 0; nvgrace_gpu_memory_page(&old->memory, i, &pfn); i++)
			note(poison, pfn);
		if (nvgrace_gpu_memory_is_given_up(&old->memory))
			nvgrace_gpu_memory_give_up(&poison->memory);
		free_range(old);
	}
}

/* The device has claimed its memory: nobody else shows a part of it. */
static struct nvgrace_gpu_poison *find_range(const struct nvgrace_gpu *gpu)
{
	u64 start = PHYS_PFN(gpu->layout.usemem.base);
	u64 end = start + PHYS_PFN(nvgrace_gpu_memory_size(gpu));
	struct nvgrace_gpu_poison *poison;

	lockdep_assert_held(&ranges_lock);

	list_for_each_entry(poison, &ranges, list) {
		if (poison->memory.start == start && poison->memory.end == end)
			return poison;
	}
	poison = new_range(start, end);
	if (!IS_ERR(poison))
		inherit(poison);
	return poison;
}

static void show_range(struct nvgrace_gpu *gpu, struct nvgrace_gpu_poison *poison)
{
	unsigned int count = nvgrace_gpu_memory_count(&poison->memory);

	scoped_guard(mutex, &poison->bound_lock)
		poison->gpu = gpu;
	gpu->poison = poison;
	gpu->memory = &poison->memory;
	/* vfio gives it to every file of the device, and zaps in it. */
	gpu->core.vdev.inode->i_mapping = poison->memory.inode->i_mapping;
	if (nvgrace_gpu_memory_is_given_up(gpu->memory))
		pci_err(gpu->core.pdev, TOO_MANY, NVGRACE_GPU_BADPAGES_MAX);
	else if (count)
		pci_warn(gpu->core.pdev, "%u bad pages are known from before, nobody gets them; see bad_pages\n",
			 count);
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
	struct pci_dev *pdev = gpu->core.pdev;
	struct nvgrace_gpu_poison *poison;
	int ret;

	guard(mutex)(&ranges_lock);
	poison = find_range(gpu);
	if (IS_ERR(poison))
		return PTR_ERR(poison);
	strscpy(poison->bus_address, pci_name(pdev));

	ret = listen(poison);
	if (ret == -EOPNOTSUPP) {
		pci_info(pdev, "poison in GPU memory will go unnoticed: this kernel does not report it to drivers\n");
	} else if (ret) {
		pci_err(pdev, "poison in GPU memory cannot be handled (%d); is another driver in charge of this memory?\n",
			ret);
		return ret;
	}
	show_range(gpu, poison);
	return 0;
}

/**
 * nvgrace_gpu_poison_release() - the range stays, and goes on listening
 * @gpu: device that nobody has open
 */
void nvgrace_gpu_poison_release(struct nvgrace_gpu *gpu)
{
	if (!gpu->poison)
		return;
	guard(mutex)(&gpu->poison->bound_lock);
	gpu->poison->gpu = NULL;
}

/* A driver is about to get a device; this module's own finds its range itself. */
static int driver_binds(struct notifier_block *block, unsigned long action, void *data)
{
	struct device *dev = data;
	struct nvgrace_gpu_poison *poison;

	if (action != BUS_NOTIFY_BIND_DRIVER || dev->driver->owner == THIS_MODULE)
		return NOTIFY_DONE;
	guard(mutex)(&ranges_lock);
	list_for_each_entry(poison, &ranges, list) {
		if (!strcmp(poison->bus_address, dev_name(dev)))
			stop_listening(poison);
	}
	return NOTIFY_OK;
}

static struct notifier_block driver_binds_block = {
	.notifier_call = driver_binds,
};

/**
 * nvgrace_gpu_poison_module_init() - hear of other drivers
 *
 * Return: 0 or an error.
 */
int nvgrace_gpu_poison_module_init(void)
{
	return bus_register_notifier(&pci_bus_type, &driver_binds_block);
}

/**
 * nvgrace_gpu_poison_module_exit() - forget all ranges
 *
 * No device is bound any more.
 */
void nvgrace_gpu_poison_module_exit(void)
{
	struct nvgrace_gpu_poison *poison, *next;

	bus_unregister_notifier(&pci_bus_type, &driver_binds_block);
	guard(mutex)(&ranges_lock);
	list_for_each_entry_safe(poison, next, &ranges, list)
		free_range(poison);
}
