/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ACPI tables say, read as bytes: an operating system keeps most of it to
 * itself. Wrong tables give less, never a crash.
 */
#ifndef NVGRACE_FIRMWARE_H
#define NVGRACE_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How many devices have the property in their _DSD (DSDT and SSDTs), -1 when the
 * tables cannot be read. Values that AML computes are not known before the driver
 * has asked for them.
 */
int firmware_property_count(const char *property);

enum smmu_coherency {
	SMMU_UNREADABLE,	/* there is an IORT, but not for us */
	SMMU_NONE,		/* no IORT, or no SMMUv3 in it */
	SMMU_COHERENT,		/* firmware says that table walks are coherent */
	SMMU_BY_REGISTER,	/* up to the hardware's IDR0.COHACC */
};

/* IO Remapping Table (Arm DEN 0049), nodes of type 4: the worst of them. */
enum smmu_coherency firmware_smmu_coherency(void);

/*
 * System Resource Affinity Table (ACPI 6.5, 5.2.16.6): the NUMA nodes whose generic
 * initiator is this PCI function.
 */
unsigned int firmware_initiators(unsigned int segment, unsigned int bus,
				 unsigned int devfn);

/* The same on bytes in memory, for tests. */
unsigned int aml_property_count(const uint8_t *aml, size_t size, const char *property);
enum smmu_coherency iort_coherency(const uint8_t *iort, size_t size);
unsigned int srat_initiators(const uint8_t *srat, size_t size, unsigned int segment,
			     unsigned int bus, unsigned int devfn);

#endif
