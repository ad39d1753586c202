/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coherent PFNMAP: device memory that CPUs may map cacheable.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * A driver *declares* in its mmap handler that a VMA shows coherent device
 * memory; KVM/arm64 *reads* that declaration when it builds stage 2. Both
 * sides use this header, so that there is one definition of the contract.
 *
 * A driver may declare only what all of these hold for:
 *
 *   - VM_PFNMAP and VM_SHARED. A private mapping would be a copy-on-write
 *     PFNMAP, which neither mm nor KVM can keep coherent.
 *   - vm_page_prot selects Normal write-back memory. The page protection is
 *     the declaration; there is no further flag.
 *   - never VM_ALLOW_ANY_UNCACHED. A mapping is either coherent and cacheable
 *     for everybody, or it is not coherent.
 *
 * KVM reads less. When a memory slot is created it reads VM_PFNMAP and the page
 * protection, when the guest faults the memory type of the entry that the host
 * has for the address: a driver may insert entries of another type than its
 * VMA's. What decides is whether the host reaches the memory through its caches,
 * and not whether the driver was right to allow it. Were a private mapping, or
 * one that also carries VM_ALLOW_ANY_UNCACHED, read as "not coherent", KVM
 * would map it uncached: a driver's mistake would open the very hole that the
 * contract closes.
 *
 * KVM has no kernel address for such memory and so cannot maintain caches by
 * address. It may map the memory cacheable at stage 2 only where hardware
 * makes maintenance unnecessary: FEAT_S2FWB for data, CTR_EL0.DIC for
 * instructions. There is no fallback to a Device mapping: the host would
 * still see the memory through its caches while the guest sees it without,
 * and one tenant's lines could reach the next.
 */
#ifndef _LINUX_COHERENT_PFNMAP_H
#define _LINUX_COHERENT_PFNMAP_H

#include <linux/cpufeature.h>
#include <linux/kvm.h>
#include <linux/mm.h>
#include <linux/pgtable.h>

#include <asm/memory.h>
#include <asm/virt.h>

/**
 * enum coherent_pfnmap_verdict - can KVM on this host map the memory cacheable
 * @COHERENT_PFNMAP_OK: yes
 * @COHERENT_PFNMAP_NO_KVM_SUPPORT: the kernel's KVM would map it as Device
 * @COHERENT_PFNMAP_PROTECTED_KVM: KVM is protected (kvm-arm.mode=protected)
 * @COHERENT_PFNMAP_NO_FWB: a CPU lacks FEAT_S2FWB (ID_AA64MMFR2_EL1.FWB)
 * @COHERENT_PFNMAP_NO_DIC: a CPU lacks CTR_EL0.DIC
 */
enum coherent_pfnmap_verdict {
	COHERENT_PFNMAP_OK,
	COHERENT_PFNMAP_NO_KVM_SUPPORT,
	COHERENT_PFNMAP_PROTECTED_KVM,
	COHERENT_PFNMAP_NO_FWB,
	COHERENT_PFNMAP_NO_DIC,
};

/**
 * coherent_pfnmap_verdict() - judge this host
 *
 * Drivers and KVM ask the same question here, so they cannot disagree. The CPU
 * features are the system-wide ones, final before any module loads. Whether KVM
 * can do it is known at build time only: a kernel whose KVM maps cacheable
 * PFNMAP defines the capability that announces it to user space. As long as it
 * does not, the answer is no, for KVM itself too.
 *
 * Context: any, after CPU capabilities are final.
 * Return: %COHERENT_PFNMAP_OK, or the first reason against.
 */
static inline enum coherent_pfnmap_verdict coherent_pfnmap_verdict(void)
{
#ifdef KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED
	if (is_protected_kvm_enabled())
		return COHERENT_PFNMAP_PROTECTED_KVM;
	if (!cpus_have_final_cap(ARM64_HAS_STAGE2_FWB))
		return COHERENT_PFNMAP_NO_FWB;
	if (!cpus_have_final_cap(ARM64_HAS_CACHE_DIC))
		return COHERENT_PFNMAP_NO_DIC;
	return COHERENT_PFNMAP_OK;
#else
	return COHERENT_PFNMAP_NO_KVM_SUPPORT;
#endif
}

/**
 * vma_declare_coherent() - declare a VMA to show coherent device memory
 * @vma: a VMA in its driver's mmap handler, with the default page protection
 *
 * Context: mmap lock held for write.
 * Return: 0, or -EINVAL for a private mapping.
 */
static inline int vma_declare_coherent(struct vm_area_struct *vma)
{
	mmap_assert_write_locked(vma->vm_mm);

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP);
	return 0;
}

/**
 * prot_is_write_back() - is this one of the two Normal write-back types
 * @prot: a page protection, or a leaf entry of a host's page table
 *
 * A white list, so that a memory type added later is not taken for cacheable by
 * accident.
 *
 * Return: true for MT_NORMAL and MT_NORMAL_TAGGED.
 */
static inline bool prot_is_write_back(u64 prot)
{
	prot &= PTE_ATTRINDX_MASK;

	return prot == PTE_ATTRINDX(MT_NORMAL) ||
	       prot == PTE_ATTRINDX(MT_NORMAL_TAGGED);
}

/**
 * vma_is_coherent() - read the declaration
 * @vma: any VMA
 *
 * Deliberately blind to what else a declaration needs, see the top of this file.
 *
 * Context: mmap lock or VMA lock held.
 * Return: true if the host, by its VMA, accesses the memory through its caches.
 */
static inline bool vma_is_coherent(const struct vm_area_struct *vma)
{
	return (vma->vm_flags & VM_PFNMAP) &&
	       prot_is_write_back(pgprot_val(vma->vm_page_prot));
}

#endif /* _LINUX_COHERENT_PFNMAP_H */
