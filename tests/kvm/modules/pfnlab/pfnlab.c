// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfnlab: mappings of physical memory as a test wants them; see pfnlab.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * vm_pgoff stays the offset in the file, so that a range of the file can be
 * zapped whatever memory it shows. All files share the inode of /dev/pfnlab: a
 * zap of one also zaps the others', which costs them a fault and nothing else.
 *
 * Physical addresses are not checked beyond "not this kernel's own RAM":
 * whoever can load this module can do anything anyway.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/memory.h>

#ifdef HAVE_PFN_T
#include <linux/pfn_t.h>
#define huge_pfn(pfn)	__pfn_to_pfn_t(pfn, PFN_DEV)
#else
#define huge_pfn(pfn)	(pfn)
#endif

#include "pfnlab.h"

#define RAM_ORDER	4

static_assert(PFNLAB_RAM_PAGES == 1 << RAM_ORDER);

/**
 * struct lab - an open file
 * @lock: held for read from the choice of a PFN to its insertion, for write
 *	to change the choice; a zap that follows catches all earlier insertions
 * @setup: what the file shows; under @lock
 * @withheld: offsets at which faults fail; under @lock
 * @ram: the file's own RAM, allocated when it is asked for; under @lock
 */
struct lab {
	struct rw_semaphore lock;
	struct pfnlab_setup setup;
	struct pfnlab_range withheld;
	struct page *ram;
};

/* Both in bytes of the file. */
static bool is_withheld(const struct lab *lab, u64 offset, u64 bytes)
{
	const struct pfnlab_range *range = &lab->withheld;

	return offset < range->offset + range->bytes &&
	       range->offset < offset + bytes;
}

static vm_fault_t insert_page_at(struct lab *lab, struct vm_fault *vmf)
{
	u64 offset = (u64)vmf->pgoff << PAGE_SHIFT;
	unsigned long pfn;

	if (is_withheld(lab, offset, PAGE_SIZE))
		return VM_FAULT_SIGBUS;
	if (lab->setup.phys != PFNLAB_RAM)
		pfn = PHYS_PFN(lab->setup.phys + offset);
	else if (vmf->pgoff < PFNLAB_RAM_PAGES)
		pfn = page_to_pfn(lab->ram) + vmf->pgoff;
	else
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, pfn);
}

static vm_fault_t insert_block_at(struct lab *lab, struct vm_fault *vmf)
{
	unsigned long first = vmf->address & PMD_MASK;
	struct vm_area_struct *vma = vmf->vma;
	u64 offset, phys;

	if (lab->setup.phys == PFNLAB_RAM || first < vma->vm_start ||
	    first + PMD_SIZE > vma->vm_end)
		return VM_FAULT_FALLBACK;
	offset = ((u64)vma->vm_pgoff << PAGE_SHIFT) + first - vma->vm_start;
	phys = lab->setup.phys + offset;
	if (!IS_ALIGNED(phys, PMD_SIZE) || is_withheld(lab, offset, PMD_SIZE))
		return VM_FAULT_FALLBACK;
	return vmf_insert_pfn_pmd(vmf, huge_pfn(PHYS_PFN(phys)),
				  vmf->flags & FAULT_FLAG_WRITE);
}

static vm_fault_t pfnlab_fault(struct vm_fault *vmf)
{
	struct lab *lab = vmf->vma->vm_file->private_data;
	vm_fault_t ret;

	down_read(&lab->lock);
	ret = insert_page_at(lab, vmf);
	up_read(&lab->lock);
	return ret;
}

static vm_fault_t pfnlab_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct lab *lab = vmf->vma->vm_file->private_data;
	vm_fault_t ret;

	if (order != PMD_ORDER)
		return VM_FAULT_FALLBACK;
	down_read(&lab->lock);
	ret = insert_block_at(lab, vmf);
	up_read(&lab->lock);
	return ret;
}

/* Its presence makes mm insert read-only entries and ask before the upgrade. */
static vm_fault_t pfnlab_pfn_mkwrite(struct vm_fault *vmf)
{
	return 0;
}

static const struct vm_operations_struct pages_ops = {
	.fault = pfnlab_fault,
};

static const struct vm_operations_struct pages_notify_ops = {
	.fault = pfnlab_fault,
	.pfn_mkwrite = pfnlab_pfn_mkwrite,
};

static const struct vm_operations_struct blocks_ops = {
	.fault = pfnlab_fault,
	.huge_fault = pfnlab_huge_fault,
};

static const struct vm_operations_struct blocks_notify_ops = {
	.fault = pfnlab_fault,
	.huge_fault = pfnlab_huge_fault,
	.pfn_mkwrite = pfnlab_pfn_mkwrite,
};

static void set_type(struct vm_area_struct *vma, const struct pfnlab_setup *setup)
{
	if (setup->type == PFNLAB_NORMAL_NC)
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	else if (setup->type == PFNLAB_DEVICE)
		vma->vm_page_prot = pgprot_device(vma->vm_page_prot);
	if (setup->flags & PFNLAB_ALLOW_UNCACHED)
		vm_flags_set(vma, VM_ALLOW_ANY_UNCACHED);
	if (setup->flags & PFNLAB_ALLOW_TAGS)
		vm_flags_set(vma, VM_MTE_ALLOWED);
}

static int populate(struct vm_area_struct *vma, const struct pfnlab_setup *setup)
{
	bool notify = setup->flags & PFNLAB_WRITE_NOTIFY;

	if (setup->populate == PFNLAB_REMAP)
		return remap_pfn_range(vma, vma->vm_start,
				       PHYS_PFN(setup->phys) + vma->vm_pgoff,
				       vma->vm_end - vma->vm_start,
				       vma->vm_page_prot);
	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	/* VM_HUGEPAGE: as everywhere under CONFIG_TRANSPARENT_HUGEPAGE_ALWAYS. */
	vm_flags_set(vma, VM_IO | VM_DONTEXPAND | VM_DONTDUMP | VM_HUGEPAGE |
		     (setup->flags & PFNLAB_MIXEDMAP ? VM_MIXEDMAP : VM_PFNMAP));
	if (setup->populate == PFNLAB_BLOCKS)
		vma->vm_ops = notify ? &blocks_notify_ops : &blocks_ops;
	else
		vma->vm_ops = notify ? &pages_notify_ops : &pages_ops;
	return 0;
}

static int pfnlab_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct lab *lab = file->private_data;
	struct pfnlab_setup setup;

	down_read(&lab->lock);
	setup = lab->setup;
	up_read(&lab->lock);

	set_type(vma, &setup);
	return populate(vma, &setup);
}

static bool is_own_ram(u64 phys)
{
	return phys != PFNLAB_RAM && pfn_is_map_memory(PHYS_PFN(phys));
}

static int allocate_ram(struct lab *lab)
{
	if (lab->ram)
		return 0;
	lab->ram = alloc_pages(GFP_KERNEL | __GFP_ZERO, RAM_ORDER);
	if (!lab->ram)
		return -ENOMEM;
	/* KVM takes references on single pages. */
	split_page(lab->ram, RAM_ORDER);
	return 0;
}

static long pfnlab_setup(struct lab *lab, const void __user *user)
{
	struct pfnlab_setup setup;
	long ret = 0;

	if (copy_from_user(&setup, user, sizeof(setup)))
		return -EFAULT;
	if (is_own_ram(setup.phys))
		return -EPERM;
	if (setup.type > PFNLAB_DEVICE || setup.populate > PFNLAB_REMAP ||
	    (setup.phys == PFNLAB_RAM && setup.populate == PFNLAB_REMAP))
		return -EINVAL;

	down_write(&lab->lock);
	if (setup.phys == PFNLAB_RAM)
		ret = allocate_ram(lab);
	if (!ret)
		lab->setup = setup;
	up_write(&lab->lock);
	return ret;
}

static void zap(struct file *file, const struct pfnlab_range *range)
{
	unmap_mapping_range(file->f_mapping, range->offset, range->bytes, 1);
}

static long pfnlab_show(struct file *file, const __u64 __user *user)
{
	const struct pfnlab_range all = {};
	struct lab *lab = file->private_data;
	long ret = 0;
	u64 phys;

	if (get_user(phys, user))
		return -EFAULT;
	if (is_own_ram(phys))
		return -EPERM;

	down_write(&lab->lock);
	if (phys == PFNLAB_RAM)
		ret = allocate_ram(lab);
	if (!ret) {
		lab->setup.phys = phys;
		zap(file, &all);
	}
	up_write(&lab->lock);
	return ret;
}

static long pfnlab_zap(struct file *file, const void __user *user)
{
	struct pfnlab_range range;

	if (copy_from_user(&range, user, sizeof(range)))
		return -EFAULT;
	zap(file, &range);
	return 0;
}

static long pfnlab_withhold(struct file *file, const void __user *user)
{
	struct lab *lab = file->private_data;
	struct pfnlab_range range;

	if (copy_from_user(&range, user, sizeof(range)))
		return -EFAULT;

	down_write(&lab->lock);
	lab->withheld = range;
	if (range.bytes)
		zap(file, &range);
	up_write(&lab->lock);
	return 0;
}

static long pfnlab_attrindx(const void __user *user)
{
	struct pfnlab_attrindx request;
	struct vm_area_struct *vma;
	long ret = -EINVAL;

	if (copy_from_user(&request, user, sizeof(request)))
		return -EFAULT;
	if (request.index > 7)
		return -EINVAL;

	mmap_write_lock(current->mm);
	vma = vma_lookup(current->mm, request.address);
	if (vma && vma->vm_ops && vma->vm_ops->fault == pfnlab_fault) {
		vma_start_write(vma);
		vma->vm_page_prot = __pgprot_modify(vma->vm_page_prot,
						    PTE_ATTRINDX_MASK,
						    PTE_ATTRINDX(request.index));
		ret = 0;
	}
	mmap_write_unlock(current->mm);
	return ret;
}

static long pfnlab_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case PFNLAB_SETUP:
		return pfnlab_setup(file->private_data, user);
	case PFNLAB_SHOW:
		return pfnlab_show(file, user);
	case PFNLAB_ZAP:
		return pfnlab_zap(file, user);
	case PFNLAB_WITHHOLD:
		return pfnlab_withhold(file, user);
	case PFNLAB_ATTRINDX:
		return pfnlab_attrindx(user);
	default:
		return -ENOTTY;
	}
}

static int pfnlab_open(struct inode *inode, struct file *file)
{
	struct lab *lab = kzalloc(sizeof(*lab), GFP_KERNEL);

	if (!lab)
		return -ENOMEM;
	init_rwsem(&lab->lock);
	file->private_data = lab;
	return 0;
}

/* Mappings hold the file: none is left. */
static int pfnlab_release(struct inode *inode, struct file *file)
{
	struct lab *lab = file->private_data;
	unsigned int i;

	for (i = 0; lab->ram && i < PFNLAB_RAM_PAGES; i++)
		__free_page(lab->ram + i);
	kfree(lab);
	return 0;
}

static const struct file_operations pfnlab_fops = {
	.owner = THIS_MODULE,
	.open = pfnlab_open,
	.release = pfnlab_release,
	.unlocked_ioctl = pfnlab_ioctl,
	.mmap = pfnlab_mmap,
};

static struct miscdevice pfnlab_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfnlab",
	.mode = 0600,
	.fops = &pfnlab_fops,
};
module_misc_device(pfnlab_device);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("Mappings of physical memory, for tests");
