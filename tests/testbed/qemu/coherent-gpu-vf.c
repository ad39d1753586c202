/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherent-gpu: one virtual function (vf=on)
 *
 * The SR-IOV capability that real parts have, and behind it a function that is
 * nothing but a configuration space: whether a driver makes it appear is what can
 * be seen here.
 *
 * Copyright (c) The nvgrace-gpu authors
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_sriov.h"
#include "coherent-gpu.h"

#define TYPE_COHERENT_GPU_VF    "coherent-gpu-vf"

#define SRIOV_OFFSET            0x300
#define VF_EXP_OFFSET           0x78
#define VF_TOTAL                1

bool coherent_gpu_vf_init(CoherentGPUState *s, Error **errp)
{
    return pcie_sriov_pf_init(PCI_DEVICE(s), SRIOV_OFFSET, TYPE_COHERENT_GPU_VF,
                              s->device_id, VF_TOTAL, VF_TOTAL, 1, 1, errp);
}

static void vf_realize(PCIDevice *pdev, Error **errp)
{
    if (pcie_endpoint_cap_init(pdev, VF_EXP_OFFSET) < 0) {
        error_setg(errp, "coherent-gpu-vf: must be on a PCI Express bus");
    }
}

static void vf_exit(PCIDevice *pdev)
{
    pcie_cap_exit(pdev);
}

static void vf_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);

    pc->realize = vf_realize;
    pc->exit = vf_exit;
    pc->vendor_id = PCI_VENDOR_ID_NVIDIA;
    pc->subsystem_vendor_id = PCI_VENDOR_ID_NVIDIA;
    pc->class_id = 0x0302;

    dc->desc = "virtual function of coherent-gpu";
    dc->user_creatable = false;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo vf_types[] = {
    {
        .name = TYPE_COHERENT_GPU_VF,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(PCIDevice),
        .class_init = vf_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { }
        },
    },
};

DEFINE_TYPES(vf_types)
