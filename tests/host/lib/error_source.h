/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Firmware's side of an error report (ACPI APEI): the machine's one error source,
 * and records written to it the way firmware writes them.
 *
 * The memory is reached through /dev/mem: firmware keeps it from the kernel, and
 * the kernel looks into it when a CPU takes a synchronous external abort.
 */
#ifndef HOST_ERROR_SOURCE_H
#define HOST_ERROR_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error_source {
	volatile uint64_t *acknowledged;	/* bit 0: the OS has read the block */
	volatile uint32_t *block;		/* word 0: not 0 while it is valid */
};

/* 0, or -errno: -ENOENT without a source that aborts announce. */
int error_source_open(struct error_source *source);

/*
 * Says that the memory at @address has an uncorrected, recoverable error. The
 * kernel learns of it with the next abort. -EBUSY if it has not read the last.
 */
int error_source_report(const struct error_source *source, uint64_t address);

/* The same, in a record with a second section, which names no address. */
int error_source_report_and_more(const struct error_source *source, uint64_t address);

/* Whether the kernel has read what was reported. */
bool error_source_is_read(const struct error_source *source);

/* Maps physical memory that is not the kernel's; NULL and errno on error. */
void *physical_map(uint64_t address, size_t len);

#endif
