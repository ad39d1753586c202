// SPDX-License-Identifier: GPL-2.0-only
/* Config space of an open GPU, and every way to reset it. */

#include "gpu.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "clock.h"
#include "reset.h"
#include "sysfs.h"

static int config_read16(const struct gpu *gpu, unsigned int at, uint16_t *value)
{
	ssize_t n = gpu_read(gpu, GPU_CONFIG, at, value, sizeof(*value));

	return n == sizeof(*value) ? 0 : n < 0 ? (int)n : -EIO;
}

static int config_write16(const struct gpu *gpu, unsigned int at, uint16_t value)
{
	ssize_t n = gpu_write(gpu, GPU_CONFIG, at, &value, sizeof(value));

	return n == sizeof(value) ? 0 : n < 0 ? (int)n : -EIO;
}

int gpu_command(const struct gpu *gpu, uint16_t set, uint16_t clear)
{
	uint16_t command;
	int ret = config_read16(gpu, PCI_COMMAND, &command);

	if (ret)
		return ret;
	command = (uint16_t)((command | set) & ~clear);
	return config_write16(gpu, PCI_COMMAND, command);
}

unsigned int gpu_capability(const struct gpu *gpu, uint8_t id)
{
	unsigned int limit = 48;
	uint8_t at = 0, header[2];

	gpu_read(gpu, GPU_CONFIG, PCI_CAPABILITY_LIST, &at, 1);
	while (at && limit--) {
		if (gpu_read(gpu, GPU_CONFIG, at, header, 2) != 2)
			return 0;
		if (header[0] == id)
			return at;
		at = header[1];
	}
	return 0;
}

bool gpu_is_hopper(const struct gpu *gpu)
{
	uint16_t device = 0;

	config_read16(gpu, PCI_DEVICE_ID, &device);
	return device >= 0x2340 && device <= 0x237f;
}

int gpu_power_state(const struct gpu *gpu, unsigned int d_state)
{
	unsigned int pm = gpu_capability(gpu, PCI_CAP_ID_PM);

	if (!pm)
		return -ENODEV;
	return config_write16(gpu, pm + PCI_PM_CTRL, (uint16_t)d_state);
}

int gpu_reset(const struct gpu *gpu)
{
	return ioctl(gpu->device, VFIO_DEVICE_RESET) ? -errno : 0;
}

int gpu_reset_by_config(const struct gpu *gpu)
{
	unsigned int exp = gpu_capability(gpu, PCI_CAP_ID_EXP);
	uint16_t control;
	int ret;

	if (!exp)
		return -ENODEV;
	ret = config_read16(gpu, exp + PCI_EXP_DEVCTL, &control);
	if (ret)
		return ret;
	return config_write16(gpu, exp + PCI_EXP_DEVCTL,
			      control | PCI_EXP_DEVCTL_BCR_FLR);
}

int gpu_reset_hot(const struct gpu *gpu)
{
	struct vfio_pci_hot_reset *reset;
	size_t size = sizeof(*reset) + sizeof(int32_t);
	uint64_t deadline = now_ms() + 2000;
	int ret;

	reset = calloc(1, size);
	if (!reset)
		return -ENOMEM;
	reset->argsz = (uint32_t)size;
	reset->count = 1;
	reset->group_fds[0] = gpu->group;
	/* It never waits for an access in progress, so its user has to. */
	do {
		ret = ioctl(gpu->device, VFIO_DEVICE_PCI_HOT_RESET, reset) ?
		      -errno : 0;
	} while ((ret == -EBUSY || ret == -EAGAIN) && now_ms() < deadline);
	free(reset);
	return ret;
}

int gpu_reset_by_sysfs(const char *bdf)
{
	return pci_attribute_write(bdf, "reset", "1");
}

int gpu_reset_by(const struct gpu *gpu, enum reset_kind kind)
{
	switch (kind) {
	case RESET_BY_IOCTL:
		return gpu_reset(gpu);
	case RESET_BY_CONFIG:
		return gpu_reset_by_config(gpu);
	case RESET_HOT:
		return gpu_reset_hot(gpu);
	default:
		return gpu_reset_by_sysfs(gpu->bdf);
	}
}
