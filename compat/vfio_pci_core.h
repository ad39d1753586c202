/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What <linux/vfio_pci_core.h> lacks in older kernels.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The locking is that of all supported kernels: memory_lock is held for write
 * around resets, power transitions and changes of PCI_COMMAND.MEM, by a
 * vfio-pci-core that has removed user mappings of all BAR regions first.
 */
#ifndef NVGRACE_GPU_COMPAT_VFIO_PCI_CORE_H
#define NVGRACE_GPU_COMPAT_VFIO_PCI_CORE_H

#ifndef COMPAT_HAS___vfio_pci_memory_enabled
#include <linux/vfio_pci_core.h>

/*
 * Whether the user has memory decode on, in D0 to D2. A VF has no such bit of
 * its own.
 *
 * Context: memory_lock held, device open.
 */
static inline bool __vfio_pci_memory_enabled(struct vfio_pci_core_device *vdev)
{
	__le16 command = *(__le16 *)&vdev->vconfig[PCI_COMMAND];

	if ((__force int)vdev->pdev->current_state >= (__force int)PCI_D3hot)
		return false;
	return vdev->pdev->no_command_memory ||
	       le16_to_cpu(command) & PCI_COMMAND_MEMORY;
}
#endif

#ifndef COMPAT_HAS_is_aligned_for_order
#include <linux/mm.h>

/* Can one entry of 2^order pages map @pfn at @addr, within @vma? */
static inline bool is_aligned_for_order(struct vm_area_struct *vma,
					unsigned long addr, unsigned long pfn,
					unsigned int order)
{
	if (!order)
		return true;
	return addr >= vma->vm_start &&
	       addr + (PAGE_SIZE << order) <= vma->vm_end &&
	       IS_ALIGNED(pfn, BIT(order));
}
#endif

#ifndef COMPAT_HAS_vfio_pci_vmf_insert_pfn
#include <linux/huge_mm.h>
#include <linux/vfio_pci_core.h>

#ifdef COMPAT_HAS_pfn_t
#include <linux/pfn_t.h>
#define compat_pmd_pfn(pfn) __pfn_to_pfn_t(pfn, PFN_DEV)
#else
#define compat_pmd_pfn(pfn) (pfn)
#endif

/* Context: memory_lock held for read. */
static inline vm_fault_t
vfio_pci_vmf_insert_pfn(struct vfio_pci_core_device *vdev, struct vm_fault *vmf,
			unsigned long pfn, unsigned int order)
{
	lockdep_assert_held_read(&vdev->memory_lock);

	if (vdev->pm_runtime_engaged || !__vfio_pci_memory_enabled(vdev))
		return VM_FAULT_SIGBUS;
	if (!order)
		return vmf_insert_pfn(vmf->vma, vmf->address, pfn);
	if (IS_ENABLED(CONFIG_ARCH_SUPPORTS_PMD_PFNMAP) && order == PMD_ORDER)
		return vmf_insert_pfn_pmd(vmf, compat_pmd_pfn(pfn), false);
	return VM_FAULT_FALLBACK;
}
#endif

#ifndef COMPAT_HAS_vfio_pci_core_get_iomap
#include <linux/vfio_pci_core.h>

/*
 * Newer kernels map all BARs in vfio_pci_core_enable(), older ones map each when
 * it is first used, without a lock. The driver asks while it opens the device,
 * when nobody else can. Either way vfio_pci_core_disable() unmaps them.
 */
static inline void __iomem __must_check *
vfio_pci_core_get_iomap(struct vfio_pci_core_device *vdev, unsigned int bar)
{
	int ret;

	lockdep_assert_held(&vdev->vdev.dev_set->lock);

	if (!pci_resource_len(vdev->pdev, bar))
		return IOMEM_ERR_PTR(-ENODEV);
	ret = vfio_pci_core_setup_barmap(vdev, bar);
	return ret ? IOMEM_ERR_PTR(ret) : vdev->barmap[bar];
}
#endif

#endif
