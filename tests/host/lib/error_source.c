// SPDX-License-Identifier: GPL-2.0-only
/* The error source of a machine whose firmware has one; see error_source.h. */

#include "error_source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu.h"

#define HEST			"/sys/firmware/acpi/tables/HEST"
#define SOURCE_GHES_V2		10
#define NOTIFIED_BY_ABORT	8
#define SYSTEM_MEMORY		0

#define BLOCK_UNCORRECTED	1
#define BLOCK_ENTRIES_SHIFT	4
#define SEVERITY_RECOVERABLE	0
#define ENTRY_REVISION		0x300
#define ADDRESS_VALID		2

/* ACPI 6.5, 18.3.2.8: the table as far as its first source. */
struct generic_address {
	uint8_t space, width, offset, access;
	uint64_t address;
} __attribute__((packed));

struct hest {
	uint8_t header[36];
	uint32_t sources;
	uint16_t type, id, related;
	uint8_t flags, enabled;
	uint32_t records, sections, raw_length;
	struct generic_address block_address;
	uint8_t notification, notification_rest[27];
	uint32_t block_length;
	struct generic_address acknowledged;
	uint64_t preserve, write;
} __attribute__((packed));

/* ACPI 6.5, 18.3.2.7.1, and UEFI 2.10, N.2.5: entries that are memory errors. */
#define SECTIONS_MAX	2

struct record {
	uint32_t status, raw_offset, raw_length, length, severity;
	struct section {
		uint32_t section_type[4], severity;
		uint16_t revision;
		uint8_t validation, flags;
		uint32_t length, unit[9], time[2];
		struct {
			uint64_t validation, status, address;
			uint8_t place[56];
		} __attribute__((packed)) error;
	} __attribute__((packed)) section[SECTIONS_MAX];
} __attribute__((packed));

_Static_assert(sizeof(struct record) == 20 + SECTIONS_MAX * (72 + 80),
	       "as the standards lay it out");

/* a5bc1114-6f64-4ede-b863-3e83ed7c83b1 */
#define SECTION_MEMORY { 0xa5bc1114, 0x4ede6f64, 0x833e63b8, 0xb1837ced }

void *physical_map(uint64_t address, size_t len)
{
	uint64_t first = address & -page_size();
	uint64_t end = (address + len + page_size() - 1) & -page_size();
	int fd = open("/dev/mem", O_RDWR | O_SYNC | O_CLOEXEC);
	char *map;

	if (fd < 0)
		return NULL;
	map = mmap(NULL, end - first, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   (off_t)first);
	close(fd);
	return map == MAP_FAILED ? NULL : map + (address - first);
}

static int read_table(struct hest *table)
{
	int fd = open(HEST, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, table, sizeof(*table));
	close(fd);
	if (n != sizeof(*table) || table->type != SOURCE_GHES_V2 ||
	    table->notification != NOTIFIED_BY_ABORT || !table->enabled ||
	    table->block_address.space != SYSTEM_MEMORY ||
	    table->block_length < sizeof(struct record))
		return -ENOENT;
	return 0;
}

int error_source_open(struct error_source *source)
{
	volatile uint64_t *pointer;
	struct hest table;
	int ret = read_table(&table);

	if (ret)
		return ret;
	pointer = physical_map(table.block_address.address, sizeof(*pointer));
	source->acknowledged = physical_map(table.acknowledged.address,
					    sizeof(*source->acknowledged));
	if (!pointer || !source->acknowledged)
		return -errno;
	source->block = physical_map(*pointer, sizeof(struct record));
	return source->block ? 0 : -errno;
}

/* Only the first of them names @address. */
static int report(const struct error_source *source, uint64_t address, unsigned int sections)
{
	const struct section section = {
		.section_type = SECTION_MEMORY,
		.severity = SEVERITY_RECOVERABLE,
		.revision = ENTRY_REVISION,
		.length = sizeof(section.error),
	};
	struct record record = {
		.status = BLOCK_UNCORRECTED | sections << BLOCK_ENTRIES_SHIFT,
		.length = sections * sizeof(section),
		.severity = SEVERITY_RECOVERABLE,
		.section = { section, section },
	};
	uint32_t words[sizeof(record) / 4];
	size_t i;

	record.section[0].error.validation = ADDRESS_VALID;
	record.section[0].error.address = address;
	if (!error_source_is_read(source))
		return -EBUSY;
	memcpy(words, &record, sizeof(words));
	*source->acknowledged = 0;
	/* Device memory: by aligned words, and the one that makes it valid last. */
	for (i = sizeof(words) / 4; i-- > 0;)
		source->block[i] = words[i];
	return 0;
}

int error_source_report(const struct error_source *source, uint64_t address)
{
	return report(source, address, 1);
}

int error_source_report_and_more(const struct error_source *source, uint64_t address)
{
	return report(source, address, 2);
}

bool error_source_is_read(const struct error_source *source)
{
	return (*source->acknowledged & 1) && !source->block[0];
}
