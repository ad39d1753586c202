// SPDX-License-Identifier: GPL-2.0-only
/*
 * User mappings of the GPU memory.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * mmap() only declares; page tables are filled by faults, in the largest
 * pieces the architecture and the alignment allow. A fault that maps a block
 * fills the whole table that the block's entry is in (1 GiB with 4K pages), as
 * far as it belongs to the VMA and no page there is poisoned. vm_pgoff stays the VFIO
 * region offset, so that vfio-pci-core's zaps (reset, power, memory decode) and
 * this driver's own find every mapping.
 *
 * A fault that meets unready memory drops the fault lock, waits, and has mm
 * repeat the fault: the wait blocks neither munmap() nor other faults, and
 * whatever the wait ended with is looked at afresh by the repeated fault.
 */

#include <linux/file.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "nvgrace_gpu.h"
#include "trace.h"

#define REGION_PGOFF_SHIFT	(VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT)

static u64 region_pgoff(const struct vm_area_struct *vma)
{
	return vma->vm_pgoff & (BIT_ULL(REGION_PGOFF_SHIFT) - 1);
}

/*
 * A process takes its signals while it waits, and faults again afterwards. The kernel
 * itself would come back at once with the signal still pending, and spin.
 */
static unsigned int waiting_state(const struct vm_fault *vmf)
{
	const unsigned int both = FAULT_FLAG_USER | FAULT_FLAG_INTERRUPTIBLE;

	return (vmf->flags & both) == both ? TASK_INTERRUPTIBLE : TASK_KILLABLE;
}

/*
 * The file reference keeps the device open: without the fault lock the VMA may
 * go away, and after fput() so may the device.
 */
static vm_fault_t drop_lock_and_wait(struct nvgrace_gpu *gpu,
				     struct vm_fault *vmf)
{
	unsigned int state = waiting_state(vmf);
	struct file *file;

	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY))
		return VM_FAULT_SIGBUS;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;

	file = get_file(vmf->vma->vm_file);
	release_fault_lock(vmf);
	nvgrace_gpu_ready_wait(gpu, state);
	fput(file);
	return VM_FAULT_RETRY;
}

/*
 * Inserts what has its entry in the table of the block that just was. An entry
 * that is there already stays, whatever it is.
 */
static void insert_around(struct nvgrace_gpu *gpu, struct vm_fault *vmf,
			  unsigned long pfn)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long own = vmf->address & PMD_MASK, table = own & PUD_MASK;
	unsigned long addr = max(ALIGN(vma->vm_start, PMD_SIZE), table);
	unsigned long end = min(vma->vm_end & PMD_MASK, table + PUD_SIZE);
	u64 last, bad;

	pfn -= PHYS_PFN(own - addr);
	last = pfn + PHYS_PFN(end - addr);
	bad = nvgrace_gpu_first_bad_page(gpu, pfn, last);
	for (; addr < end; addr += PMD_SIZE, pfn += PHYS_PFN(PMD_SIZE)) {
		struct vm_fault at = {
			.vma = vma,
			.gfp_mask = vmf->gfp_mask,
			.address = addr,
			.real_address = addr,
			.flags = vmf->flags,
			.pud = vmf->pud,
			.pmd = vmf->pmd + (long)(addr - own) / (long)PMD_SIZE,
		};

		if (bad < pfn + PHYS_PFN(PMD_SIZE))
			bad = nvgrace_gpu_first_bad_page(gpu, pfn + PHYS_PFN(PMD_SIZE),
							 last);
		else if (pmd_none(pmdp_get_lockless(at.pmd)))
			vfio_pci_vmf_insert_pfn(&gpu->core, &at, pfn, PMD_ORDER);
	}
}

/* Somebody else's fault has mapped all of it: it had a bad page, and has none now. */
static bool has_become_a_block(const struct vm_fault *vmf)
{
	return pmd_leaf(pmdp_get_lockless(vmf->pmd));
}

static vm_fault_t insert_page(struct nvgrace_gpu *gpu, struct vm_fault *vmf,
			      unsigned long pfn)
{
	vm_fault_t ret;

	if (has_become_a_block(vmf))
		return VM_FAULT_NOPAGE;
	ret = vfio_pci_vmf_insert_pfn(&gpu->core, vmf, pfn, 0);
	return ret == VM_FAULT_OOM && has_become_a_block(vmf) ? VM_FAULT_NOPAGE : ret;
}

static vm_fault_t insert_good_pages(struct nvgrace_gpu *gpu, struct vm_fault *vmf,
				    unsigned long pfn, unsigned int order)
{
	u64 end = pfn + BIT(order);
	vm_fault_t ret;

	if (nvgrace_gpu_first_bad_page(gpu, pfn, end) < end)
		return order ? VM_FAULT_FALLBACK : VM_FAULT_HWPOISON;
	ret = order ? vfio_pci_vmf_insert_pfn(&gpu->core, vmf, pfn, order) :
		      insert_page(gpu, vmf, pfn);
	if (order == PMD_ORDER && ret == VM_FAULT_NOPAGE)
		insert_around(gpu, vmf, pfn);
	trace_nvgrace_gpu_fault(gpu, pfn, order, ret);
	return ret;
}

/* False if the memory is not ready; else what the fault ends with is in *@ret. */
static bool insert_if_ready(struct nvgrace_gpu *gpu, struct vm_fault *vmf,
			    unsigned long pfn, unsigned int order, vm_fault_t *ret)
{
	int err;

	guard(rwsem_read)(&gpu->core.memory_lock);
	guard(rwsem_read)(&gpu->views.lock);

	err = nvgrace_gpu_may_touch(gpu);
	if (err == -EAGAIN)
		return false;
	*ret = err ? VM_FAULT_SIGBUS : insert_good_pages(gpu, vmf, pfn, order);
	return true;
}

/*
 * A fault that returns without having dropped the lock must have inserted:
 * KVM and type1 look the page up once, they do not fault again.
 */
static vm_fault_t insert(struct nvgrace_gpu *gpu, struct vm_fault *vmf,
			 unsigned long pfn, unsigned int order)
{
	vm_fault_t ret;
	int err;

	do {
		if (insert_if_ready(gpu, vmf, pfn, order, &ret))
			return ret;
		err = nvgrace_gpu_ready_poll(gpu);
	} while (!err);

	if (err == -EAGAIN)
		return drop_lock_and_wait(gpu, vmf);
	return VM_FAULT_SIGBUS;
}

static vm_fault_t huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct nvgrace_gpu *gpu = vma->vm_private_data;
	const struct nvgrace_gpu_region *region;
	unsigned long addr, pfn;

	region = nvgrace_gpu_region(gpu, vma->vm_pgoff >> REGION_PGOFF_SHIFT);
	addr = ALIGN_DOWN(vmf->address, PAGE_SIZE << order);
	pfn = PHYS_PFN(region->base) + region_pgoff(vma) +
	      linear_page_delta(vma, addr);
	if (!is_aligned_for_order(vma, addr, pfn, order))
		return VM_FAULT_FALLBACK;
	return insert(gpu, vmf, pfn, order);
}

static vm_fault_t page_fault(struct vm_fault *vmf)
{
	return huge_fault(vmf, 0);
}

static const struct vm_operations_struct mmap_ops = {
	.fault = page_fault,
#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
	.huge_fault = huge_fault,
#endif
};

/**
 * nvgrace_gpu_vma_pgoff() - where a VMA shows a page of GPU memory
 * @vma: any VMA of the device file
 * @pfn: page
 * @pgoff: where to put its offset in the file, pages
 *
 * A wrong yes has mm kill a process that does not map the page.
 *
 * Context: i_mmap_lock held, at times RCU.
 * Return: 0, or -EFAULT if @vma does not show the page.
 */
int nvgrace_gpu_vma_pgoff(struct vm_area_struct *vma, unsigned long pfn,
			  pgoff_t *pgoff)
{
	const struct nvgrace_gpu_region *region;
	unsigned long first;

	if (vma->vm_ops != &mmap_ops)
		return -EFAULT;
	region = nvgrace_gpu_region(vma->vm_private_data,
				    vma->vm_pgoff >> REGION_PGOFF_SHIFT);
	first = PHYS_PFN(region->base) + region_pgoff(vma);
	if (pfn < first || pfn - first >= vma_pages(vma))
		return -EFAULT;
	*pgoff = vma->vm_pgoff + (pfn - first);
	return 0;
}

/*
 * The non-cacheable tail cannot be declared coherent. VM_ALLOW_ANY_UNCACHED
 * tells KVM that Normal-NC accesses to it cannot fail uncontained.
 */
static void declare_uncached(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP |
			  VM_ALLOW_ANY_UNCACHED);
	vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
}

/**
 * nvgrace_gpu_mmap_region() - mmap() of USEMEM or RESMEM
 * @gpu: coherent, open device
 * @region: what is mapped
 * @vma: as mm made it
 *
 * Return: 0; -EINVAL for a private mapping or one past the end of the memory;
 * -EPERM for an executable one.
 */
int nvgrace_gpu_mmap_region(struct nvgrace_gpu *gpu,
			    const struct nvgrace_gpu_region *region,
			    struct vm_area_struct *vma)
{
	u64 start = PFN_PHYS(region_pgoff(vma));
	u64 len = vma->vm_end - vma->vm_start;
	int ret;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (start > region->size || len > region->size - start)
		return -EINVAL;

	/* Newer kernels refuse this for the files of groups, older ones do not. */
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	vm_flags_clear(vma, VM_MAYEXEC);

	if (nvgrace_gpu_region_is_cached(gpu, region)) {
		ret = vma_declare_coherent(vma);
		if (ret)
			return ret;
	} else {
		declare_uncached(vma);
	}

	vma->vm_ops = &mmap_ops;
	vma->vm_private_data = gpu;
	return 0;
}
