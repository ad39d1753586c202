/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherent-gpu: what the files of the device model share
 *
 * Vocabulary
 *   memory     the device's coherent memory: RAM in the system's address space,
 *              outside every BAR
 *   trained    the time that memory training takes after power-on, a reset or
 *              an UNREADY_MS command has passed
 *   link       the coherent link between CPU and memory; a fault bit cuts it
 *   ready      trained, link up, not torn out: the CPU reaches the memory
 *   guard      I/O region above the memory that sees every CPU access while the
 *              memory is not ready, and the first one after it became ready
 *   poison     I/O regions above the guard: pages that lost their content
 *
 * Copyright (c) The nvgrace-gpu authors
 */

#ifndef HW_COHERENT_GPU_H
#define HW_COHERENT_GPU_H

#include "qemu/units.h"
#include "hw/pci/pci_device.h"
#include "qom/object.h"
#include "coherent-gpu-testblock.h"

#define TYPE_COHERENT_GPU "coherent-gpu"
OBJECT_DECLARE_SIMPLE_TYPE(CoherentGPUState, COHERENT_GPU)

/* Value of acpi-base and acpi-size: the same as mem-base and mem-size. */
#define COHERENT_GPU_TRUTH      UINT64_MAX

#define COHERENT_GPU_BAR0_SIZE  (16 * MiB)
#define COHERENT_GPU_VECTORS    16

/* Smallest page of the CPU. */
#define COHERENT_GPU_PAGE       (4 * KiB)
/* As many of them can be poisoned. */
#define COHERENT_GPU_POISON     8

/* Bytes: registers and data memory of the falcon, memory of its firmware. */
#define COHERENT_GPU_FALCON_SIZE        0x2000
#define COHERENT_GPU_DMEM_SIZE          (4 * KiB)
#define COHERENT_GPU_EMEM_SIZE          (4 * KiB)

/* Everything that changes after realize is protected by the BQL. */
struct CoherentGPUState {
    PCIDevice parent_obj;

    /* Properties: constant after realize. */
    uint16_t device_id;
    uint64_t mem_size;
    uint64_t mem_base;
    uint64_t bar0_size;
    uint64_t bar1_size;
    bool dvsec;
    bool mig_fixed;
    bool cxl;
    uint8_t cxl_timeout;
    uint64_t serial;
    uint32_t power_on_delay_ms;
    bool c2c;
    bool all_ones;
    bool acpi_props;
    uint64_t acpi_base;
    uint64_t acpi_size;
    bool acpi_base_present;
    bool acpi_size_present;
    bool has_falcon;
    bool has_vf;
    bool has_flr;
    bool has_test_block;

    /* BAR0 is a container: registers everywhere, the others above them. */
    MemoryRegion bar0;
    MemoryRegion regs;
    MemoryRegion test_block;
    MemoryRegion bar1;

    /*
     * The memory is reached by the CPU through an alias, so that it can be the
     * root of an address space of its own: stores that do not come from a
     * CPU's page tables (guard, DMA) must invalidate translated code too.
     */
    MemoryRegion mem;
    MemoryRegion mem_alias;
    MemoryRegion guard;
    AddressSpace mem_as;

    /* The first poisoned ones of these are enabled. */
    MemoryRegion poison[COHERENT_GPU_POISON];
    uint64_t poison_mem;
    unsigned poisoned;

    bool torn_out;

    /* Virtual clock: end of training; INT64_MAX when it never ends. */
    int64_t trained_at;
    /* Virtual clock: first CPU access since the memory became ready, or 0. */
    int64_t first_touch;
    uint32_t early;

    uint32_t resets;
    uint32_t ready_delay_ms;
    uint32_t faults; /* TB_FAULT_* */
    uint32_t silent_ms;
    uint32_t aer_of;
    /* Virtual clock: config space answers again; INT64_MAX: never. */
    int64_t silent_until;

    struct {
        uint64_t iova;
        uint64_t mem;
        uint32_t len;
        uint32_t status;
    } dma;

    /* Changes with has_falcon only. */
    struct {
        uint32_t regs[COHERENT_GPU_FALCON_SIZE / 4];
        uint8_t dmem[COHERENT_GPU_DMEM_SIZE];
        uint32_t dma_addr_top;
        bool fbdma;
        uint32_t emem[COHERENT_GPU_EMEM_SIZE / 4];
        uint32_t emem_ctrl;
        uint32_t cmd_head, cmd_tail;
        uint32_t msg_head, msg_tail;
    } falcon;
};

/* coherent-gpu-memory.c */
bool coherent_gpu_memory_realize(CoherentGPUState *s, Error **errp);
void coherent_gpu_memory_unrealize(CoherentGPUState *s);
int64_t coherent_gpu_after(uint32_t ms);
bool coherent_gpu_trained(const CoherentGPUState *s);
bool coherent_gpu_ready(const CoherentGPUState *s);
void coherent_gpu_train(CoherentGPUState *s, uint32_t delay_ms);
void coherent_gpu_set_faults(CoherentGPUState *s, uint32_t faults);

/* coherent-gpu-poison.c */
void coherent_gpu_poison_realize(CoherentGPUState *s);
void coherent_gpu_poison_unrealize(CoherentGPUState *s);
void coherent_gpu_poison(CoherentGPUState *s, uint64_t offset);
void coherent_gpu_heal(CoherentGPUState *s);

/* coherent-gpu-falcon.c */
bool coherent_gpu_falcon_read(CoherentGPUState *s, hwaddr addr, uint32_t *val);
bool coherent_gpu_falcon_write(CoherentGPUState *s, hwaddr addr, uint32_t val);
void coherent_gpu_falcon_reset(CoherentGPUState *s);

/* coherent-gpu-regs.c */
void coherent_gpu_regs_init(CoherentGPUState *s);
bool coherent_gpu_msix_init(CoherentGPUState *s, Error **errp);
void coherent_gpu_msix_exit(CoherentGPUState *s);

/* coherent-gpu-vf.c */
bool coherent_gpu_vf_init(CoherentGPUState *s, Error **errp);

/* coherent-gpu.c */
void coherent_gpu_tear_out(CoherentGPUState *s);
void coherent_gpu_insert_all(void);

#endif
