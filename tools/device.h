/* SPDX-License-Identifier: GPL-2.0-only */
/* A PCI device in sysfs. Strings are the caller's, NULL for what is not there. */
#ifndef NVGRACE_DEVICE_H
#define NVGRACE_DEVICE_H

#include <stdbool.h>

#include <pci/pci.h>

/* In the form 0000:01:00.0, and a file of the device in sysfs. */
char *device_address(const struct pci_dev *dev);
char *device_path(const struct pci_dev *dev, const char *file);

/* Is it one of these addresses, of which the domain 0000 may be left out? Yes without any. */
bool device_is_wanted(const struct pci_dev *dev, char *const *wanted);

/* The line in such a file, and where a link points to. */
char *device_attribute(const struct pci_dev *dev, const char *file);
char *device_link(const struct pci_dev *dev, const char *file);

/* A number in such a file, 0 if it is not there. */
unsigned long long device_number(const struct pci_dev *dev, const char *file);

#endif
