/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * coherent-gpu: a copy engine that a stock driver knows (falcon=on)
 *
 * What the driver nv_falcon of the kernel's vfio selftests needs of a GH100: it
 * copies through the memory of a small processor (a falcon, that of the unit OFA),
 * once firmware (FSP) has been asked to allow it. Registers at the addresses where
 * real parts have them. No processor is modelled: a transfer is done when the
 * write of its command returns, a message is answered when it is queued.
 *
 * All addresses are offsets in BAR0; registers of 32 bits.
 *
 * Copyright (c) The nvgrace-gpu authors
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/units.h"
#include "coherent-gpu.h"

#define REG_PMC_BOOT_0          0x0
#define PMC_BOOT_0_GH100        0x180000a1
#define REG_MEMORY_CLEARED      0x100b20
#define REG_DMA_ADDR_TOP        0x100f04

/* The falcon: what has no meaning here keeps what is written to it. */
#define FALCON                  0x844000
#define FALCON_DMA_ADDR_LOW     0x110
#define FALCON_DMA_MEM          0x114
#define FALCON_DMA_CMD          0x118
#define FALCON_DMA_BLOCK        0x11c
#define FALCON_DMA_ADDR_HIGH    0x128
#define FALCON_TRANSCFG         0x400
#define FALCON_FBIF_CTL         0x424

#define DMA_CMD_DONE            BIT(1)
#define DMA_CMD_FROM_FALCON     BIT(5)
#define TRANSCFG_TARGET_MASK    3
#define TRANSCFG_TARGET_SYSTEM  1
#define FBIF_CTL_PHYSICAL       (BIT(4) | BIT(7))

/* Firmware's message queues: bytes from head to tail, inclusive, of its memory. */
#define FSP_EMEM_CTRL           0x8f2ad0
#define FSP_EMEM_DATA           0x8f2ad4
#define FSP_CMD_HEAD            0x8f2c10
#define FSP_CMD_TAIL            0x8f2c14
#define FSP_MSG_HEAD            0x8f2c90
#define FSP_MSG_TAIL            0x8f2c94

#define EMEM_CTRL_OFFSET        0xffff
#define EMEM_CTRL_INC_WRITE     BIT(24)
#define EMEM_CTRL_INC_READ      BIT(25)

#define MCTP_SINGLE_PACKET      0xc0000000
#define NVDM_HEADER(type)       ((uint32_t)(type) << 24 | 0x10de << 8 | 0x7e)
#define NVDM_TYPE(header)       ((header) >> 24)
#define NVDM_FBDMA              0x22
#define NVDM_RESPONSE           0x15
#define FBDMA_ENABLE            1
#define FSP_ERROR               1

static uint32_t *falcon_reg(CoherentGPUState *s, uint32_t offset)
{
    return &s->falcon.regs[offset / 4];
}

/* DMA */

static bool dma_allowed(CoherentGPUState *s)
{
    return s->falcon.fbdma &&
           (*falcon_reg(s, FALCON_TRANSCFG) & TRANSCFG_TARGET_MASK) ==
           TRANSCFG_TARGET_SYSTEM &&
           (*falcon_reg(s, FALCON_FBIF_CTL) & FBIF_CTL_PHYSICAL) ==
           FBIF_CTL_PHYSICAL;
}

static MemTxResult transfer(CoherentGPUState *s, bool from_falcon,
                            dma_addr_t iova, uint8_t *buf, uint32_t len)
{
    PCIDevice *pdev = PCI_DEVICE(s);

    return from_falcon ? pci_dma_write(pdev, iova, buf, len)
                       : pci_dma_read(pdev, iova, buf, len);
}

/* One word first: where the IOMMU refuses, it is asked once only. */
static void dma_run(CoherentGPUState *s, uint32_t cmd)
{
    uint32_t len = 4 << extract32(cmd, 8, 3);
    uint32_t at = *falcon_reg(s, FALCON_DMA_MEM);
    bool from_falcon = cmd & DMA_CMD_FROM_FALCON;
    dma_addr_t iova = (dma_addr_t)s->falcon.dma_addr_top << 47 |
                      (dma_addr_t)*falcon_reg(s, FALCON_DMA_ADDR_HIGH) << 40 |
                      (dma_addr_t)*falcon_reg(s, FALCON_DMA_ADDR_LOW) << 8;

    *falcon_reg(s, FALCON_DMA_CMD) = cmd & ~DMA_CMD_DONE;
    if (!dma_allowed(s) || at > sizeof(s->falcon.dmem) - len) {
        return;
    }
    iova += *falcon_reg(s, FALCON_DMA_BLOCK);
    if (transfer(s, from_falcon, iova, &s->falcon.dmem[at], 4) == MEMTX_OK) {
        transfer(s, from_falcon, iova + 4, &s->falcon.dmem[at + 4], len - 4);
    }
    *falcon_reg(s, FALCON_DMA_CMD) |= DMA_CMD_DONE;
}

/* Firmware */

static uint32_t *emem(CoherentGPUState *s, uint32_t offset)
{
    return &s->falcon.emem[offset / 4 % ARRAY_SIZE(s->falcon.emem)];
}

static uint32_t *emem_port(CoherentGPUState *s, uint32_t increment)
{
    uint32_t ctrl = s->falcon.emem_ctrl;

    if (ctrl & increment) {
        s->falcon.emem_ctrl = ctrl + 4;
    }
    return emem(s, ctrl & EMEM_CTRL_OFFSET);
}

/* A message: MCTP header, type, arguments; its answer: ..., type, status. */
static void firmware_run(CoherentGPUState *s)
{
    uint32_t at = s->falcon.cmd_head;
    uint32_t type = NVDM_TYPE(*emem(s, at + 4));
    bool known = type == NVDM_FBDMA && *emem(s, at + 8) == FBDMA_ENABLE;

    s->falcon.fbdma |= known;
    s->falcon.cmd_head = s->falcon.cmd_tail;
    *emem(s, at) = MCTP_SINGLE_PACKET;
    *emem(s, at + 4) = NVDM_HEADER(NVDM_RESPONSE);
    *emem(s, at + 8) = 0;
    *emem(s, at + 12) = type;
    *emem(s, at + 16) = known ? 0 : FSP_ERROR;
    s->falcon.msg_head = at;
    s->falcon.msg_tail = at + 16;
}

/* Registers */

/* False: not one of these. */
bool coherent_gpu_falcon_read(CoherentGPUState *s, hwaddr addr, uint32_t *val)
{
    switch (addr) {
    case REG_PMC_BOOT_0:
        *val = PMC_BOOT_0_GH100;
        return true;
    case REG_MEMORY_CLEARED:
        *val = 1;
        return true;
    case REG_DMA_ADDR_TOP:
        *val = s->falcon.dma_addr_top;
        return true;
    case FALCON ... FALCON + COHERENT_GPU_FALCON_SIZE - 1:
        *val = *falcon_reg(s, addr - FALCON);
        return true;
    case FSP_EMEM_CTRL:
        *val = s->falcon.emem_ctrl;
        return true;
    case FSP_EMEM_DATA:
        *val = *emem_port(s, EMEM_CTRL_INC_READ);
        return true;
    case FSP_CMD_HEAD:
        *val = s->falcon.cmd_head;
        return true;
    case FSP_CMD_TAIL:
        *val = s->falcon.cmd_tail;
        return true;
    case FSP_MSG_HEAD:
        *val = s->falcon.msg_head;
        return true;
    case FSP_MSG_TAIL:
        *val = s->falcon.msg_tail;
        return true;
    default:
        return false;
    }
}

/* False: not one of these. */
bool coherent_gpu_falcon_write(CoherentGPUState *s, hwaddr addr, uint32_t val)
{
    switch (addr) {
    case REG_DMA_ADDR_TOP:
        s->falcon.dma_addr_top = val;
        return true;
    case FALCON + FALCON_DMA_CMD:
        dma_run(s, val);
        return true;
    case FALCON ... FALCON + FALCON_DMA_CMD - 1:
    case FALCON + FALCON_DMA_CMD + 4 ... FALCON + COHERENT_GPU_FALCON_SIZE - 1:
        *falcon_reg(s, addr - FALCON) = val;
        return true;
    case FSP_EMEM_CTRL:
        s->falcon.emem_ctrl = val;
        return true;
    case FSP_EMEM_DATA:
        *emem_port(s, EMEM_CTRL_INC_WRITE) = val;
        return true;
    case FSP_CMD_TAIL:
        s->falcon.cmd_tail = val;
        return true;
    case FSP_CMD_HEAD:
        s->falcon.cmd_head = val;
        if (val != s->falcon.cmd_tail) {
            firmware_run(s);
        }
        return true;
    case FSP_MSG_HEAD:
        s->falcon.msg_head = val;
        return true;
    case FSP_MSG_TAIL:
        s->falcon.msg_tail = val;
        return true;
    default:
        return false;
    }
}

void coherent_gpu_falcon_reset(CoherentGPUState *s)
{
    memset(&s->falcon, 0, sizeof(s->falcon));
}
