/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherent-gpu: a GPU whose memory the CPU reaches as ordinary cacheable memory
 *
 * Models what a host's operating system sees of the GPU of a Grace Hopper or
 * Grace Blackwell superchip: a PCIe endpoint, and outside its BARs, at a fixed
 * place in the system's physical address space, the GPU's memory. Its place is
 * told by firmware properties of the device's ACPI node. Made for testing
 * drivers: everything that takes time or goes wrong on real parts can be made
 * to take time and go wrong here.
 *
 * PCI: 10de:<device-id>, class 0x030200, FLR (flr=off: none), PM (D3hot), AER,
 * MSI-X with 16 vectors, a serial number (serial=0: none), DVSECs:
 *   vendor 0x10de id 3 (dvsec=on)  16 bits at +0x0a, bit 0: mig-fixed
 *   vendor 0x1e98 id 0 (cxl=on)    32 bits at +0x1c, bit 0: valid, bit 1:
 *                                  memory active, bits 15..13: cxl-timeout
 * and with vf=on SR-IOV, one virtual function
 *   BAR0 (index 0/1)  bar0-size, 64-bit: registers; with less than
 *                     the default neither test block nor MSI-X
 *   BAR1 (index 2/3)  bar1-size, 64-bit prefetchable: plain RAM
 *
 * BAR0, all little endian:
 *   0x000000  PMC_BOOT_0        0; GH100's with falcon=on
 *   0x001498  C2C link status   0xff when the link is up
 *   0x0200bc  HBM training      0xff when the memory is trained
 *   0x800000  test block        watches and makes faults, see
 *                               coherent-gpu-testblock.h
 *   0x844000  falcon            with falcon=on: a copy engine, and the firmware
 *   0x8f2ad0  firmware's queue  that allows it, see coherent-gpu-falcon.c
 *   0xb90000  MSI-X table       0xba0000  MSI-X pending bits
 *
 * While the memory is not ready (not trained, any fault, torn out), CPU reads
 * of it give ~0 and writes are lost; its content survives, and survives resets.
 * The device's own DMA always reaches it. READY_DELAY_MS and FAULTS survive
 * function and bus resets. A reset of the machine is a power-on: everything is
 * as the properties say, and a device that was torn out is in its slot again.
 *
 * Properties (defaults in coherent_gpu_properties): device-id, mem-size,
 * mem-base, bar0-size, bar1-size; dvsec, mig-fixed; cxl, cxl-timeout; serial;
 * ready-delay-ms, c2c, all-ones: state at power-on; acpi-*: see
 * coherent-gpu-acpi.c; falcon, vf: see the files of that name; flr.
 *
 * Not modelled: engines but one, ATS, PASID, NVLink, poison met by the device's
 * own DMA, CXL beyond that one word, caches (TCG has none: incoherent use of
 * the memory goes unnoticed), time taken by any access, migration.
 *
 * Copyright (c) The nvgrace-gpu authors
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/host-utils.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "hw/pci/msi.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pcie.h"
#include "hw/pci/pcie_port.h"
#include "hw/pci/pcie_sriov.h"
#include "hw/qdev-properties.h"
#include "hw/resettable.h"
#include "migration/vmstate.h"
#include "system/cpus.h"
#include "coherent-gpu.h"

#define EXP_OFFSET              0x78

#define AER_OFFSET              0x100
#define SERIAL_OFFSET           0x150
#define NVIDIA_DVSEC_OFFSET     0x200
#define NVIDIA_DVSEC_SIZE       0x0c
#define NVIDIA_DVSEC_ID         3
#define NVIDIA_DVSEC_BITMAP     0x0a
#define CXL_DVSEC_OFFSET        0x240
#define CXL_DVSEC_SIZE          0x3c
#define CXL_DVSEC_VENDOR        0x1e98
#define CXL_DVSEC_ID            0
#define CXL_DVSEC_CAP           0x0a
#define CXL_CAP_MEM_ONE_RANGE   0x0014
#define CXL_DVSEC_SIZE_HIGH     0x18
#define CXL_DVSEC_SIZE_LOW      0x1c
#define CXL_SIZE_LOW_MASK       0xf0000000
#define CXL_MEM_INFO_VALID      BIT(0)
#define CXL_MEM_ACTIVE          BIT(1)
#define CXL_TIMEOUT_SHIFT       13
#define CXL_TIMEOUT_MAX         7

#define DVSEC_HEADER1           4
#define DVSEC_HEADER2           8

/* Configuration space */

static uint8_t *add_dvsec(PCIDevice *pdev, uint16_t offset, uint16_t size,
                          uint16_t vendor, uint16_t id, uint8_t revision)
{
    uint8_t *dvsec = pdev->config + offset;

    pcie_add_capability(pdev, PCI_EXT_CAP_ID_DVSEC, 1, offset, size);
    pci_set_long(dvsec + DVSEC_HEADER1,
                 vendor | (uint32_t)revision << 16 | (uint32_t)size << 20);
    pci_set_word(dvsec + DVSEC_HEADER2, id);
    return dvsec;
}

static void add_dvsecs(CoherentGPUState *s)
{
    PCIDevice *pdev = PCI_DEVICE(s);
    uint8_t *dvsec;

    if (s->dvsec) {
        dvsec = add_dvsec(pdev, NVIDIA_DVSEC_OFFSET, NVIDIA_DVSEC_SIZE,
                          PCI_VENDOR_ID_NVIDIA, NVIDIA_DVSEC_ID, 0);
        pci_set_word(dvsec + NVIDIA_DVSEC_BITMAP, s->mig_fixed);
    }
    if (s->cxl) {
        dvsec = add_dvsec(pdev, CXL_DVSEC_OFFSET, CXL_DVSEC_SIZE,
                          CXL_DVSEC_VENDOR, CXL_DVSEC_ID, 2);
        pci_set_word(dvsec + CXL_DVSEC_CAP, CXL_CAP_MEM_ONE_RANGE);
        pci_set_long(dvsec + CXL_DVSEC_SIZE_HIGH, s->mem_size >> 32);
    }
}

static uint32_t cxl_size_low(const CoherentGPUState *s)
{
    bool valid = !(s->faults & TB_FAULT_CXL_INVALID);
    bool active = !(s->faults & TB_FAULT_CXL_INACTIVE) && coherent_gpu_ready(s);

    if (s->faults & TB_FAULT_ALL_ONES) {
        return UINT32_MAX;
    }
    return (s->mem_size & CXL_SIZE_LOW_MASK) |
           s->cxl_timeout << CXL_TIMEOUT_SHIFT |
           (valid ? CXL_MEM_INFO_VALID : 0) | (active ? CXL_MEM_ACTIVE : 0);
}

static bool answers_config(const CoherentGPUState *s)
{
    return !s->torn_out && !(s->faults & TB_FAULT_CONFIG) &&
           qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) >= s->silent_until;
}

static uint32_t coherent_gpu_config_read(PCIDevice *pdev, uint32_t addr,
                                         int len)
{
    CoherentGPUState *s = COHERENT_GPU(pdev);

    if (!answers_config(s)) {
        return UINT32_MAX;
    }
    if (s->cxl) {
        pci_set_long(pdev->config + CXL_DVSEC_OFFSET + CXL_DVSEC_SIZE_LOW,
                     cxl_size_low(s));
    }
    return pci_default_read_config(pdev, addr, len);
}

static void coherent_gpu_config_write(PCIDevice *pdev, uint32_t addr,
                                      uint32_t val, int len)
{
    if (!answers_config(COHERENT_GPU(pdev))) {
        return;
    }
    pci_default_write_config(pdev, addr, val, len);
    pcie_cap_flr_write_config(pdev, addr, val, len);
    pcie_aer_write_config(pdev, addr, val, len);
    pcie_sriov_config_write(pdev, addr, val, len);
}

static bool add_capabilities(CoherentGPUState *s, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(s);
    int pm;

    pm = pci_pm_init(pdev, 0, errp);
    if (pm < 0) {
        return false;
    }
    pci_set_word(pdev->config + pm + PCI_PM_PMC, 3);
    pci_set_word(pdev->config + pm + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
    pci_set_word(pdev->wmask + pm + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);

    if (pcie_endpoint_cap_init(pdev, EXP_OFFSET) < 0) {
        error_setg(errp, "coherent-gpu: must be on a PCI Express bus");
        return false;
    }
    pcie_cap_deverr_init(pdev);
    if (s->has_flr) {
        pcie_cap_flr_init(pdev);
    }
    if (pcie_aer_init(pdev, PCI_ERR_VER, AER_OFFSET, PCI_ERR_SIZEOF,
                      errp) < 0) {
        return false;
    }
    if (s->serial) {
        pcie_dev_ser_num_init(pdev, SERIAL_OFFSET, s->serial);
    }
    add_dvsecs(s);
    return !s->has_vf || coherent_gpu_vf_init(s, errp);
}

/* Reset and removal */

/* The slot the device is in, or NULL when it is not in one. */
static PCIDevice *find_slot(CoherentGPUState *s)
{
    PCIDevice *port = pci_bridge_get_device(pci_get_bus(PCI_DEVICE(s)));

    if (!port || !object_dynamic_cast(OBJECT(port), TYPE_PCIE_SLOT)) {
        return NULL;
    }
    return port;
}

static void slot_set_presence(PCIDevice *port, bool present)
{
    uint8_t *sltsta = port->config + port->exp.exp_cap + PCI_EXP_SLTSTA;
    uint8_t *lnksta = port->config + port->exp.exp_cap + PCI_EXP_LNKSTA;

    if (present) {
        pci_word_test_and_set_mask(sltsta, PCI_EXP_SLTSTA_PDS);
        pci_word_test_and_set_mask(lnksta, PCI_EXP_LNKSTA_DLLLA);
    } else {
        pci_word_test_and_clear_mask(sltsta, PCI_EXP_SLTSTA_PDS);
        pci_word_test_and_clear_mask(lnksta, PCI_EXP_LNKSTA_DLLLA);
    }
}

/*
 * QEMU's own removal asks the guest first; this one does not. Guests that see
 * an attention button enable no event for presence, only one for the link,
 * which QEMU's ports do not have: so an enabled hot-plug interrupt is enough.
 */
static void slot_signal_change(PCIDevice *port)
{
    uint8_t *exp = port->config + port->exp.exp_cap;

    pci_word_test_and_set_mask(exp + PCI_EXP_SLTSTA, PCI_EXP_SLTSTA_PDC);
    if (!(pci_get_word(exp + PCI_EXP_SLTCTL) & PCI_EXP_SLTCTL_HPIE)) {
        return;
    }
    if (msix_enabled(port)) {
        msix_notify(port, pcie_cap_flags_get_vector(port));
    } else if (msi_enabled(port)) {
        msi_notify(port, pcie_cap_flags_get_vector(port));
    } else {
        pci_set_irq(port, 1);
    }
}

void coherent_gpu_tear_out(CoherentGPUState *s)
{
    PCIDevice *port = find_slot(s);

    s->torn_out = true;
    pci_set_enabled(PCI_DEVICE(s), false);
    if (port) {
        slot_set_presence(port, false);
        slot_signal_change(port);
    }
}

static void power_on(CoherentGPUState *s)
{
    PCIDevice *port = find_slot(s);

    if (s->torn_out && port) {
        slot_set_presence(port, true);
    }
    s->torn_out = false;
    s->early = 0;
    s->resets = 0;
    coherent_gpu_heal(s);
    s->ready_delay_ms = s->power_on_delay_ms;
    s->faults = (s->all_ones ? TB_FAULT_ALL_ONES : 0) |
                (s->c2c ? 0 : TB_FAULT_C2C_DOWN);
    s->silent_ms = 0;
    s->silent_until = 0;
}

static int insert_if_torn_out(Object *obj, void *opaque)
{
    CoherentGPUState *s;
    PCIDevice *port;

    if (!object_dynamic_cast(obj, TYPE_COHERENT_GPU) ||
        !COHERENT_GPU(obj)->torn_out) {
        return 0;
    }
    s = COHERENT_GPU(obj);
    power_on(s);
    pci_set_enabled(PCI_DEVICE(s), true);
    port = find_slot(s);
    if (port) {
        slot_signal_change(port);
    }
    return 0;
}

void coherent_gpu_insert_all(void)
{
    object_child_foreach_recursive(object_get_root(), insert_if_torn_out,
                                   NULL);
}

static void coherent_gpu_reset_hold(Object *obj, ResetType type)
{
    CoherentGPUState *s = COHERENT_GPU(obj);

    /* QEMU has one type for all; but only CPUs reset functions and buses. */
    if (qemu_in_vcpu_thread()) {
        s->resets++;
    } else {
        power_on(s);
    }
    pcie_cap_deverr_reset(PCI_DEVICE(s));
    pcie_sriov_pf_reset(PCI_DEVICE(s));
    memset(&s->dma, 0, sizeof(s->dma));
    coherent_gpu_falcon_reset(s);
    s->silent_until = MAX(s->silent_until, coherent_gpu_after(s->silent_ms));
    s->silent_ms = 0;
    coherent_gpu_train(s, s->ready_delay_ms);
}

/* Life */

static bool is_bar_size(uint64_t size)
{
    return is_power_of_2(size) && size >= 4 * KiB;
}

static bool check_properties(CoherentGPUState *s, Error **errp)
{
    if (!is_bar_size(s->bar0_size) || !is_bar_size(s->bar1_size)) {
        error_setg(errp, "coherent-gpu: bar0-size and bar1-size must be powers"
                   " of two of at least 4 KiB");
        return false;
    }
    if (s->cxl_timeout > CXL_TIMEOUT_MAX) {
        error_setg(errp, "coherent-gpu: cxl-timeout is a code from 0 to %d",
                   CXL_TIMEOUT_MAX);
        return false;
    }
    return true;
}

static bool add_bars(CoherentGPUState *s, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    coherent_gpu_regs_init(s);
    pci_register_bar(pdev, 0, PCI_BASE_ADDRESS_MEM_TYPE_64, &s->bar0);
    if (!memory_region_init_ram_flags_nomigrate(&s->bar1, OBJECT(s),
                                                "coherent-gpu.bar1",
                                                s->bar1_size, RAM_NORESERVE,
                                                errp)) {
        return false;
    }
    pci_register_bar(pdev, 2, PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &s->bar1);
    return true;
}

static void coherent_gpu_realize(PCIDevice *pdev, Error **errp)
{
    CoherentGPUState *s = COHERENT_GPU(pdev);

    pci_config_set_device_id(pdev->config, s->device_id);
    if (!check_properties(s, errp) || !add_bars(s, errp) ||
        !coherent_gpu_msix_init(s, errp)) {
        return;
    }
    if (!add_capabilities(s, errp) || !coherent_gpu_memory_realize(s, errp)) {
        coherent_gpu_msix_exit(s);
    }
}

static void coherent_gpu_exit(PCIDevice *pdev)
{
    CoherentGPUState *s = COHERENT_GPU(pdev);

    coherent_gpu_memory_unrealize(s);
    pcie_sriov_pf_exit(pdev);
    pcie_aer_exit(pdev);
    pcie_cap_exit(pdev);
    coherent_gpu_msix_exit(s);
}

static const Property coherent_gpu_properties[] = {
    DEFINE_PROP_UINT16("device-id", CoherentGPUState, device_id, 0x2342),
    DEFINE_PROP_SIZE("mem-size", CoherentGPUState, mem_size, 0),
    DEFINE_PROP_UINT64("mem-base", CoherentGPUState, mem_base, 0),
    DEFINE_PROP_SIZE("bar0-size", CoherentGPUState, bar0_size,
                     COHERENT_GPU_BAR0_SIZE),
    DEFINE_PROP_SIZE("bar1-size", CoherentGPUState, bar1_size, 1 * MiB),
    DEFINE_PROP_BOOL("dvsec", CoherentGPUState, dvsec, true),
    DEFINE_PROP_BOOL("mig-fixed", CoherentGPUState, mig_fixed, false),
    DEFINE_PROP_BOOL("cxl", CoherentGPUState, cxl, false),
    DEFINE_PROP_UINT8("cxl-timeout", CoherentGPUState, cxl_timeout, 2),
    DEFINE_PROP_UINT64("serial", CoherentGPUState, serial, 0),
    DEFINE_PROP_UINT32("ready-delay-ms", CoherentGPUState, power_on_delay_ms,
                       0),
    DEFINE_PROP_BOOL("c2c", CoherentGPUState, c2c, true),
    DEFINE_PROP_BOOL("all-ones", CoherentGPUState, all_ones, false),
    DEFINE_PROP_BOOL("acpi-props", CoherentGPUState, acpi_props, true),
    DEFINE_PROP_UINT64("acpi-base", CoherentGPUState, acpi_base,
                       COHERENT_GPU_TRUTH),
    DEFINE_PROP_SIZE("acpi-size", CoherentGPUState, acpi_size,
                     COHERENT_GPU_TRUTH),
    DEFINE_PROP_BOOL("acpi-base-present", CoherentGPUState, acpi_base_present,
                     true),
    DEFINE_PROP_BOOL("acpi-size-present", CoherentGPUState, acpi_size_present,
                     true),
    DEFINE_PROP_BOOL("falcon", CoherentGPUState, has_falcon, false),
    DEFINE_PROP_BOOL("vf", CoherentGPUState, has_vf, false),
    DEFINE_PROP_BOOL("flr", CoherentGPUState, has_flr, true),
    DEFINE_PROP_BOOL("test-block", CoherentGPUState, has_test_block, true),
};

static const VMStateDescription coherent_gpu_vmstate = {
    .name = TYPE_COHERENT_GPU,
    .unmigratable = 1,
};

static void coherent_gpu_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *pc = PCI_DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    pc->realize = coherent_gpu_realize;
    pc->exit = coherent_gpu_exit;
    pc->config_read = coherent_gpu_config_read;
    pc->config_write = coherent_gpu_config_write;
    pc->vendor_id = PCI_VENDOR_ID_NVIDIA;
    pc->subsystem_vendor_id = PCI_VENDOR_ID_NVIDIA;
    pc->revision = 0xa1;
    pc->class_id = 0x0302;

    rc->phases.hold = coherent_gpu_reset_hold;

    dc->desc = "GPU with CPU-coherent memory, for driver tests";
    dc->vmsd = &coherent_gpu_vmstate;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    device_class_set_props(dc, coherent_gpu_properties);
}

static const TypeInfo coherent_gpu_types[] = {
    {
        .name = TYPE_COHERENT_GPU,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(CoherentGPUState),
        .class_init = coherent_gpu_class_init,
        .interfaces = (InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { }
        },
    },
};

DEFINE_TYPES(coherent_gpu_types)
