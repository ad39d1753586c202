/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherent-gpu: BAR0
 *
 * Three registers that real parts have, at the addresses where real parts have
 * them, and those of coherent-gpu-falcon.c; a test block (see
 * coherent-gpu-testblock.h) that lets programs on the emulated machine watch
 * the device and inject faults; the MSI-X table.
 *
 * The test block is made of 64-bit cells. A cell is read as a whole or by
 * halves; only a 64-bit read of a clock is consistent. Writes act on each half.
 *
 * Copyright (c) The nvgrace-gpu authors
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bitops.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pcie.h"
#include "coherent-gpu.h"

#define REG_PMC_BOOT_0          0x0
#define REG_C2C_LINK_STATUS     0x1498
#define REG_HBM_TRAINING        0x200bc
#define STATUS_UP               0xff

#define MSIX_TABLE              0xb90000
#define MSIX_PBA                0xba0000

#define DMA_PAGE                (4 * KiB)

/* The registers real parts have */

static uint32_t reg_value(CoherentGPUState *s, hwaddr addr)
{
    uint32_t value;

    if (s->faults & TB_FAULT_ALL_ONES) {
        return UINT32_MAX;
    }
    if (s->has_falcon && coherent_gpu_falcon_read(s, addr, &value)) {
        return value;
    }
    switch (addr) {
    case REG_C2C_LINK_STATUS:
        return s->faults & TB_FAULT_C2C_DOWN ? 0 : STATUS_UP;
    case REG_HBM_TRAINING:
        return coherent_gpu_trained(s) ? STATUS_UP : 0;
    case REG_PMC_BOOT_0: /* no known architecture: no stock driver wants it */
    default:
        return 0;
    }
}

static uint64_t regs_read(void *opaque, hwaddr addr, unsigned size)
{
    return reg_value(opaque, addr & ~3ULL) >> (addr & 3) * 8;
}

static void regs_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    CoherentGPUState *s = opaque;

    if (s->has_falcon && size == 4 &&
        coherent_gpu_falcon_write(s, addr, val)) {
        return;
    }
    qemu_log_mask(LOG_UNIMP, "coherent-gpu: write of 0x%" PRIx64
                  " to register 0x%" HWADDR_PRIx "\n", val, addr);
}

static const MemoryRegionOps regs_ops = {
    .read = regs_read,
    .write = regs_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};

/* Interrupts and DMA */

static void fire(CoherentGPUState *s, uint32_t vector)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    if (vector < COHERENT_GPU_VECTORS && msix_enabled(pdev)) {
        msix_notify(pdev, vector);
    }
}

/*
 * The length of the next piece. Where the IOMMU refuses a page, QEMU reports
 * every word of it; so the first word of each page goes alone, and the transfer
 * ends there as it does on real parts.
 */
static uint32_t dma_piece(uint64_t iova, uint32_t done, uint32_t left)
{
    uint64_t in_page = iova % DMA_PAGE;

    if (done && in_page) {
        return MIN(left, DMA_PAGE - in_page);
    }
    return MIN(left, 4 - in_page % 4);
}

static MemTxResult dma_copy(CoherentGPUState *s, bool to_mem)
{
    PCIDevice *pdev = PCI_DEVICE(s);
    MemTxAttrs attrs = MEMTXATTRS_UNSPECIFIED;
    MemTxResult result = MEMTX_OK;
    uint8_t buf[DMA_PAGE];
    uint32_t done, n;

    for (done = 0; done < s->dma.len && result == MEMTX_OK; done += n) {
        dma_addr_t iova = s->dma.iova + done;
        hwaddr mem = s->dma.mem + done;

        n = dma_piece(iova, done, s->dma.len - done);
        if (to_mem) {
            result = pci_dma_read(pdev, iova, buf, n);
            if (result == MEMTX_OK) {
                result = address_space_write(&s->mem_as, mem, attrs, buf, n);
            }
        } else {
            address_space_read(&s->mem_as, mem, attrs, buf, n);
            result = pci_dma_write(pdev, iova, buf, n);
        }
    }
    return result;
}

/* Runs to completion within the write that started it. */
static void dma_run(CoherentGPUState *s, uint32_t cmd)
{
    uint32_t direction = extract32(cmd, 0, 16);
    uint32_t vector_plus_one = extract32(cmd, 16, 16);

    if ((direction != TB_DMA_TO_IOVA && direction != TB_DMA_FROM_IOVA) ||
        s->dma.mem > s->mem_size || s->dma.len > s->mem_size - s->dma.mem ||
        dma_copy(s, direction == TB_DMA_FROM_IOVA) != MEMTX_OK) {
        s->dma.status = TB_DMA_ERROR;
    } else {
        s->dma.status = TB_DMA_OK;
    }
    if (vector_plus_one) {
        fire(s, vector_plus_one - 1);
    }
}

/* As when the part itself finds an uncorrectable error. */
static void report_error(PCIDevice *pdev, uint32_t status)
{
    PCIEAERErr error = {
        .status = status,
        .source_id = pci_requester_id(pdev),
    };

    pcie_aer_inject_error(pdev, &error);
}

/* The upstream port of the switch the device is below, or NULL. */
static PCIDevice *find_switch(CoherentGPUState *s)
{
    PCIDevice *port = pci_bridge_get_device(pci_get_bus(PCI_DEVICE(s)));

    while (port && pcie_cap_get_type(port) != PCI_EXP_TYPE_UPSTREAM) {
        port = pci_bridge_get_device(pci_get_bus(port));
    }
    return port;
}

static void report_other(CoherentGPUState *s, uint32_t status, uint16_t flags)
{
    PCIBus *root = pci_device_root_bus(PCI_DEVICE(s));
    PCIDevice *other = pci_find_device(root, s->aer_of >> 8, s->aer_of & 0xff);
    PCIEAERErr error = {
        .status = status,
        .source_id = s->aer_of,
        .flags = flags,
    };

    if (other) {
        pcie_aer_inject_error(other, &error);
    }
}

static void report_error_above(CoherentGPUState *s, uint32_t status)
{
    PCIDevice *port = find_switch(s);

    if (port) {
        report_error(port, status);
    }
}

/* The test block */

static uint64_t pair(uint32_t lo, uint32_t hi)
{
    return deposit64(lo, 32, 32, hi);
}

static uint64_t cell_value(const CoherentGPUState *s, hwaddr cell)
{
    switch (cell) {
    case TB_MAGIC:
        return pair(TB_MAGIC_VALUE, s->early);
    case TB_RESETS:
        return pair(s->resets, 0);
    case TB_READY_NS:
        return coherent_gpu_ready(s) ? s->trained_at : 0;
    case TB_NOW_NS:
        return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    case TB_FIRST_TOUCH_NS:
        return s->first_touch;
    case TB_READY_DELAY_MS:
        return pair(s->ready_delay_ms, s->faults);
    case TB_DMA_IOVA:
        return s->dma.iova;
    case TB_DMA_MEM:
        return s->dma.mem;
    case TB_DMA_LEN:
        return pair(s->dma.len, 0);
    case TB_DMA_STATUS:
        return pair(s->dma.status, 0);
    case TB_POISON_MEM:
        return s->poison_mem;
    case TB_POISON_CMD:
        return pair(0, s->poisoned);
    case TB_SILENT_MS:
        return pair(s->silent_ms, 0);
    case TB_AER_OF:
        return pair(s->aer_of, 0);
    default:
        return 0;
    }
}

static uint64_t test_block_read(void *opaque, hwaddr addr, unsigned size)
{
    uint64_t cell = cell_value(opaque, addr & ~7ULL);

    return size == 8 ? cell : extract64(cell, (addr & 4) * 8, 32);
}

static void poison_command(CoherentGPUState *s, uint32_t cmd)
{
    if (cmd == TB_POISON) {
        coherent_gpu_poison(s, s->poison_mem);
    } else if (cmd == TB_HEAL) {
        coherent_gpu_heal(s);
    }
}

/* What reports errors, or makes config space one. */
static void write_error_half(CoherentGPUState *s, hwaddr addr, uint32_t val)
{
    switch (addr) {
    case TB_AER:
        report_error(PCI_DEVICE(s), val);
        break;
    case TB_AER_ABOVE:
        report_error_above(s, val);
        break;
    case TB_SILENT_MS:
        s->silent_ms = val;
        break;
    case TB_AER_OF:
        s->aer_of = val;
        break;
    case TB_AER_OTHER:
        report_other(s, val, 0);
        break;
    case TB_AER_COR:
        report_other(s, val, PCIE_AER_ERR_IS_CORRECTABLE);
        break;
    }
}

static void write_half(CoherentGPUState *s, hwaddr addr, uint32_t val)
{
    switch (addr) {
    case TB_EARLY:
        s->early = 0;
        break;
    case TB_READY_DELAY_MS:
        s->ready_delay_ms = val;
        break;
    case TB_FAULTS:
        coherent_gpu_set_faults(s, val & TB_FAULT_MASK);
        break;
    case TB_UNREADY_MS:
        coherent_gpu_train(s, val);
        break;
    case TB_SURPRISE:
        if (val == 1) {
            coherent_gpu_tear_out(s);
        }
        break;
    case TB_INSERT:
        if (val == 1) {
            coherent_gpu_insert_all();
        }
        break;
    case TB_DMA_IOVA:
    case TB_DMA_IOVA + 4:
        s->dma.iova = deposit64(s->dma.iova, (addr & 4) * 8, 32, val);
        break;
    case TB_DMA_MEM:
    case TB_DMA_MEM + 4:
        s->dma.mem = deposit64(s->dma.mem, (addr & 4) * 8, 32, val);
        break;
    case TB_DMA_LEN:
        s->dma.len = val;
        break;
    case TB_DMA_CMD:
        dma_run(s, val);
        break;
    case TB_MSIX_FIRE:
        fire(s, val);
        break;
    case TB_POISON_MEM:
    case TB_POISON_MEM + 4:
        s->poison_mem = deposit64(s->poison_mem, (addr & 4) * 8, 32, val);
        break;
    case TB_POISON_CMD:
        poison_command(s, val);
        break;
    default:
        write_error_half(s, addr, val);
        break;
    }
}

static void test_block_write(void *opaque, hwaddr addr, uint64_t val,
                             unsigned size)
{
    write_half(opaque, addr, val);
    if (size == 8) {
        write_half(opaque, addr + 4, val >> 32);
    }
}

static const MemoryRegionOps test_block_ops = {
    .read = test_block_read,
    .write = test_block_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 8 },
    .impl = { .min_access_size = 4, .max_access_size = 8 },
};

/* A smaller one ends before the test block and the MSI-X table. */
static bool bar0_is_whole(CoherentGPUState *s)
{
    return s->bar0_size >= COHERENT_GPU_BAR0_SIZE;
}

void coherent_gpu_regs_init(CoherentGPUState *s)
{
    Object *owner = OBJECT(s);

    memory_region_init(&s->bar0, owner, "coherent-gpu.bar0", s->bar0_size);
    memory_region_init_io(&s->regs, owner, &regs_ops, s, "coherent-gpu.regs",
                          s->bar0_size);
    memory_region_add_subregion_overlap(&s->bar0, 0, &s->regs, -1);
    memory_region_init_io(&s->test_block, owner, &test_block_ops, s,
                          "coherent-gpu.test", TB_BYTES);
    if (s->has_test_block && bar0_is_whole(s)) {
        memory_region_add_subregion(&s->bar0, TB_AT, &s->test_block);
    }
}

bool coherent_gpu_msix_init(CoherentGPUState *s, Error **errp)
{
    PCIDevice *pdev = PCI_DEVICE(s);
    int vector;

    if (!bar0_is_whole(s)) {
        return true;
    }
    if (msix_init(pdev, COHERENT_GPU_VECTORS, &s->bar0, 0, MSIX_TABLE,
                  &s->bar0, 0, MSIX_PBA, 0, errp) < 0) {
        return false;
    }
    for (vector = 0; vector < COHERENT_GPU_VECTORS; vector++) {
        msix_vector_use(pdev, vector);
    }
    return true;
}

void coherent_gpu_msix_exit(CoherentGPUState *s)
{
    msix_uninit(PCI_DEVICE(s), &s->bar0, &s->bar0);
}
