/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the supported kernels, in one place.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Force-included in front of every source file of the out-of-tree build, so
 * that the driver itself is written for one kernel. Nothing else in the tree
 * may look at the kernel's version.
 */
#ifndef NVGRACE_GPU_COMPAT_H
#define NVGRACE_GPU_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
#error "nvgrace-gpu needs Linux 7.3 or newer: vfio-pci-core lacks what it uses"
#endif

#endif
