// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is in charge of memory errors in a range of addresses, as a driver of that memory
 * would be, but does nothing about them: what is done, mm does. /dev/pfn_owner maps the
 * range, from its beginning on, at once; its mappings are not filled again.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */

#include <linux/fs.h>
#include <linux/memory-failure.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>

static unsigned long base;
module_param(base, ulong, 0444);
MODULE_PARM_DESC(base, "physical address, bytes, page-aligned");

static unsigned long size;
module_param(size, ulong, 0444);
MODULE_PARM_DESC(size, "bytes, page-aligned");

static int told = -1;
module_param(told, int, 0444);
MODULE_PARM_DESC(told, "how many failures mm told of; -1: this kernel tells nobody");

static const struct vm_operations_struct own_mapping = {};

static int find_in_mapping(struct vm_area_struct *vma, unsigned long pfn,
			   pgoff_t *pgoff)
{
	*pgoff = pfn - PHYS_PFN(base);
	if (vma->vm_ops != &own_mapping || *pgoff < vma->vm_pgoff ||
	    *pgoff - vma->vm_pgoff >= vma_pages(vma))
		return -EFAULT;
	return 0;
}

static struct address_space nobody;
static struct pfn_address_space space = {
	.mapping = &nobody,
	.pfn_to_vma_pgoff = find_in_mapping,
};

#ifdef PFN_OWNERS_ARE_TOLD
static void failed(struct pfn_address_space *pfn_space, unsigned long pfn)
{
	told++;
}

static void listen(void)
{
	space.failed = failed;
	told = 0;
}
#else
static void listen(void)
{
}
#endif

static int pfn_owner_open(struct inode *inode, struct file *file)
{
	space.mapping = inode->i_mapping;
	return 0;
}

static int pfn_owner_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long bytes = vma->vm_end - vma->vm_start;

	if (!(vma->vm_flags & VM_SHARED) ||
	    vma->vm_pgoff + vma_pages(vma) > PHYS_PFN(size))
		return -EINVAL;
	vma->vm_ops = &own_mapping;
	return remap_pfn_range(vma, vma->vm_start,
			       PHYS_PFN(base) + vma->vm_pgoff, bytes,
			       pgprot_noncached(vma->vm_page_prot));
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = pfn_owner_open,
	.mmap = pfn_owner_mmap,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_owner",
	.fops = &operations,
};

static int __init pfn_owner_init(void)
{
	int ret;

	if (!size || !PAGE_ALIGNED(base) || !PAGE_ALIGNED(size) ||
	    base + size - 1 < base)
		return -EINVAL;
	address_space_init_once(&nobody);
	space.node.start = PHYS_PFN(base);
	space.node.last = PHYS_PFN(base + size - 1);
	listen();
	ret = register_pfn_address_space(&space);
	if (ret)
		return ret;
	ret = misc_register(&device);
	if (ret)
		unregister_pfn_address_space(&space);
	return ret;
}
module_init(pfn_owner_init);

static void __exit pfn_owner_exit(void)
{
	misc_deregister(&device);
	unregister_pfn_address_space(&space);
}
module_exit(pfn_owner_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("Test module: is in charge of memory errors in a range of addresses");
