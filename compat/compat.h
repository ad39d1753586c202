/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the supported kernels, in one place.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The driver is written for the newest kernel. This header is force-included in
 * front of every source file of the out-of-tree build and gives older kernels
 * what they lack, under the newest kernel's names and with its behaviour; where
 * nothing is lacking it is empty. COMPAT_HAS_<name> comes from Kbuild.include.
 * Nothing else in the tree may look at the kernel's version or features.
 *
 * What cannot be mended here, because the older kernel itself behaves
 * differently, is listed in Documentation/driver-api/nvgrace-gpu.rst,
 * "Supported kernels".
 */
#ifndef NVGRACE_GPU_COMPAT_H
#define NVGRACE_GPU_COMPAT_H

#ifndef COMPAT_HAS_us_to_ktime
#include <linux/ktime.h>

static inline ktime_t us_to_ktime(u64 us)
{
	return ns_to_ktime(us * NSEC_PER_USEC);
}
#endif

#ifndef COMPAT_HAS_linear_page_delta
#include <linux/mm.h>

static inline pgoff_t linear_page_delta(const struct vm_area_struct *vma,
					unsigned long address)
{
	return (address - vma->vm_start) >> PAGE_SHIFT;
}
#endif

/*
 * Told by mm itself of failures in memory without struct pages: kernels with the
 * memory-failure patches of patches/.
 */
#ifdef COMPAT_HAS_failed
#include <linux/memory-failure.h>

static inline bool
pfn_address_space_calls(struct pfn_address_space *space,
			void (*failed)(struct pfn_address_space *space,
				       unsigned long pfn))
{
	space->failed = failed;
	return true;
}

#define pfn_address_space_calls pfn_address_space_calls
#endif

/*
 * Linux resets the bus after an error that leaves the link alone, for a driver that asks
 * for it, since 6.18, which also is the first to tell drivers that recovery has failed.
 */
#ifdef COMPAT_NO_BUS_RESET_ON_DEMAND
#define PCI_RECOVERY_MAY_RESET_WORKING_LINK	0
#endif

#include "vfio_pci_core.h"
#include "vfio.h"

#endif
