// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is in charge of memory errors in a range of addresses, as a driver of that memory
 * would be, and shows it to nobody.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */

#include <linux/fs.h>
#include <linux/memory-failure.h>
#include <linux/mm.h>
#include <linux/module.h>

static unsigned long base;
module_param(base, ulong, 0444);
MODULE_PARM_DESC(base, "physical address, bytes, page-aligned");

static unsigned long size;
module_param(size, ulong, 0444);
MODULE_PARM_DESC(size, "bytes, page-aligned");

static int shown_nowhere(struct vm_area_struct *vma, unsigned long pfn,
			 pgoff_t *pgoff)
{
	return -EFAULT;
}

static struct address_space mapping;
static struct pfn_address_space space = {
	.mapping = &mapping,
	.pfn_to_vma_pgoff = shown_nowhere,
};

static int __init pfn_owner_init(void)
{
	if (!size || !PAGE_ALIGNED(base) || !PAGE_ALIGNED(size) ||
	    base + size - 1 < base)
		return -EINVAL;
	address_space_init_once(&mapping);
	space.node.start = PHYS_PFN(base);
	space.node.last = PHYS_PFN(base + size - 1);
	return register_pfn_address_space(&space);
}
module_init(pfn_owner_init);

static void __exit pfn_owner_exit(void)
{
	unregister_pfn_address_space(&space);
}
module_exit(pfn_owner_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("Test module: is in charge of memory errors in a range of addresses");
