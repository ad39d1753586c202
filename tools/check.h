/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is looked at. Nothing here changes anything: no device is opened, no driver
 * bound, no register read.
 */
#ifndef NVGRACE_CHECK_H
#define NVGRACE_CHECK_H

#include <pci/pci.h>

#include "report.h"

/* The module's file and the PCI driver in it: the one with dashes, the other not. */
#define MODULE_NAME	"nvgrace-gpu-vfio-pci"
#define DRIVER_NAME	"nvgrace_gpu_vfio_pci"

/* Firmware's name for where the memory is (nvidia,gpu-mem-size: how much of it). */
#define MEMORY_PROPERTY	"nvidia,gpu-mem-base-pa"

/* The host: CPUs, KVM, IOMMU, VFIO, the module. @gpus: how many there are. */
void check_host(struct report *report, unsigned int gpus);

/* The module: whose it is, in this kernel and in others that may boot, and who signed it. */
void check_modules(struct subject *host);

/* Is it a GPU this project is for, or may become one? */
bool gpu_is_candidate(const struct pci_dev *dev);

/* One GPU: its group, its driver, its memory. */
void check_gpu(struct report *report, struct pci_dev *dev);

/* Who has it: processes, and the host with its memory. */
void check_holders(struct subject *gpu, const struct pci_dev *dev);

/* The lines that bind it and give it to a guest; after check_gpu(). */
void add_commands(struct subject *gpu, const struct pci_dev *dev);

#endif
