// SPDX-License-Identifier: GPL-2.0-only
/*
 * coherent_gpu_guest: DMA and interrupts.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * A check moves a pattern guest RAM -> GPU memory by the engine, reads it there
 * with the CPU, writes another one there with the CPU and moves it back by the
 * engine. Each direction ends with an MSI-X interrupt of its own vector; a copy
 * whose interrupt does not arrive is a failure even when the bytes are right.
 *
 * While the memory belongs to the guest kernel the GPU side of a copy is pages
 * allocated from its node, otherwise a window mapped write-back.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/interrupt.h>
#include <linux/io.h>

#include "coherent-gpu-testblock.h"
#include "guest.h"

#define ENGINE_TIMEOUT	(10 * HZ)

/**
 * struct copy_side - the GPU's side of a copy
 * @va: CPU address, write-back
 * @offset: in the GPU's memory
 * @pages: what to free, NULL when @va is a window
 */
struct copy_side {
	u64 *va;
	u64 offset;
	struct page *pages;
};

static irqreturn_t engine_irq(int irq, void *data)
{
	struct guest_vector *vec = data;

	atomic_inc(&vec->count);
	complete(&vec->arrived);
	return IRQ_HANDLED;
}

static void write_pair(struct guest_gpu *gpu, unsigned int reg, u64 value)
{
	writel(lower_32_bits(value), gpu->engine + reg);
	writel(upper_32_bits(value), gpu->engine + reg + 4);
}

static int wait_interrupt(struct guest_gpu *gpu, unsigned int vector)
{
	if (wait_for_completion_timeout(&gpu->vec[vector].arrived,
					ENGINE_TIMEOUT))
		return 0;
	pci_err(gpu->pdev, "MSI-X vector %u: no interrupt\n", vector);
	return -ETIMEDOUT;
}

/* A copy is over when the write that started it returns. */
static int engine_copy(struct guest_gpu *gpu, u32 cmd, dma_addr_t iova,
		       u64 offset, u32 len)
{
	write_pair(gpu, TB_DMA_IOVA, iova);
	write_pair(gpu, TB_DMA_MEM, offset);
	writel(len, gpu->engine + TB_DMA_LEN);
	writel(cmd, gpu->engine + TB_DMA_CMD);
	return readl(gpu->engine + TB_DMA_STATUS) == TB_DMA_OK ? 0 : -EIO;
}

static int engine_copy_irq(struct guest_gpu *gpu, u32 cmd, dma_addr_t iova,
			   u64 offset, unsigned int vector)
{
	int ret;

	reinit_completion(&gpu->vec[vector].arrived);
	ret = engine_copy(gpu, cmd | TB_DMA_VECTOR(vector), iova, offset,
			  GUEST_CHUNK);
	if (ret) {
		pci_err(gpu->pdev, "copy at %#llx failed: %d\n", offset, ret);
		return ret;
	}
	return wait_interrupt(gpu, vector);
}

static u64 pattern(u64 seed, size_t i)
{
	return (seed + i) * 0x9e3779b97f4a7c15ULL;
}

static void fill(u64 *p, u64 seed)
{
	size_t i;

	for (i = 0; i < GUEST_CHUNK / sizeof(*p); i++)
		p[i] = pattern(seed, i);
}

static int verify(struct guest_gpu *gpu, const u64 *p, u64 seed,
		  const char *where)
{
	size_t i;

	for (i = 0; i < GUEST_CHUNK / sizeof(*p); i++) {
		if (p[i] == pattern(seed, i))
			continue;
		pci_err(gpu->pdev, "%s: word %zu is %#llx, not %#llx\n",
			where, i, p[i], pattern(seed, i));
		return -EILSEQ;
	}
	return 0;
}

static int side_get(struct guest_gpu *gpu, u64 offset, struct copy_side *side)
{
	if (gpu->added) {
		side->pages = alloc_pages_node(gpu->node,
					       GFP_HIGHUSER_MOVABLE |
					       __GFP_THISNODE | __GFP_NOWARN,
					       get_order(GUEST_CHUNK));
		if (!side->pages)
			return -ENOMEM;
		side->va = page_address(side->pages);
		side->offset = page_to_phys(side->pages) - gpu->start;
		return 0;
	}

	side->pages = NULL;
	side->offset = offset;
	side->va = memremap(gpu->start + offset, GUEST_CHUNK, MEMREMAP_WB);
	return side->va ? 0 : -ENOMEM;
}

static void side_put(struct copy_side *side)
{
	if (side->pages)
		__free_pages(side->pages, get_order(GUEST_CHUNK));
	else
		memunmap(side->va);
}

static int check_chunk(struct guest_gpu *gpu, struct copy_side *side,
		       u64 *ram, dma_addr_t iova, u64 seed)
{
	unsigned int vector = 2 * seed % gpu->nvec;
	int ret;

	fill(ram, seed);
	ret = engine_copy_irq(gpu, TB_DMA_FROM_IOVA, iova, side->offset, vector);
	if (!ret)
		ret = verify(gpu, side->va, seed, "GPU memory");
	if (ret)
		return ret;

	fill(side->va, ~seed);
	ret = engine_copy_irq(gpu, TB_DMA_TO_IOVA, iova, side->offset,
			      (vector + 1) % gpu->nvec);
	return ret ?: verify(gpu, ram, ~seed, "guest RAM");
}

/* Move @bytes (whole chunks) in both directions and verify every word. */
int guest_engine_check(struct guest_gpu *gpu, u64 bytes)
{
	struct device *dev = &gpu->pdev->dev;
	struct copy_side side;
	dma_addr_t iova;
	u64 *ram, at;
	int ret = 0;

	lockdep_assert_held(&gpu->lock);
	gpu->bytes = 0;
	if (!gpu->engine)
		return -EOPNOTSUPP;
	if (!bytes || bytes % GUEST_CHUNK || bytes > gpu->size)
		return -EINVAL;

	ram = dma_alloc_coherent(dev, GUEST_CHUNK, &iova, GFP_KERNEL);
	if (!ram)
		return -ENOMEM;
	for (at = 0; at < bytes && !ret; at += GUEST_CHUNK) {
		ret = side_get(gpu, at, &side);
		if (ret)
			break;
		ret = check_chunk(gpu, &side, ram, iova, at / GUEST_CHUNK);
		side_put(&side);
		if (!ret)
			gpu->bytes += 2 * GUEST_CHUNK;
	}
	dma_free_coherent(dev, GUEST_CHUNK, ram, iova);
	return ret;
}

int guest_engine_fire(struct guest_gpu *gpu, unsigned int vector)
{
	lockdep_assert_held(&gpu->lock);
	if (!gpu->engine)
		return -EOPNOTSUPP;
	if (vector >= gpu->nvec)
		return -EINVAL;

	reinit_completion(&gpu->vec[vector].arrived);
	writel(vector, gpu->engine + TB_MSIX_FIRE);
	return wait_interrupt(gpu, vector);
}

/*
 * Let the GPU write to a bus address the guest does not own: 0 when the copy
 * was stopped on the way, -EPERM when it went through.
 */
int guest_engine_stray(struct guest_gpu *gpu, u64 iova)
{
	int ret;

	lockdep_assert_held(&gpu->lock);
	if (!gpu->engine)
		return -EOPNOTSUPP;

	ret = engine_copy(gpu, TB_DMA_TO_IOVA, iova, 0, SZ_4K);
	if (ret == -EIO)
		return 0;
	return ret ?: -EPERM;
}

static int request_vectors(struct guest_gpu *gpu)
{
	struct pci_dev *pdev = gpu->pdev;
	int i, ret;

	for (i = 0; i < gpu->nvec; i++) {
		init_completion(&gpu->vec[i].arrived);
		ret = devm_request_irq(&pdev->dev, pci_irq_vector(pdev, i),
				       engine_irq, 0, "coherent_gpu_guest",
				       &gpu->vec[i]);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Everything taken here is released by devres: vectors before the table they
 * came from, because devres goes backwards.
 */
int guest_engine_init(struct guest_gpu *gpu)
{
	struct pci_dev *pdev = gpu->pdev;
	void __iomem *block;
	int ret;

	if (pci_resource_len(pdev, 0) < TB_AT + TB_BYTES)
		return 0;
	block = devm_ioremap(&pdev->dev,
			     pci_resource_start(pdev, 0) + TB_AT,
			     TB_BYTES);
	if (!block)
		return -ENOMEM;
	if (readl(block + TB_MAGIC) != TB_MAGIC_VALUE)
		return 0;

	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = pci_alloc_irq_vectors(pdev, 1, GUEST_VECTORS, PCI_IRQ_MSIX);
	if (ret < 0)
		return ret;
	gpu->nvec = ret;
	gpu->engine = block;
	return request_vectors(gpu);
}
