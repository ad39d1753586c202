// SPDX-License-Identifier: GPL-2.0-only
/* The GPUs that the scenario names, and what the driver must report of each. */

#include "gpu.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capability.h"

const char *gpu_bdf(unsigned int nr)
{
	char name[16];

	snprintf(name, sizeof(name), "GPU%u", nr);
	return getenv(name);
}

uint64_t gpu_memory(unsigned int nr)
{
	char name[24], *end;
	const char *text;
	uint64_t bytes;

	snprintf(name, sizeof(name), "GPU%u_MEM", nr);
	text = getenv(name);
	if (!text)
		return 0;
	bytes = strtoull(text, &end, 0);
	switch (*end) {
	case 'G':
		return GIB(bytes);
	case 'M':
		return MIB(bytes);
	case 'K':
		return KIB(bytes);
	default:
		return bytes;
	}
}

uint64_t pow2_at_least(uint64_t n)
{
	uint64_t p = 1;

	while (p < n)
		p <<= 1;
	return p;
}

/*
 * The firmware and guest contract, worked out a second time from the GPU's
 * memory size and its own config space, not from what the driver says.
 */
int gpu_expected_layout(unsigned int nr, struct gpu_layout *layout)
{
	uint64_t mem = gpu_memory(nr);
	int bug = pci_has_mig_bug(gpu_bdf(nr));

	memset(layout, 0, sizeof(*layout));
	if (!mem)
		return -ENODATA;
	if (bug < 0)
		return bug;
	if (!bug) {
		layout->usemem = mem;
		layout->usemem_bar = pow2_at_least(mem);
		return 0;
	}
	layout->usemem_bar = pow2_at_least(mem - GIB(1));
	layout->usemem = (mem - GIB(1)) / MIB(512) * MIB(512);
	layout->resmem = mem - layout->usemem;
	layout->resmem_bar = pow2_at_least(layout->resmem);
	return 0;
}
