/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherent-gpu: the register map of the test block
 *
 * The only definition of it. The device model includes it, and so do programs on
 * the host, programs in guests and the guest's module: it includes nothing, and
 * has nothing in it that only some of them know. tests/static/check compares it
 * with the table in Documentation/testing/testbed.rst.
 *
 * Registers have 32 bits unless said; (64) is a lo/hi pair or one 64-bit access.
 * All are little endian. Times are ns of the virtual clock, 64 bits wide.
 *
 * Copyright (c) The nvgrace-gpu authors
 */

#ifndef COHERENT_GPU_TESTBLOCK_H
#define COHERENT_GPU_TESTBLOCK_H

/* Where the block is in BAR0. */
#define TB_AT                   0x800000
#define TB_BYTES                0x1000

enum testblock_register {
    TB_MAGIC            = 0x00, /* RO  TB_MAGIC_VALUE */
    TB_EARLY            = 0x04, /* RW  CPU accesses to the memory while it was
                                       not ready; any write clears */
    TB_RESETS           = 0x08, /* RO  function and bus resets since power-on */
    TB_READY_NS         = 0x10, /* RO  when it last became ready, 0: it is not */
    TB_NOW_NS           = 0x18, /* RO  the time */
    TB_FIRST_TOUCH_NS   = 0x20, /* RO  first CPU access since READY_NS, 0: none */
    TB_READY_DELAY_MS   = 0x28, /* RW  training time from the next reset on;
                                       TB_NEVER */
    TB_FAULTS           = 0x2c, /* RW  TB_FAULT_* */
    TB_UNREADY_MS       = 0x30, /* WO  n: train again now, for n ms; TB_NEVER */
    TB_SURPRISE         = 0x34, /* WO  1: the device is torn out of its slot */
    TB_INSERT           = 0x38, /* WO  1: every device that was torn out is in its
                                       slot again, as after power-on */
    TB_DMA_IOVA         = 0x40, /* RW  (64) bus address */
    TB_DMA_MEM          = 0x48, /* RW  (64) offset in the memory */
    TB_DMA_LEN          = 0x50, /* RW  bytes */
    TB_DMA_CMD          = 0x54, /* WO  TB_DMA_TO_IOVA or _FROM_IOVA, done when the
                                       write returns; or TB_DMA_VECTOR() to it */
    TB_DMA_STATUS       = 0x58, /* RO  TB_DMA_OK, or TB_DMA_ERROR (range, bus
                                       master off, IOMMU) */
    TB_MSIX_FIRE        = 0x60, /* WO  raises this vector */
    TB_POISON_MEM       = 0x68, /* RW  (64) offset in the memory */
    TB_POISON_CMD       = 0x70, /* WO  TB_POISON: the page there loses its
                                       content, for eight pages at most;
                                       TB_HEAL: all pages are well */
    TB_POISONED         = 0x74, /* RO  pages that have lost their content */
    TB_AER              = 0x78, /* WO  the uncorrectable error of this bit (as in
                                       AER's status register) is reported */
    TB_SILENT_MS        = 0x80, /* RW  config space does not answer for so long
                                       after the next reset, but no other; TB_NEVER */
    TB_AER_ABOVE        = 0x84, /* WO  as TB_AER, by the switch the device is below */
    TB_AER_OF           = 0x88, /* RW  whose error the next two report, as bus << 8 |
                                       device << 3 | function */
    TB_AER_OTHER        = 0x8c, /* WO  the uncorrectable error of this bit */
    TB_AER_COR          = 0x90, /* WO  the correctable error of this bit */
};

/* "CGPU" */
#define TB_MAGIC_VALUE          0x55504743u

/* A time in ms that never ends. */
#define TB_NEVER                0xffffffffu

/* Registers outside the block and the CXL word read ~0; the C2C link is down. */
#define TB_FAULT_ALL_ONES       0x1u
#define TB_FAULT_C2C_DOWN       0x2u
/* Config space reads ~0 and takes no writes. */
#define TB_FAULT_CONFIG         0x4u
/* The CXL word: the size is not known; the memory is not active. */
#define TB_FAULT_CXL_INVALID    0x8u
#define TB_FAULT_CXL_INACTIVE   0x10u
#define TB_FAULT_MASK           0x1fu
/* Of these, those with which no CPU reaches the memory. */
#define TB_FAULT_LINK           (TB_FAULT_ALL_ONES | TB_FAULT_C2C_DOWN)

/* Memory to bus, bus to memory; the MSI-X vector that is raised at the end. */
#define TB_DMA_TO_IOVA          1u
#define TB_DMA_FROM_IOVA        2u
#define TB_DMA_VECTOR(v)        (((unsigned int)(v) + 1) << 16)

#define TB_DMA_OK               0u
#define TB_DMA_ERROR            2u

#define TB_POISON               1u
#define TB_HEAL                 2u

#endif
