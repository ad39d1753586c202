/* SPDX-License-Identifier: GPL-2.0-only */
/* A GPU as the driver shows it in sysfs. */
#ifndef NVGRACE_GPU_SYSFS_H
#define NVGRACE_GPU_SYSFS_H

#include <stdbool.h>

struct pci_dev;

#include "state.h"

/**
 * struct gpu - a GPU that the driver is bound to, and that has memory of its own
 * @address: on the PCI bus
 * @directory: the driver's files
 * @memory: which memory
 * @restored: the driver knows what was saved
 */
struct gpu {
	char *address;
	char *directory;
	struct memory memory;
	bool restored;
};

/*
 * False with errno: ENOENT it is not bound, or has no memory; EPROTONOSUPPORT the module is
 * older than this program. Otherwise gpu_close(). @sysfs: where sysfs is.
 */
bool gpu_open(struct gpu *gpu, const char *sysfs, struct pci_dev *dev);
void gpu_close(struct gpu *gpu);

/* The driver's list, as offsets: 0 or -1 with errno. */
int gpu_read_pages(const struct gpu *gpu, struct pages *pages);
int gpu_add_page(const struct gpu *gpu, uint64_t offset);
int gpu_add_more(const struct gpu *gpu);
int gpu_set_restored(const struct gpu *gpu);
int gpu_set_policy(const struct gpu *gpu, const char *policy);

/* PCIe serial number, as in struct memory: "" for a device that has none of its own. */
void gpu_serial(struct pci_dev *dev, char serial[17]);

#endif
