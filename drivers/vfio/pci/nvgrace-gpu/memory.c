// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is known of a range of GPU memory, whoever has the GPU.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Drivers are bound to a GPU and unbound, and memory does not get better by it. So the
 * list of its bad pages belongs to the memory, and only an administrator shortens it.
 * So does the address space of its mappings: mm is told of it once, and asks in there who
 * has a bad page mapped. While nobody has the GPU it is empty.
 *
 * This file knows nothing of devices.
 */

#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/string.h>

#include "memory.h"

/* The file is put at once, which the kernel does a moment later: not without the module. */
static const struct file_operations no_operations = {
	.owner = THIS_MODULE,
};

static struct inode *new_inode_of_its_own(void)
{
	struct inode *inode;
	struct file *file;

	file = anon_inode_create_getfile("[nvgrace-gpu]", &no_operations, NULL,
					 O_RDWR, NULL);
	if (IS_ERR(file))
		return ERR_CAST(file);
	inode = file_inode(file);
	ihold(inode);
	fput(file);
	return inode;
}

/**
 * nvgrace_gpu_memory_init() - nothing is known yet
 * @memory: all zero
 * @start: first PFN
 * @end: exclusive
 *
 * Return: 0; the error of the kernel that has no inode for it.
 */
int nvgrace_gpu_memory_init(struct nvgrace_gpu_memory *memory, u64 start, u64 end)
{
	memory->inode = new_inode_of_its_own();
	if (IS_ERR(memory->inode))
		return PTR_ERR(memory->inode);
	memory->start = start;
	memory->end = end;
	raw_spin_lock_init(&memory->lock);
	init_waitqueue_head(&memory->wait);
	return 0;
}

/**
 * nvgrace_gpu_memory_destroy() - undo nvgrace_gpu_memory_init()
 * @memory: that nobody has mapped, or will
 */
void nvgrace_gpu_memory_destroy(struct nvgrace_gpu_memory *memory)
{
	iput(memory->inode);
}

/**
 * nvgrace_gpu_memory_add() - a page has gone bad
 * @memory: range of memory
 * @pfn: the page
 *
 * Context: any.
 * Return: 1 if that is news, 0 if it is not; -EINVAL if it is no page of the range.
 */
int nvgrace_gpu_memory_add(struct nvgrace_gpu_memory *memory, u64 pfn)
{
	if (pfn < memory->start || pfn >= memory->end)
		return -EINVAL;
	guard(raw_spinlock_irqsave)(&memory->lock);
	if (!nvgrace_gpu_badpages_add(&memory->bad, pfn))
		return 0;
	nvgrace_gpu_memory_saw(memory, NVGRACE_GPU_PAGE_WENT_BAD);
	return 1;
}

/**
 * nvgrace_gpu_memory_give_up() - more pages have gone bad than can be listed
 * @memory: range of memory
 */
void nvgrace_gpu_memory_give_up(struct nvgrace_gpu_memory *memory)
{
	guard(raw_spinlock_irqsave)(&memory->lock);
	memory->bad.full = true;
}

/**
 * nvgrace_gpu_memory_forget() - all of it is good again
 * @memory: range of memory
 *
 * Return: how many pages were on the list.
 */
unsigned int nvgrace_gpu_memory_forget(struct nvgrace_gpu_memory *memory)
{
	unsigned int count;

	guard(raw_spinlock_irqsave)(&memory->lock);
	count = memory->bad.count;
	memset(&memory->bad, 0, sizeof(memory->bad));
	memory->told = 0;
	memory->told_full = false;
	return count;
}

/**
 * nvgrace_gpu_memory_first_bad() - the first bad page of a part of it
 * @memory: range of memory
 * @start: first PFN
 * @end: exclusive
 *
 * Return: the lowest bad PFN in that part, or @end if there is none.
 */
u64 nvgrace_gpu_memory_first_bad(struct nvgrace_gpu_memory *memory, u64 start, u64 end)
{
	guard(raw_spinlock_irqsave)(&memory->lock);
	return nvgrace_gpu_badpages_first(&memory->bad, start, end);
}

/**
 * nvgrace_gpu_memory_count() - how many bad pages are known
 * @memory: range of memory
 *
 * Return: their number, %NVGRACE_GPU_BADPAGES_MAX if there are more.
 */
unsigned int nvgrace_gpu_memory_count(struct nvgrace_gpu_memory *memory)
{
	guard(raw_spinlock_irqsave)(&memory->lock);
	return memory->bad.count;
}

/**
 * nvgrace_gpu_memory_is_given_up() - are there too many bad pages to use any
 * @memory: range of memory
 *
 * Return: true if there are.
 */
bool nvgrace_gpu_memory_is_given_up(struct nvgrace_gpu_memory *memory)
{
	guard(raw_spinlock_irqsave)(&memory->lock);
	return memory->bad.full;
}

/**
 * nvgrace_gpu_memory_page() - one of the bad pages
 * @memory: range of memory
 * @i: which, in the order in which they were found
 * @pfn: where it goes
 *
 * Return: false if there are not so many.
 */
bool nvgrace_gpu_memory_page(struct nvgrace_gpu_memory *memory, unsigned int i, u64 *pfn)
{
	guard(raw_spinlock_irqsave)(&memory->lock);
	if (i >= memory->bad.count)
		return false;
	*pfn = memory->bad.pfn[i];
	return true;
}

/**
 * nvgrace_gpu_memory_next_untold() - the next bad page that nobody was told of
 * @memory: range of memory
 * @pfn: where it goes; it counts as told then
 *
 * Return: false if there is none.
 */
bool nvgrace_gpu_memory_next_untold(struct nvgrace_gpu_memory *memory, u64 *pfn)
{
	guard(raw_spinlock_irqsave)(&memory->lock);
	if (memory->told == memory->bad.count)
		return false;
	*pfn = memory->bad.pfn[memory->told++];
	return true;
}

/**
 * nvgrace_gpu_memory_untold_full() - the same for a list that has run over
 * @memory: range of memory
 *
 * Return: true once.
 */
bool nvgrace_gpu_memory_untold_full(struct nvgrace_gpu_memory *memory)
{
	guard(raw_spinlock_irqsave)(&memory->lock);
	if (!memory->bad.full || memory->told_full)
		return false;
	memory->told_full = true;
	return true;
}

/**
 * nvgrace_gpu_memory_set_restored() - what was saved of it is known now
 * @memory: range of memory
 */
void nvgrace_gpu_memory_set_restored(struct nvgrace_gpu_memory *memory)
{
	scoped_guard(raw_spinlock_irqsave, &memory->lock)
		memory->restored = true;
	wake_up_all(&memory->wait);
}

/**
 * nvgrace_gpu_memory_is_restored() - is known what was saved of it
 * @memory: range of memory
 *
 * Return: true from nvgrace_gpu_memory_set_restored() on.
 */
bool nvgrace_gpu_memory_is_restored(struct nvgrace_gpu_memory *memory)
{
	guard(raw_spinlock_irqsave)(&memory->lock);
	return memory->restored;
}

/**
 * nvgrace_gpu_memory_wait_restored() - let that be done
 * @memory: range of memory
 * @timeout: not longer, jiffies
 *
 * Context: sleeps; a fatal signal ends it.
 * Return: 0; -EAGAIN if it takes longer, -EINTR after a signal.
 */
int nvgrace_gpu_memory_wait_restored(struct nvgrace_gpu_memory *memory, unsigned long timeout)
{
	long left = wait_event_killable_timeout(memory->wait,
						nvgrace_gpu_memory_is_restored(memory), timeout);

	if (left < 0)
		return -EINTR;
	return left ? 0 : -EAGAIN;
}
