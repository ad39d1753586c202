// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's injector of memory failures, and the driver's list; see poison.h. */

#include "poison.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "clock.h"
#include "sysfs.h"
#include "touch.h"

#define NOTICED_MS	5000

/* Where the driver under test has claimed memory for the device. */
static uint64_t claimed_memory(const struct gpu *gpu)
{
	char *iomem = file_slurp("/proc/iomem");
	uint64_t base = 0;
	char *line;

	for (line = iomem; line && *line; line = strchrnul(line, '\n')) {
		unsigned long long first, last;
		char owner[32];

		line += *line == '\n';
		if (sscanf(line, " %llx-%llx : %31s", &first, &last, owner) == 3 &&
		    !strcmp(owner, gpu->bdf) &&
		    last - first + 1 >= gpu->region[GPU_USEMEM].real)
			base = first;
	}
	free(iomem);
	return base;
}

/* RESMEM follows USEMEM in memory. */
uint64_t poison_address(const struct gpu *gpu, unsigned int region, uint64_t at)
{
	const char *told = getenv("GPU_MEMORY_BASE");
	uint64_t base = told ? strtoull(told, NULL, 0) : claimed_memory(gpu);

	if (region == GPU_RESMEM)
		at += gpu->region[GPU_USEMEM].real;
	return base ? base + at : 0;
}

int poison_here(uint64_t address)
{
	char text[32];

	snprintf(text, sizeof(text), "%#llx", (unsigned long long)address);
	return file_write(POISON_INJECTOR, text);
}

int poison_elsewhere(uint64_t address)
{
	char command[128];
	int status;

	snprintf(command, sizeof(command), "echo %#llx >" POISON_INJECTOR,
		 (unsigned long long)address);
	status = system(command);
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

int poison_wait(const char *bdf, unsigned int count)
{
	uint64_t deadline = now_ms() + NOTICED_MS;

	while (gpu_attribute_number(bdf, "bad_page_count") != count) {
		if (now_ms() > deadline)
			return -ETIMEDOUT;
		sleep_ms(5);
	}
	return 0;
}

int poison_wait_withdrawn(const volatile void *at)
{
	uint64_t deadline = now_ms() + NOTICED_MS, value;

	while (touch_read(at, &value) != -EFAULT) {
		if (now_ms() > deadline)
			return -ETIMEDOUT;
		sleep_ms(5);
	}
	return 0;
}

int poison_clear(const char *bdf)
{
	return pci_attribute_write(bdf, "nvgrace_gpu/bad_pages", "clear");
}
