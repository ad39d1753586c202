// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2leaf: lets a test read KVM's stage-2 entries, and map physical memory with
 * a memory type of its choice.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * Stock kernels neither export the walker nor print memory types in debugfs.
 * The walker and the test "is this file a VM" are therefore found by name with
 * a kprobe that is registered, read and removed at once; the entry is read
 * with the VM's mmu_lock held, as KVM itself does.
 *
 * A file maps one memory type at a time (&struct s2leaf_file.type). Physical
 * addresses are not checked beyond "not this kernel's own RAM": whoever can
 * load this module can do anything anyway.
 */
#include <linux/bitfield.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/kvm_pgtable.h>
#include <asm/virt.h>

#include "s2leaf.h"

struct s2leaf_file {
	u32 type;	/* enum s2leaf_type of later mmap()s */
};

static typeof(&kvm_pgtable_get_leaf) get_leaf;
static bool (*is_vm_file)(struct file *file);

static void *symbol(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	void *address;

	if (register_kprobe(&probe)) {
		pr_err("s2leaf: this kernel has no %s\n", name);
		return NULL;
	}
	address = probe.addr;
	unregister_kprobe(&probe);
	return address;
}

static int read_leaf(struct kvm *kvm, struct s2leaf *leaf)
{
	kvm_pte_t pte = 0;
	s8 level = 0;
	int ret;

	read_lock(&kvm->mmu_lock);
	ret = get_leaf(kvm->arch.mmu.pgt, leaf->gpa, &pte, &level);
	read_unlock(&kvm->mmu_lock);
	if (ret)
		return ret;
	if (!(pte & KVM_PTE_VALID))
		return -ENOENT;

	leaf->pte = pte;
	leaf->level = level;
	leaf->block = BIT_ULL(ARM64_HW_PGTABLE_LEVEL_SHIFT(level));
	leaf->memattr = FIELD_GET(KVM_PTE_LEAF_ATTR_LO_S2_MEMATTR, pte);
	leaf->fwb = cpus_have_final_cap(ARM64_HAS_STAGE2_FWB);
	return 0;
}

static long s2leaf_get(struct s2leaf __user *user)
{
	struct s2leaf leaf;
	struct file *file;
	long ret = -EINVAL;

	/* Under protected KVM a VM's tables belong to the hypervisor. */
	if (is_protected_kvm_enabled())
		return -EOPNOTSUPP;
	if (copy_from_user(&leaf, user, sizeof(leaf)))
		return -EFAULT;
	file = fget(leaf.vm_fd);
	if (!file)
		return -EBADF;
	if (is_vm_file(file))
		ret = read_leaf(file->private_data, &leaf);
	fput(file);
	if (!ret && copy_to_user(user, &leaf, sizeof(leaf)))
		ret = -EFAULT;
	return ret;
}

static long s2leaf_platform(struct s2leaf_platform __user *user)
{
	struct s2leaf_platform platform = {
		.fwb = cpus_have_final_cap(ARM64_HAS_STAGE2_FWB),
		.dic = cpus_have_final_cap(ARM64_HAS_CACHE_DIC),
		.vhe = is_kernel_in_hyp_mode(),
		.protected_kvm = is_protected_kvm_enabled(),
	};

	return copy_to_user(user, &platform, sizeof(platform)) ? -EFAULT : 0;
}

static long s2leaf_set_type(struct s2leaf_file *state, const __u32 __user *user)
{
	u32 type;

	if (get_user(type, user))
		return -EFAULT;
	if (type > S2LEAF_DEVICE)
		return -EINVAL;
	WRITE_ONCE(state->type, type);
	return 0;
}

static long s2leaf_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case S2LEAF_GET:
		return s2leaf_get((void __user *)arg);
	case S2LEAF_PLATFORM:
		return s2leaf_platform((void __user *)arg);
	case S2LEAF_MMAP_TYPE:
		return s2leaf_set_type(file->private_data, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static int s2leaf_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct s2leaf_file *state = file->private_data;
	u64 first = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 last = first + (vma->vm_end - vma->vm_start) - 1;

	if (!(vma->vm_flags & VM_SHARED) || last < first)
		return -EINVAL;
	if (pfn_is_map_memory(PHYS_PFN(first)) ||
	    pfn_is_map_memory(PHYS_PFN(last)))
		return -EPERM;

	switch (READ_ONCE(state->type)) {
	case S2LEAF_NORMAL_NC:
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
		vm_flags_set(vma, VM_ALLOW_ANY_UNCACHED);
		break;
	case S2LEAF_DEVICE:
		vma->vm_page_prot = pgprot_device(vma->vm_page_prot);
		break;
	}
	return remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static int s2leaf_open(struct inode *inode, struct file *file)
{
	file->private_data = kzalloc(sizeof(struct s2leaf_file), GFP_KERNEL);
	return file->private_data ? 0 : -ENOMEM;
}

static int s2leaf_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations s2leaf_fops = {
	.owner = THIS_MODULE,
	.open = s2leaf_open,
	.release = s2leaf_release,
	.unlocked_ioctl = s2leaf_ioctl,
	.mmap = s2leaf_mmap,
};

static struct miscdevice s2leaf_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "s2leaf",
	.mode = 0600,
	.fops = &s2leaf_fops,
};

static int __init s2leaf_init(void)
{
	get_leaf = symbol("kvm_pgtable_get_leaf");
	is_vm_file = symbol("file_is_kvm");
	if (!get_leaf || !is_vm_file)
		return -ENOENT;
	return misc_register(&s2leaf_device);
}
module_init(s2leaf_init);

static void __exit s2leaf_exit(void)
{
	misc_deregister(&s2leaf_device);
}
module_exit(s2leaf_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("Stage-2 entries of KVM guests, for tests");
