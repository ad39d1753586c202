/* SPDX-License-Identifier: GPL-2.0-only */
/* Extended capabilities in a device's config space, as the kernel shows it to root. */
#ifndef HOST_CAPABILITY_H
#define HOST_CAPABILITY_H

/* A file descriptor, or -errno; -EIO where only the first 256 bytes can be read. */
int pci_config_open(const char *bdf);

/* Where the next capability of this kind is after the one at @after; 0: the first, none. */
unsigned int extended_capability(int config, unsigned int after, unsigned int id);

/* 1 when the MIG DVSEC is absent or its "fixed" bit clear, 0 when set, or -errno. */
int pci_has_mig_bug(const char *bdf);

/* 1 when there is a CXL Device DVSEC, 0 when not, or -errno. */
int pci_is_cxl_device(const char *bdf);

#endif
