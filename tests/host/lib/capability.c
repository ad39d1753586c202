// SPDX-License-Identifier: GPL-2.0-only
/* Walking extended capabilities, and the two DVSECs that tell GPUs apart. */

#include "capability.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define NVIDIA_VENDOR		0x10de
#define NVIDIA_MIG_DVSEC	3
#define MIG_FLAGS_AT		0x8	/* the upper half of this dword */
#define MIG_FIXED		(1u << 16)

#define CXL_VENDOR		0x1e98
#define CXL_DEVICE_DVSEC	0

/* A list that goes on for longer than this goes round in circles. */
#define CAPABILITIES_MAX	64

/* As on the bus: all ones where there is nothing. */
static uint32_t dword_at(int config, unsigned int at)
{
	uint32_t value;

	return pread(config, &value, sizeof(value), at) == sizeof(value) ? value : ~0u;
}

int pci_config_open(const char *bdf)
{
	char path[64], last;
	int config;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	config = open(path, O_RDONLY | O_CLOEXEC);
	if (config < 0)
		return -errno;
	if (pread(config, &last, 1, PCI_CFG_SPACE_EXP_SIZE - 1) == 1)
		return config;
	close(config);
	return -EIO;
}

unsigned int extended_capability(int config, unsigned int after, unsigned int id)
{
	unsigned int at = PCI_CFG_SPACE_SIZE, limit = CAPABILITIES_MAX;
	uint32_t header;

	if (after)
		at = PCI_EXT_CAP_NEXT(dword_at(config, after));
	while (at && limit--) {
		header = dword_at(config, at);
		if (PCI_EXT_CAP_ID(header) == id)
			return at;
		at = PCI_EXT_CAP_NEXT(header);
	}
	return 0;
}

static unsigned int dvsec(int config, unsigned int vendor, unsigned int id)
{
	unsigned int at = 0, limit = CAPABILITIES_MAX;

	while (limit--) {
		at = extended_capability(config, at, PCI_EXT_CAP_ID_DVSEC);
		if (!at)
			break;
		if ((dword_at(config, at + PCI_DVSEC_HEADER1) & 0xffff) == vendor &&
		    (dword_at(config, at + PCI_DVSEC_HEADER2) & 0xffff) == id)
			return at;
	}
	return 0;
}

int pci_has_mig_bug(const char *bdf)
{
	int config = pci_config_open(bdf), bug;
	unsigned int at;

	if (config < 0)
		return config;
	at = dvsec(config, NVIDIA_VENDOR, NVIDIA_MIG_DVSEC);
	bug = !at || !(dword_at(config, at + MIG_FLAGS_AT) & MIG_FIXED);
	close(config);
	return bug;
}

int pci_is_cxl_device(const char *bdf)
{
	int config = pci_config_open(bdf), found;

	if (config < 0)
		return config;
	found = dvsec(config, CXL_VENDOR, CXL_DEVICE_DVSEC) != 0;
	close(config);
	return found;
}
