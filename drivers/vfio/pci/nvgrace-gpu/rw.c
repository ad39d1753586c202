// SPDX-License-Identifier: GPL-2.0-only
/*
 * read() and write() of the GPU memory.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The kernel sees the memory through windows that move with the accesses, one for each
 * CPU, so that even a 39-bit kernel can serve hundreds of GiB.
 *
 * User memory is touched in two ways that never mix. Under the locks the copy
 * runs with page faults disabled and stops at the first absent user page.
 * With no lock held that page is faulted in, then the copy goes on. So a
 * buffer may be anything, even an unfaulted mapping of the same memory.
 *
 * A reset between two pieces of a copy is invisible to the caller: the next
 * piece waits until the memory is ready again.
 */

#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "nvgrace_gpu.h"

/*
 * Bytes copied per hold of the locks: what a reset waits for on each CPU, however many
 * readers there are.
 */
#define COPY_CHUNK	SZ_256K
/*
 * A page that was faulted in can be gone again when the copy returns to it: it
 * may be device memory whose device is reset over and over. A page that never
 * lets a copy pass (a register mapping, say) is no buffer.
 */
#define FAULT_IN_TRIES	1024

/**
 * struct copy - one read() or write() of memory
 * @gpu: device
 * @region: what is accessed
 * @buf: user memory that goes with @pos
 * @pos: offset in @region, bytes
 * @write: user memory to GPU memory, else the other way
 */
struct copy {
	struct nvgrace_gpu *gpu;
	const struct nvgrace_gpu_region *region;
	char __user *buf;
	u64 pos;
	bool write;
};

/* Shortens *@len to what comes before a bad page; -EIO if that is nothing. */
static int stop_at_poison(const struct copy *c, size_t *len)
{
	u64 start = c->region->base + c->pos;
	u64 end = PHYS_PFN(start + *len - 1) + 1;
	u64 bad = nvgrace_gpu_first_bad_page(c->gpu, PHYS_PFN(start), end);

	if (bad == PHYS_PFN(start))
		return -EIO;
	if (bad < end)
		*len = PFN_PHYS(bad) - start;
	return 0;
}

/*
 * Bytes copied, 0 if the first user page is absent, -EAGAIN if the memory is
 * not ready. The plain copy_from_user() would zero the memory behind a fault.
 */
static ssize_t copy_locked(const struct copy *c, struct nvgrace_gpu_window *window,
			   size_t len)
{
	struct nvgrace_gpu *gpu = c->gpu;
	unsigned long left;
	void *mem;
	int ret;

	guard(rwsem_read)(&gpu->core.memory_lock);
	guard(rwsem_read)(&gpu->views.lock);
	ret = nvgrace_gpu_may_touch(gpu);
	if (ret)
		return ret;
	if (stop_at_poison(c, &len))
		return -EIO;

	mem = nvgrace_gpu_view(gpu, window, c->region, c->pos, &len);
	if (!mem)
		return -ENOMEM;

	pagefault_disable();
	if (c->write)
		left = __copy_from_user_inatomic(mem, c->buf, len);
	else
		left = __copy_to_user_inatomic(c->buf, mem, len);
	pagefault_enable();
	return len - left;
}

/* The window first: a reset waits for whoever has the locks, so they must not queue. */
static ssize_t copy_chunk(const struct copy *c, size_t len)
{
	struct nvgrace_gpu_window *window = nvgrace_gpu_window_get(c->gpu);
	ssize_t ret = copy_locked(c, window, len);

	nvgrace_gpu_window_put(window);
	return ret;
}

static int fault_in(const struct copy *c)
{
	/* Up to the end of the page that stopped the copy. */
	size_t len = PAGE_SIZE - offset_in_page(c->buf);
	size_t left;

	if (fatal_signal_pending(current))
		return -EINTR;

	if (c->write)
		left = fault_in_readable(c->buf, 1);
	else
		left = fault_in_safe_writeable(c->buf, len) == len;
	return left ? -EFAULT : 0;
}

/* What to do about a piece that could not be copied: 0 to try again. */
static int resolve(const struct copy *c, ssize_t ret, unsigned int *tries)
{
	if (ret == -EAGAIN)
		return nvgrace_gpu_ready_wait(c->gpu, TASK_INTERRUPTIBLE);
	if (ret)
		return ret;
	if (++*tries > FAULT_IN_TRIES)
		return -EFAULT;
	return fault_in(c);
}

static ssize_t copy_memory(struct copy *c, size_t count)
{
	unsigned int tries = 0;
	size_t done = 0;
	ssize_t ret;

	while (done < count) {
		ret = copy_chunk(c, min(count - done, COPY_CHUNK));
		if (ret <= 0) {
			ret = resolve(c, ret, &tries);
			if (ret)
				return done ?: ret;
			continue;
		}

		tries = 0;
		done += ret;
		c->buf += ret;
		c->pos += ret;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

/* The hole behind the memory reads as ones, like any absent PCI memory. */
static ssize_t read_hole(char __user *buf, size_t count)
{
	static const u8 ones[SZ_4K] = { [0 ... SZ_4K - 1] = 0xff };
	size_t done = 0, len, left;

	while (done < count) {
		len = min(count - done, sizeof(ones));
		left = copy_to_user(buf + done, ones, len);
		done += len - left;
		if (left)
			return done ?: -EFAULT;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return done;
}

/* The hole is there while the memory before it is, and needs no training. */
static int check_hole(struct nvgrace_gpu *gpu)
{
	guard(rwsem_read)(&gpu->core.memory_lock);
	guard(rwsem_read)(&gpu->views.lock);
	return nvgrace_gpu_may_touch(gpu) == -EIO ? -EIO : 0;
}

static ssize_t access_pieces(struct copy *c, size_t memory, size_t hole)
{
	ssize_t ret, more;

	ret = memory ? copy_memory(c, memory) : check_hole(c->gpu);
	if (ret == memory && hole) {
		more = c->write ? hole : read_hole(c->buf, hole);
		ret = more < 0 ? (ret ?: more) : ret + more;
	}
	return ret;
}

/* A device that its user has put to sleep is kept awake meanwhile. */
static ssize_t access_awake(struct copy *c, size_t memory, size_t hole)
{
	ssize_t ret = nvgrace_gpu_wake(c->gpu);

	if (ret)
		return ret;
	ret = access_pieces(c, memory, hole);
	nvgrace_gpu_let_sleep(c->gpu);
	return ret;
}

/* An open device is awake otherwise. It may be put to sleep on the way. */
static ssize_t access_asleep_or_not(struct copy *c, size_t memory, size_t hole)
{
	const struct vfio_pci_core_device *core = &c->gpu->core;
	ssize_t ret = -EIO;

	if (!READ_ONCE(core->pm_runtime_engaged))
		ret = access_pieces(c, memory, hole);
	if (ret == -EIO && READ_ONCE(core->pm_runtime_engaged))
		ret = access_awake(c, memory, hole);
	return ret;
}

static ssize_t access_region(struct copy *c, size_t count, loff_t *ppos)
{
	size_t memory, hole;
	ssize_t ret;

	c->pos = *ppos & VFIO_PCI_OFFSET_MASK;
	ret = nvgrace_gpu_region_clip(c->region, c->pos, count, &memory, &hole);
	if (ret || !(memory + hole))
		return ret;
	ret = access_asleep_or_not(c, memory, hole);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

/**
 * nvgrace_gpu_region_read() - read() of GPU memory
 * @gpu: coherent, open device
 * @region: what is read
 * @buf: destination
 * @count: bytes; clipped to the BAR
 * @ppos: file offset, advanced by what was read
 *
 * Only memory waits for readiness; the hole behind it reads 0xff at once.
 *
 * Return: bytes read; -EINVAL past the BAR; -EFAULT; -EIO memory decode off, in D3,
 * not ready in time, or poisoned; -ERESTARTSYS; -ENOMEM. An error is given only if
 * nothing was read.
 */
ssize_t nvgrace_gpu_region_read(struct nvgrace_gpu *gpu,
				const struct nvgrace_gpu_region *region,
				char __user *buf, size_t count, loff_t *ppos)
{
	struct copy c = { .gpu = gpu, .region = region, .buf = buf };

	return access_region(&c, count, ppos);
}

/**
 * nvgrace_gpu_region_write() - write() of GPU memory
 * @gpu: coherent, open device
 * @region: what is written
 * @buf: source
 * @count: bytes; clipped to the BAR
 * @ppos: file offset, advanced by what was written
 *
 * What is written to the hole behind the memory is dropped.
 *
 * Return: as nvgrace_gpu_region_read().
 */
ssize_t nvgrace_gpu_region_write(struct nvgrace_gpu *gpu,
				 const struct nvgrace_gpu_region *region,
				 const char __user *buf, size_t count,
				 loff_t *ppos)
{
	struct copy c = {
		.gpu = gpu,
		.region = region,
		.buf = (char __user *)buf,
		.write = true,
	};

	return access_region(&c, count, ppos);
}
