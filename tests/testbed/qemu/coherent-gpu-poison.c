/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherent-gpu: pages of the memory that have lost their content
 *
 * A CPU access to such a page ends in a synchronous external abort. Where the
 * machine's firmware has an error source for those (ras=on), the record it would
 * write for the address is there before the abort is taken. Stores end so too,
 * which real parts report later, or not at all.
 *
 * Resets of the device heal nothing, a reset of the machine heals everything.
 * What the page held is not touched by any of this.
 *
 * Copyright (c) The nvgrace-gpu authors
 */

#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "hw/acpi/ghes.h"
#include "coherent-gpu.h"

/* The guard would let the first access through. */
#define ABOVE_GUARD 2

static MemTxResult fail(MemoryRegion *page, hwaddr addr)
{
    /* Firmware drops what comes before the OS has read the last record. */
    if (acpi_ghes_present()) {
        acpi_ghes_memory_errors(ACPI_HEST_SRC_ID_SEA, page->addr + addr);
    }
    return MEMTX_ERROR;
}

static MemTxResult poison_read(void *opaque, hwaddr addr, uint64_t *data,
                               unsigned size, MemTxAttrs attrs)
{
    return fail(opaque, addr);
}

static MemTxResult poison_write(void *opaque, hwaddr addr, uint64_t data,
                                unsigned size, MemTxAttrs attrs)
{
    return fail(opaque, addr);
}

static const MemoryRegionOps poison_ops = {
    .read_with_attrs = poison_read,
    .write_with_attrs = poison_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

void coherent_gpu_poison(CoherentGPUState *s, uint64_t offset)
{
    MemoryRegion *page;

    if (offset >= s->mem_size ||
        s->poisoned == ARRAY_SIZE(s->poison)) {
        return;
    }
    page = &s->poison[s->poisoned++];
    memory_region_set_address(page, s->mem_base +
                              QEMU_ALIGN_DOWN(offset, COHERENT_GPU_PAGE));
    memory_region_set_enabled(page, true);
}

void coherent_gpu_heal(CoherentGPUState *s)
{
    while (s->poisoned) {
        memory_region_set_enabled(&s->poison[--s->poisoned], false);
    }
}

void coherent_gpu_poison_realize(CoherentGPUState *s)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(s->poison); i++) {
        memory_region_init_io(&s->poison[i], OBJECT(s), &poison_ops,
                              &s->poison[i], "coherent-gpu.poison",
                              COHERENT_GPU_PAGE);
        memory_region_set_enabled(&s->poison[i], false);
        memory_region_add_subregion_overlap(get_system_memory(), s->mem_base,
                                            &s->poison[i], ABOVE_GUARD);
    }
}

void coherent_gpu_poison_unrealize(CoherentGPUState *s)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(s->poison); i++) {
        memory_region_del_subregion(get_system_memory(), &s->poison[i]);
    }
}
