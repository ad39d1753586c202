// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a GPU says of its memory: by two registers of BAR0, or, where it has a CXL Device
 * DVSEC, by that.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Invariant. Nothing here waits, remembers, or changes anything: the device is asked, and
 * what it says is returned. When it may be asked, and what follows, is ready.c's.
 */

#include <linux/bitfield.h>
#include <linux/minmax.h>

#include "status.h"

/* Vendor ABI: both registers read 0xff when the memory is usable. */
#define BAR0_HBM_TRAINING	0x200bc
#define BAR0_C2C_LINK		0x1498
#define BAR0_LEN_NEEDED		(BAR0_HBM_TRAINING + sizeof(u32))
#define BAR0_STATUS_READY	0xff
#define BAR0_TIMEOUT_MS		30000

/* CXL 4.0, 8.1.3.8.2: DVSEC CXL Range 1 Size Low. */
#define CXL_DVSEC_DEVICE	0
#define CXL_RANGE1_SIZE_LOW	0x1c
#define CXL_MEM_INFO_VALID	BIT(0)
#define CXL_MEM_ACTIVE		BIT(1)
#define CXL_ACTIVE_TIMEOUT	GENMASK(15, 13)
#define CXL_ACTIVE_TIMEOUT_MAX	4
#define CXL_INFO_TIMEOUT_MS	1000

static int read_bar0(const struct nvgrace_gpu_status *status, unsigned int *more_ms)
{
	u32 hbm, c2c;

	if (!status->bar0)
		return -EIO;

	c2c = ioread32(status->bar0 + BAR0_C2C_LINK);
	hbm = ioread32(status->bar0 + BAR0_HBM_TRAINING);
	if (PCI_POSSIBLE_ERROR(c2c) || PCI_POSSIBLE_ERROR(hbm))
		return -ENODEV;
	if (c2c == BAR0_STATUS_READY && hbm == BAR0_STATUS_READY)
		return 0;
	return -EAGAIN;
}

static const struct nvgrace_gpu_status_ops by_bar0 = {
	.name = "bar0",
	.timeout_ms = BAR0_TIMEOUT_MS,
	.read = read_bar0,
};

/* CXL 4.0, 8.1.3.8.2: 1, 4, 16, 64 or 256 s; larger codes are reserved. */
static unsigned int cxl_active_timeout_ms(u32 range)
{
	unsigned int code = FIELD_GET(CXL_ACTIVE_TIMEOUT, range);

	return MSEC_PER_SEC << (2 * min(code, CXL_ACTIVE_TIMEOUT_MAX));
}

/* The time that the code stands for begins when the memory is valid. */
static int read_cxl(const struct nvgrace_gpu_status *status, unsigned int *more_ms)
{
	u32 range;

	pci_read_config_dword(status->pdev, status->cxl_dvsec + CXL_RANGE1_SIZE_LOW, &range);
	if (PCI_POSSIBLE_ERROR(range))
		return -ENODEV;
	if (!(range & CXL_MEM_INFO_VALID))
		return -EAGAIN;
	if (range & CXL_MEM_ACTIVE)
		return 0;
	*more_ms = cxl_active_timeout_ms(range);
	return -EAGAIN;
}

static const struct nvgrace_gpu_status_ops by_cxl = {
	.name = "cxl",
	.timeout_ms = CXL_INFO_TIMEOUT_MS,
	.read = read_cxl,
};

/**
 * nvgrace_gpu_status_init() - choose where readiness is read
 * @status: to be set up, all zero
 * @pdev: the GPU, being probed
 *
 * Return: 0; -ENODEV, after one log line, if the device has nothing to read it by.
 */
int nvgrace_gpu_status_init(struct nvgrace_gpu_status *status, struct pci_dev *pdev)
{
	status->pdev = pdev;
	status->cxl_dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL,
						      CXL_DVSEC_DEVICE);
	status->ops = status->cxl_dvsec ? &by_cxl : &by_bar0;
	if (status->cxl_dvsec || pci_resource_len(pdev, 0) >= BAR0_LEN_NEEDED)
		return 0;

	pci_err(pdev, "BAR0 has only %llu bytes, without the registers that tell readiness; this GPU does not fit the driver\n",
		(u64)pci_resource_len(pdev, 0));
	return -ENODEV;
}

/**
 * nvgrace_gpu_status_can_be_read() - does the device answer, with memory decode on?
 * @status: of any GPU
 *
 * Asks config space: registers that do not answer are not to be read.
 *
 * Return: 0 if so; -EIO if it is powered down or memory decode is off; -ENODEV if it
 * answers with ones.
 */
int nvgrace_gpu_status_can_be_read(const struct nvgrace_gpu_status *status)
{
	struct pci_dev *pdev = status->pdev;
	u16 command;

	if (pdev->current_state != PCI_D0)
		return -EIO;
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (PCI_POSSIBLE_ERROR(command))
		return -ENODEV;
	return command & PCI_COMMAND_MEMORY ? 0 : -EIO;
}
