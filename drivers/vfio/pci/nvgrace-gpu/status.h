/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a GPU says of its memory.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef NVGRACE_GPU_STATUS_H
#define NVGRACE_GPU_STATUS_H

#include <linux/pci.h>

struct nvgrace_gpu_status;

/**
 * struct nvgrace_gpu_status_ops - one way a GPU says whether its memory is ready
 * @name: for people
 * @timeout_ms: how long after a reset the memory may take at first sight
 * @read: 0 ready; -EAGAIN not yet, then its last argument is how many milliseconds the
 *	  memory may take from now on, or left alone if that is not known; -ENODEV the
 *	  device answers with ones; -EIO it cannot be asked. Called with memory decode on,
 *	  and no reset under way.
 */
struct nvgrace_gpu_status_ops {
	const char *name;
	unsigned int timeout_ms;
	int (*read)(const struct nvgrace_gpu_status *status, unsigned int *more_ms);
};

/**
 * struct nvgrace_gpu_status - where a GPU says it
 * @ops: chosen by nvgrace_gpu_status_init()
 * @pdev: the GPU
 * @cxl_dvsec: config offset of its CXL Device DVSEC or 0
 * @bar0: its registers, or NULL while nobody has them mapped; the caller's
 */
struct nvgrace_gpu_status {
	const struct nvgrace_gpu_status_ops *ops;
	struct pci_dev *pdev;
	u16 cxl_dvsec;
	void __iomem *bar0;
};

int nvgrace_gpu_status_init(struct nvgrace_gpu_status *status, struct pci_dev *pdev);
int nvgrace_gpu_status_can_be_read(const struct nvgrace_gpu_status *status);

#endif
