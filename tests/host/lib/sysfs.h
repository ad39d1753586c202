/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel shows and takes in /sys and /proc, for one PCI device. */
#ifndef HOST_SYSFS_H
#define HOST_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The driver under test, as the PCI bus spells it (DRIVER_NAME overrides). */
const char *driver_name(void);

/* Without the trailing newline; bytes or -errno. */
ssize_t pci_attribute_read(const char *bdf, const char *name, char *buf,
			   size_t size);
int pci_attribute_write(const char *bdf, const char *name, const char *text);

/* Attributes of the driver's own group, as text, compared, and as a number. */
ssize_t gpu_attribute(const char *bdf, const char *name, char *buf,
		      size_t size);
bool gpu_attribute_is(const char *bdf, const char *name, const char *text);
uint64_t gpu_attribute_number(const char *bdf, const char *name);

/* Waits until the bus no longer has the device, or has it again. */
bool pci_vanishes(const char *bdf, unsigned int timeout_ms);
bool pci_appears(const char *bdf, unsigned int timeout_ms);

/* Waits until the slot the device was in has no power; a slot without a switch never. */
bool pci_slot_goes_off(const char *bdf, unsigned int timeout_ms);

/* Any file: write a string, or slurp it all (malloc()ed, NULL on error). */
int file_write(const char *path, const char *text);
char *file_slurp(const char *path);

/* A number that a module shows; 0 also if it is not loaded. */
uint64_t module_parameter(const char *module, const char *name);

/*
 * driver_bind() gives the device to the driver under test and returns what its
 * probe returned; driver_unbind() waits until remove is through.
 */
int driver_bind(const char *bdf);
int driver_unbind(const char *bdf);
int driver_is_bound(const char *bdf);

/*
 * What the kernel has mapped of physical addresses outside its memory, as
 * /proc/vmallocinfo shows it: lines, and their bytes with the guard pages.
 */
unsigned int physical_mappings(uint64_t *bytes);

/*
 * Areas of so many bytes, or more, that the kernel has unmapped, but of which TLBs may
 * still hold translations: /proc/vmallocinfo shows them as unpurged.
 */
unsigned int unpurged_mappings(uint64_t bytes);

/* The VmFlags words of the mapping that holds @addr, from smaps. */
int vm_flags_of(const void *addr, char *buf, size_t size);

/* Minor faults this process has taken so far. */
uint64_t minor_faults(void);

#endif
