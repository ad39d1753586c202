/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherent-gpu: the coherent memory, its readiness and the guard above it
 *
 * Readiness is never stored: it follows from the clock, the fault bits and
 * torn_out, so there is no timer that could be late. The guard is there while
 * first_touch is 0: from the moment the memory becomes not ready to the first
 * access that finds it ready. The guard carries that access out on the memory;
 * when it is gone, the next access of any kind finds plain RAM and costs
 * nothing extra.
 *
 * This is safe for every kind of first access, because TCG breaks what it
 * cannot do on I/O into what the guard understands: exclusives and atomics run
 * with the other CPUs stopped, as a load and a store; 16-byte, unaligned and
 * DC ZVA accesses become accesses of 1 to 8 bytes; instructions are fetched
 * one at a time. Early ones count once for each part.
 *
 * The guard comes and goes while all CPUs are stopped: once the command or the
 * reset that closed the memory is done, no CPU reaches it through what its TLB
 * still holds.
 *
 * Copyright (c) The nvgrace-gpu authors
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/bswap.h"
#include "qemu/madvise.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "exec/address-spaces.h"
#include "hw/core/cpu.h"
#include "coherent-gpu.h"

static int64_t now_ns(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* The time in so many ms; TB_NEVER is never reached. */
int64_t coherent_gpu_after(uint32_t ms)
{
    return ms == TB_NEVER ? INT64_MAX : now_ns() + (int64_t)ms * SCALE_MS;
}

bool coherent_gpu_trained(const CoherentGPUState *s)
{
    return now_ns() >= s->trained_at;
}

static bool link_up(const CoherentGPUState *s)
{
    return !(s->faults & TB_FAULT_LINK) && !s->torn_out;
}

bool coherent_gpu_ready(const CoherentGPUState *s)
{
    return coherent_gpu_trained(s) && link_up(s);
}

static void apply_guard(CPUState *cpu, run_on_cpu_data data)
{
    CoherentGPUState *s = data.host_ptr;

    bql_lock();
    memory_region_set_enabled(&s->guard, !s->first_touch);
    object_unref(OBJECT(s));
    bql_unlock();
}

/* A CPU that got here does not execute another instruction before. */
static void update_guard(CoherentGPUState *s)
{
    object_ref(OBJECT(s));
    async_safe_run_on_cpu(current_cpu ?: first_cpu, apply_guard,
                          RUN_ON_CPU_HOST_PTR(s));
}

static void close_memory(CoherentGPUState *s)
{
    s->first_touch = 0;
    update_guard(s);
}

void coherent_gpu_train(CoherentGPUState *s, uint32_t delay_ms)
{
    /* 0 means "not ready" in READY_NS, and is the time of power-on. */
    s->trained_at = MAX(1, coherent_gpu_after(delay_ms));
    close_memory(s);
}

void coherent_gpu_set_faults(CoherentGPUState *s, uint32_t faults)
{
    bool was_up = link_up(s);

    s->faults = faults;
    if (link_up(s) == was_up) {
        return;
    }
    close_memory(s);
    /* The memory becomes ready when the last fault goes, not before. */
    s->trained_at = MAX(s->trained_at, now_ns());
}

/* Returns whether the access that hit the guard may reach the memory. */
static bool guard_admit(CoherentGPUState *s)
{
    if (!coherent_gpu_ready(s)) {
        s->early++;
        return false;
    }
    /* Other parts of the same access, and other CPUs, may come here too. */
    if (!s->first_touch) {
        s->first_touch = now_ns();
        update_guard(s);
    }
    return true;
}

static uint64_t guard_read(void *opaque, hwaddr addr, unsigned size)
{
    CoherentGPUState *s = opaque;
    uint8_t buf[8];

    if (!guard_admit(s)) {
        return UINT64_MAX;
    }
    address_space_read(&s->mem_as, addr, MEMTXATTRS_UNSPECIFIED, buf, size);
    return ldn_le_p(buf, size);
}

static void guard_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    CoherentGPUState *s = opaque;
    uint8_t buf[8];

    if (!guard_admit(s)) {
        return;
    }
    stn_le_p(buf, size, val);
    address_space_write(&s->mem_as, addr, MEMTXATTRS_UNSPECIFIED, buf, size);
}

static const MemoryRegionOps guard_ops = {
    .read = guard_read,
    .write = guard_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static bool check_placement(CoherentGPUState *s, Error **errp)
{
    MemoryRegionSection found;

    if (!s->mem_size || s->mem_size % COHERENT_GPU_PAGE ||
        s->mem_base % COHERENT_GPU_PAGE) {
        error_setg(errp, "coherent-gpu: mem-size (0x%" PRIx64 ") must be set,"
                   " and it and mem-base (0x%" PRIx64 ") must be multiples of"
                   " 4 KiB",
                   s->mem_size, s->mem_base);
        return false;
    }
    if (s->mem_base + s->mem_size - 1 < s->mem_base) {
        error_setg(errp, "coherent-gpu: mem-base 0x%" PRIx64 " + mem-size 0x%"
                   PRIx64 " is beyond 64 bits", s->mem_base, s->mem_size);
        return false;
    }
    found = memory_region_find(get_system_memory(), s->mem_base, s->mem_size);
    if (!found.mr) {
        return true;
    }
    error_setg(errp, "coherent-gpu: memory [0x%" PRIx64 "-0x%" PRIx64 "]"
               " overlaps region '%s' at 0x%" HWADDR_PRIx ", choose another"
               " mem-base",
               s->mem_base, s->mem_base + s->mem_size - 1,
               memory_region_name(found.mr), found.offset_within_address_space);
    memory_region_unref(found.mr);
    return false;
}

bool coherent_gpu_memory_realize(CoherentGPUState *s, Error **errp)
{
    Object *owner = OBJECT(s);
    void *host;

    if (!check_placement(s, errp) ||
        !memory_region_init_ram_flags_nomigrate(&s->mem, owner,
                                                "coherent-gpu.mem", s->mem_size,
                                                RAM_NORESERVE, errp)) {
        return false;
    }
    /*
     * Far larger than the machine it is emulated on: must not end up in core
     * dumps, nor may touching one byte of every 2 MiB make all of it resident.
     */
    host = memory_region_get_ram_ptr(&s->mem);
    qemu_madvise(host, s->mem_size, QEMU_MADV_DONTDUMP);
    qemu_madvise(host, s->mem_size, QEMU_MADV_NOHUGEPAGE);
    address_space_init(&s->mem_as, &s->mem, "coherent-gpu.mem");

    memory_region_init_alias(&s->mem_alias, owner, "coherent-gpu.mem-alias",
                             &s->mem, 0, s->mem_size);
    memory_region_add_subregion(get_system_memory(), s->mem_base,
                                &s->mem_alias);
    memory_region_init_io(&s->guard, owner, &guard_ops, s, "coherent-gpu.guard",
                          s->mem_size);
    memory_region_add_subregion_overlap(get_system_memory(), s->mem_base,
                                        &s->guard, 1);
    coherent_gpu_poison_realize(s);
    return true;
}

void coherent_gpu_memory_unrealize(CoherentGPUState *s)
{
    coherent_gpu_poison_unrealize(s);
    memory_region_del_subregion(get_system_memory(), &s->guard);
    memory_region_del_subregion(get_system_memory(), &s->mem_alias);
    address_space_destroy(&s->mem_as);
}
