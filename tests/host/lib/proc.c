// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel says of its own mappings and of this process; see sysfs.h. */

#include "sysfs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Lines read "0xSTART-0xEND SIZE caller ... phys=0x... ioremap". */
unsigned int physical_mappings(uint64_t *bytes)
{
	char *text = file_slurp("/proc/vmallocinfo"), *save, *line, *size;
	unsigned int lines = 0;

	*bytes = 0;
	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		size = strchr(line, ' ');
		if (!size || !strstr(line, "phys="))
			continue;
		*bytes += strtoull(size, NULL, 10);
		lines++;
	}
	free(text);
	return lines;
}

/* Lines read "0xSTART-0xEND SIZE unpurged vm_area". */
unsigned int unpurged_mappings(uint64_t bytes)
{
	char *text = file_slurp("/proc/vmallocinfo"), *save, *line, *size;
	unsigned int lines = 0;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		size = strchr(line, ' ');
		if (size && strstr(line, "unpurged") && strtoull(size, NULL, 10) >= bytes)
			lines++;
	}
	free(text);
	return lines;
}

static bool line_holds(const char *line, uintptr_t addr)
{
	uint64_t start, end;

	return sscanf(line, "%lx-%lx ", &start, &end) == 2 && addr >= start &&
	       addr < end;
}

int vm_flags_of(const void *addr, char *buf, size_t size)
{
	char *text = file_slurp("/proc/self/smaps"), *save, *line;
	bool inside = false;
	int ret = -ENOENT;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (line_holds(line, (uintptr_t)addr))
			inside = true;
		if (!inside || strncmp(line, "VmFlags:", 8))
			continue;
		snprintf(buf, size, "%s ", line + 8);
		ret = 0;
		break;
	}
	free(text);
	return ret;
}

uint64_t minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_minflt;
}
