/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherent-gpu: the one function that the virt machine's DSDT builder calls
 *
 * Copyright (c) The nvgrace-gpu authors
 */

#ifndef HW_COHERENT_GPU_ACPI_H
#define HW_COHERENT_GPU_ACPI_H

#include "hw/acpi/aml-build.h"
#include "hw/pci/pci_bus.h"

/*
 * Appends to @scope, which must be the scope PCI0 is in, a node for every
 * coherent-gpu below @root and for every bridge on the way to it.
 */
void acpi_dsdt_add_coherent_gpus(Aml *scope, PCIBus *root);

#endif
