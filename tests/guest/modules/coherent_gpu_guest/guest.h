/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * coherent_gpu_guest: what a coherent GPU's own driver does inside a guest,
 * reduced to what a test needs.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * Region 4 (BAR4/5) of a passed-through coherent GPU is not a register window
 * but memory: its guest address is added to the guest kernel as the memory of
 * a NUMA node of its own. Region 2 (BAR2/3), where present, is the part that
 * must stay uncached ("reserved"). Both keep their PCI resources unclaimed,
 * because the memory hotplug code claims region 4's range itself.
 *
 * The engine is the test bed's: a block of registers inside BAR0 that copies
 * between a bus address and an offset in the GPU's memory and raises MSI-X.
 */
#ifndef COHERENT_GPU_GUEST_H
#define COHERENT_GPU_GUEST_H

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/types.h>

#define GUEST_VECTORS	4	/* MSI-X vectors asked for */
#define GUEST_CHUNK	SZ_1M	/* bytes the engine copies per command */

/**
 * struct guest_vector - one MSI-X vector
 * @count: interrupts seen since probe
 * @arrived: completed by every interrupt, re-armed under &guest_gpu.lock
 */
struct guest_vector {
	atomic_t count;
	struct completion arrived;
};

/**
 * struct guest_gpu - one passed-through GPU
 * @pdev: immutable after probe
 * @lock: serialises everything started through sysfs
 * @start: guest address of the memory (region 4), immutable after probe
 * @size: bytes of it to use, immutable after probe
 * @node: NUMA node it is added to, immutable after probe
 * @added: memory is part of the guest kernel; under @lock
 * @engine: test block inside BAR0, NULL when the device has none (real
 *	hardware); immutable after probe
 * @nvec: vectors in @vec that are in use, immutable after probe
 * @vec: interrupt state
 * @bytes: bytes verified by the last engine run, under @lock
 */
struct guest_gpu {
	struct pci_dev *pdev;
	struct mutex lock;
	u64 start;
	u64 size;
	int node;
	bool added;
	void __iomem *engine;
	int nvec;
	struct guest_vector vec[GUEST_VECTORS];
	u64 bytes;
};

int guest_memory_find(struct guest_gpu *gpu, int node, u64 size);
int guest_memory_add(struct guest_gpu *gpu);
int guest_memory_remove(struct guest_gpu *gpu);
void guest_memory_strand(struct guest_gpu *gpu);
int guest_memory_init(void);
void guest_memory_exit(void);

int guest_engine_init(struct guest_gpu *gpu);
int guest_engine_check(struct guest_gpu *gpu, u64 bytes);
int guest_engine_fire(struct guest_gpu *gpu, unsigned int vector);
int guest_engine_stray(struct guest_gpu *gpu, u64 iova);

#endif
