/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherent-gpu: the device's nodes in the DSDT
 *
 * The operating system learns where the memory is from two properties (_DSD)
 * of the device's node. A node belongs to the PCI device that has its _ADR
 * below its parent node's bus, so every bridge on the way needs one as well.
 * Devices behind a pxb host bridge, which is no bridge of the root bus, get
 * none: to the operating system they are GPUs without properties.
 *
 * acpi-base, acpi-size, acpi-base-present and acpi-size-present make firmware
 * that lies, acpi-props=off makes firmware that does not know.
 *
 * Copyright (c) The nvgrace-gpu authors
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_bridge.h"
#include "coherent-gpu.h"
#include "coherent-gpu-acpi.h"

/* Device properties, in capitals as aml_touuid() wants it: ACPI's _DSD guide */
#define DSD_PROPERTIES_UUID "DAFFD814-6EBA-4D8C-8A91-BC9BBF4AA301"

static Aml *property(const char *name, uint64_t value)
{
    Aml *package = aml_package(2);

    aml_append(package, aml_string("%s", name));
    aml_append(package, aml_int(value));
    return package;
}

static uint64_t told(uint64_t property, uint64_t truth)
{
    return property == COHERENT_GPU_TRUTH ? truth : property;
}

static Aml *dsd(const CoherentGPUState *s)
{
    Aml *properties = aml_package(s->acpi_base_present + s->acpi_size_present);
    Aml *package = aml_package(2);

    if (s->acpi_base_present) {
        aml_append(properties, property("nvidia,gpu-mem-base-pa",
                                        told(s->acpi_base, s->mem_base)));
    }
    if (s->acpi_size_present) {
        aml_append(properties, property("nvidia,gpu-mem-size",
                                        told(s->acpi_size, s->mem_size)));
    }
    aml_append(package, aml_touuid(DSD_PROPERTIES_UUID));
    aml_append(package, properties);
    return aml_name_decl("_DSD", package);
}

static bool append_bus(Aml *scope, PCIBus *bus);

static bool append_bridge(Aml *node, PCIDevice *pdev)
{
    return IS_PCI_BRIDGE(pdev) &&
        append_bus(node, pci_bridge_get_sec_bus(PCI_BRIDGE(pdev)));
}

/* Returns whether the device, or one below it, is a coherent-gpu. */
static bool append_device(Aml *scope, PCIDevice *pdev)
{
    CoherentGPUState *s = (CoherentGPUState *)
        object_dynamic_cast(OBJECT(pdev), TYPE_COHERENT_GPU);
    Aml *node = aml_device("S%.02X", pdev->devfn);

    aml_append(node, aml_name_decl("_ADR", aml_int(PCI_SLOT(pdev->devfn) << 16 |
                                                   PCI_FUNC(pdev->devfn))));
    if (s && s->acpi_props) {
        aml_append(node, dsd(s));
    } else if (!s && !append_bridge(node, pdev)) {
        return false;
    }
    aml_append(scope, node);
    return true;
}

static bool append_bus(Aml *scope, PCIBus *bus)
{
    bool found = false;
    int devfn;

    for (devfn = 0; devfn < PCI_DEVFN_MAX; devfn++) {
        if (bus->devices[devfn]) {
            found |= append_device(scope, bus->devices[devfn]);
        }
    }
    return found;
}

void acpi_dsdt_add_coherent_gpus(Aml *scope, PCIBus *root)
{
    Aml *pci0 = aml_scope("PCI0");

    if (append_bus(pci0, root)) {
        aml_append(scope, pci0);
    }
}
