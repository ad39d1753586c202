// SPDX-License-Identifier: GPL-2.0-only
/* See gpu.h. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pci/pci.h>

#include "device.h"
#include "gpu.h"
#include "text.h"

#define NVIDIA		0x10de

static FILE *open_attribute(const struct gpu *gpu, const char *name)
{
	char *path = text_of("%s/%s", gpu->directory, name);
	FILE *file = fopen(path, "re");

	free(path);
	return file;
}

static int read_number(const struct gpu *gpu, const char *name, uint64_t *value)
{
	FILE *file = open_attribute(gpu, name);
	int fields;

	if (!file)
		return -1;
	errno = 0;
	fields = fscanf(file, "%" SCNi64, (int64_t *)value);
	if (fields != 1 && !errno)
		errno = EIO;
	fclose(file);
	return fields == 1 ? 0 : -1;
}

/* sysfs says what it thinks of a line in the write() that brings it. */
static int write_line(const struct gpu *gpu, const char *name, const char *line)
{
	char *path = text_of("%s/%s", gpu->directory, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = -1, error;

	free(path);
	if (fd < 0)
		return -1;
	if (write(fd, line, strlen(line)) >= 0)
		ret = 0;
	error = errno;
	close(fd);
	errno = error;
	return ret;
}

/* PCIe Base Spec 7.9.3; 0 for a device that has none. */
static uint64_t serial_number(struct pci_dev *dev)
{
	struct pci_cap *cap = pci_find_cap(dev, PCI_EXT_CAP_ID_DSN, PCI_CAP_EXTENDED);
	uint64_t serial;

	if (!cap)
		return 0;
	serial = (uint64_t)pci_read_long(dev, cap->addr + 8) << 32 |
		 pci_read_long(dev, cap->addr + 4);
	return serial == UINT64_MAX ? 0 : serial;
}

/* A number that two have tells nothing. */
static bool is_the_only_one(struct pci_dev *dev, uint64_t serial)
{
	struct pci_dev *other;

	for (other = dev->access->devices; other; other = other->next) {
		pci_fill_info(other, PCI_FILL_IDENT);
		if (other != dev && other->vendor_id == NVIDIA && serial_number(other) == serial)
			return false;
	}
	return true;
}

void gpu_serial(struct pci_dev *dev, char serial[17])
{
	uint64_t number = serial_number(dev);

	*serial = '\0';
	if (number && is_the_only_one(dev, number))
		snprintf(serial, 17, "%016" PRIx64, number);
}

/* A module of before it: its list cannot be told from one that has not been restored. */
static int read_restored(const struct gpu *gpu, uint64_t *restored)
{
	FILE *list;

	if (!read_number(gpu, "bad_pages_restored", restored))
		return 0;
	if (errno != ENOENT)
		return -1;
	list = open_attribute(gpu, "bad_pages");
	errno = list ? EPROTONOSUPPORT : ENOENT;
	if (list)
		fclose(list);
	return -1;
}

static int describe(struct gpu *gpu, struct pci_dev *dev)
{
	uint64_t usemem, resmem, restored;

	if (read_restored(gpu, &restored) ||
	    read_number(gpu, "usemem_base", &gpu->memory.base) ||
	    read_number(gpu, "usemem_size", &usemem) ||
	    read_number(gpu, "resmem_size", &resmem))
		return -1;
	/* The driver lists pages of both: the second part follows the first. */
	gpu->memory.size = usemem + resmem;
	gpu->restored = restored;
	gpu_serial(dev, gpu->memory.serial);
	return 0;
}

bool gpu_open(struct gpu *gpu, const char *sysfs, struct pci_dev *dev)
{
	int error;

	memset(gpu, 0, sizeof(*gpu));
	gpu->address = device_address(dev);
	gpu->directory = text_of("%s/bus/pci/devices/%s/nvgrace_gpu", sysfs, gpu->address);
	if (!describe(gpu, dev))
		return true;
	error = errno;
	gpu_close(gpu);
	errno = error;
	return false;
}

void gpu_close(struct gpu *gpu)
{
	free(gpu->directory);
	free(gpu->address);
}

static int take_line(const struct gpu *gpu, const char *line, struct pages *pages)
{
	uint64_t address;
	char *end;

	if (!strcmp(line, "more\n")) {
		pages->more = true;
		return 0;
	}
	address = strtoull(line, &end, 16);
	if (end == line || *end != '\n' || address - gpu->memory.base >= gpu->memory.size) {
		errno = EPROTO;
		return -1;
	}
	pages_add(pages, address - gpu->memory.base);
	return 0;
}

int gpu_read_pages(const struct gpu *gpu, struct pages *pages)
{
	FILE *file = open_attribute(gpu, "bad_pages");
	char *line = NULL;
	size_t size = 0;
	int ret = 0, error;

	if (!file)
		return -1;
	errno = 0;
	while (!ret && getline(&line, &size, file) > 0)
		ret = take_line(gpu, line, pages);
	if (ferror(file))
		ret = -1;
	error = errno;
	free(line);
	fclose(file);
	errno = error;
	return ret;
}

int gpu_add_page(const struct gpu *gpu, uint64_t offset)
{
	char *line = text_of("add %#" PRIx64 "\n", gpu->memory.base + offset);
	int ret = write_line(gpu, "bad_pages", line);

	free(line);
	return ret;
}

int gpu_add_more(const struct gpu *gpu)
{
	return write_line(gpu, "bad_pages", "add more\n");
}

int gpu_set_restored(const struct gpu *gpu)
{
	return write_line(gpu, "bad_pages_restored", "1\n");
}

int gpu_set_policy(const struct gpu *gpu, const char *policy)
{
	return write_line(gpu, "scrub_policy", policy);
}
