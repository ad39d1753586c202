// SPDX-License-Identifier: GPL-2.0-only
/* ACPI tables as bytes. */

#include "firmware.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "system.h"
#include "text.h"

#define TABLES			"/sys/firmware/acpi/tables"

#define AML_STRING		0x0d

/* All tables: a header of 36 bytes. */
#define TABLE_HEADER		36

#define IORT_NODE_COUNT		36
#define IORT_FIRST_NODE		40
#define IORT_NODE_LENGTH	1
#define IORT_NODE_HEADER	16
#define IORT_SMMU_V3		4
#define IORT_SMMU_V3_FLAGS	24
#define IORT_COHACC_OVERRIDE	1

/* After the header a reserved field of 12 bytes. */
#define SRAT_FIRST_ENTRY	48
#define SRAT_INITIATOR		5
#define SRAT_INITIATOR_LENGTH	32
#define SRAT_HANDLE_TYPE	3
#define SRAT_HANDLE_PCI		1
#define SRAT_HANDLE_SEGMENT	8
#define SRAT_HANDLE_BUS		10
#define SRAT_HANDLE_DEVFN	11
#define SRAT_FLAGS		24
#define SRAT_ENABLED		1

static uint32_t le(const uint8_t *at, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

unsigned int aml_property_count(const uint8_t *aml, size_t size, const char *property)
{
	size_t length = strlen(property) + 1;
	const uint8_t *at = aml, *end = aml + size;
	unsigned int count = 0;

	while (at < end && (at = memchr(at, AML_STRING, end - at))) {
		at++;
		if ((size_t)(end - at) >= length && !memcmp(at, property, length))
			count++;
	}
	return count;
}

enum smmu_coherency iort_coherency(const uint8_t *iort, size_t size)
{
	enum smmu_coherency worst = SMMU_NONE;
	uint32_t nodes, length;
	size_t at;

	if (size < IORT_FIRST_NODE + 4)
		return SMMU_NONE;
	nodes = le(iort + IORT_NODE_COUNT, 4);
	at = le(iort + IORT_FIRST_NODE, 4);
	for (; nodes && at < size && size - at >= IORT_NODE_HEADER; nodes--, at += length) {
		length = le(iort + at + IORT_NODE_LENGTH, 2);
		if (length < IORT_NODE_HEADER || length > size - at)
			break;
		if (iort[at] != IORT_SMMU_V3 || length < IORT_SMMU_V3_FLAGS + 4)
			continue;
		if (!(le(iort + at + IORT_SMMU_V3_FLAGS, 4) & IORT_COHACC_OVERRIDE))
			worst = SMMU_BY_REGISTER;
		else if (worst == SMMU_NONE)
			worst = SMMU_COHERENT;
	}
	return worst;
}

static bool is_initiator(const uint8_t *entry, unsigned int segment, unsigned int bus,
			 unsigned int devfn)
{
	return entry[0] == SRAT_INITIATOR && entry[1] == SRAT_INITIATOR_LENGTH &&
	       entry[SRAT_HANDLE_TYPE] == SRAT_HANDLE_PCI &&
	       le(entry + SRAT_HANDLE_SEGMENT, 2) == segment &&
	       entry[SRAT_HANDLE_BUS] == bus && entry[SRAT_HANDLE_DEVFN] == devfn &&
	       le(entry + SRAT_FLAGS, 4) & SRAT_ENABLED;
}

unsigned int srat_initiators(const uint8_t *srat, size_t size, unsigned int segment,
			     unsigned int bus, unsigned int devfn)
{
	size_t at = SRAT_FIRST_ENTRY;
	unsigned int count = 0;

	while (at < size && size - at >= 2 && srat[at + 1] >= 2 && srat[at + 1] <= size - at) {
		count += is_initiator(srat + at, segment, bus, devfn);
		at += srat[at + 1];
	}
	return count;
}

static char *table_read(const char *name, size_t *size)
{
	char *path = text_of(TABLES "/%s", name);
	char *table = file_read(path, size);

	free(path);
	if (table && *size < TABLE_HEADER) {
		free(table);
		return NULL;
	}
	return table;
}

int firmware_property_count(const char *property)
{
	DIR *tables = opendir(TABLES);
	struct dirent *entry;
	int count = -1;
	char *aml;
	size_t size;

	while (tables && (entry = readdir(tables))) {
		if (strncmp(entry->d_name, "DSDT", 4) && strncmp(entry->d_name, "SSDT", 4))
			continue;
		aml = table_read(entry->d_name, &size);
		if (!aml)
			continue;
		count = (count < 0 ? 0 : count) +
			(int)aml_property_count((uint8_t *)aml, size, property);
		free(aml);
	}
	if (tables)
		closedir(tables);
	return count;
}

enum smmu_coherency firmware_smmu_coherency(void)
{
	enum smmu_coherency coherency;
	size_t size;
	char *iort = table_read("IORT", &size);

	if (!iort)
		return file_exists(TABLES "/IORT") ? SMMU_UNREADABLE : SMMU_NONE;
	coherency = iort_coherency((uint8_t *)iort, size);
	free(iort);
	return coherency;
}

unsigned int firmware_initiators(unsigned int segment, unsigned int bus,
				 unsigned int devfn)
{
	unsigned int count;
	size_t size;
	char *srat = table_read("SRAT", &size);

	if (!srat)
		return 0;
	count = srat_initiators((uint8_t *)srat, size, segment, bus, devfn);
	free(srat);
	return count;
}
