// SPDX-License-Identifier: GPL-2.0-only
/*
 * s2leaf: lets a test read KVM's stage-2 entries.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * Stock kernels neither export the walker nor print memory types in debugfs.
 * The walker and the test "is this file a VM" are therefore found by name with
 * a kprobe that is registered, read and removed at once; the entry is read
 * with the VM's mmu_lock held, as KVM itself does.
 */
#include <linux/bitfield.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include <asm/kvm_pgtable.h>
#include <asm/virt.h>

#include "s2leaf.h"

static typeof(&kvm_pgtable_get_leaf) get_leaf;
static bool (*is_vm_file)(struct file *file);
static bool tables_hidden;	/* from this kernel, in protected mode's hypervisor */

static void *symbol(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	void *address;

	if (register_kprobe(&probe))
		return NULL;
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

	if (tables_hidden)
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
		.tables_hidden = tables_hidden,
	};

	return copy_to_user(user, &platform, sizeof(platform)) ? -EFAULT : 0;
}

static long s2leaf_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case S2LEAF_GET:
		return s2leaf_get((void __user *)arg);
	case S2LEAF_PLATFORM:
		return s2leaf_platform((void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations s2leaf_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = s2leaf_ioctl,
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
	if (!get_leaf || !is_vm_file) {
		pr_err("s2leaf: this kernel has no kvm_pgtable_get_leaf() or file_is_kvm()\n");
		return -ENOENT;
	}
	/* Kernels from 6.14 on leave even unprotected VMs' tables to the hypervisor. */
	tables_hidden = is_protected_kvm_enabled() &&
			symbol("pkvm_pgtable_stage2_map");
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
