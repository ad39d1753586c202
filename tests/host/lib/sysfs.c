// SPDX-License-Identifier: GPL-2.0-only
/* What is in /sys, and any file; see sysfs.h. */

#include "sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

const char *driver_name(void)
{
	const char *name = getenv("DRIVER_NAME");

	return name && *name ? name : "nvgrace_gpu_vfio_pci";
}

static ssize_t file_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	buf[0] = '\0';
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;
	size_t len = strlen(text);

	if (fd < 0)
		return -errno;
	/* An attribute cannot be given nothing; a newline means "empty". */
	if (write(fd, len ? text : "\n", len ? len : 1) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

char *file_slurp(const char *path)
{
	size_t room = 65536, used = 0;
	char *text = malloc(room);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (text && fd >= 0) {
		n = read(fd, text + used, room - used - 1);
		if (n <= 0)
			break;
		used += (size_t)n;
		if (room - used < 4096)
			text = realloc(text, room *= 2);
	}
	if (fd >= 0)
		close(fd);
	if (!text || n < 0) {
		free(text);
		return NULL;
	}
	text[used] = '\0';
	return text;
}

uint64_t module_parameter(const char *module, const char *name)
{
	char path[128], *text;
	uint64_t value;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module, name);
	text = file_slurp(path);
	value = text ? strtoull(text, NULL, 0) : 0;
	free(text);
	return value;
}

static void device_path(char *path, const char *bdf, const char *name)
{
	snprintf(path, PATH_MAX, "/sys/bus/pci/devices/%s/%s", bdf, name);
}

/* Waits until the device is there or not, as wanted. */
static bool pci_becomes(const char *bdf, bool there, unsigned int timeout_ms)
{
	uint64_t deadline = now_ms() + timeout_ms;
	char path[PATH_MAX];

	device_path(path, bdf, "");
	while (!access(path, F_OK) != there) {
		if (now_ms() > deadline)
			return false;
		sleep_ms(20);
	}
	return true;
}

bool pci_vanishes(const char *bdf, unsigned int timeout_ms)
{
	return pci_becomes(bdf, false, timeout_ms);
}

bool pci_appears(const char *bdf, unsigned int timeout_ms)
{
	return pci_becomes(bdf, true, timeout_ms);
}

/* Slots are numbered; which device is in one is told without its function. */
static bool slot_is_off(const char *bdf)
{
	char path[PATH_MAX], address[16], power[4] = "";
	glob_t found = { 0 };
	size_t i;

	glob("/sys/bus/pci/slots/*", 0, NULL, &found);
	for (i = 0; i < found.gl_pathc && !*power; i++) {
		snprintf(path, sizeof(path), "%s/address", found.gl_pathv[i]);
		if (file_read(path, address, sizeof(address)) <= 0 ||
		    strncmp(bdf, address, strlen(address)))
			continue;
		snprintf(path, sizeof(path), "%s/power", found.gl_pathv[i]);
		file_read(path, power, sizeof(power));
	}
	globfree(&found);
	return !strcmp(power, "0");
}

bool pci_slot_goes_off(const char *bdf, unsigned int timeout_ms)
{
	uint64_t deadline = now_ms() + timeout_ms;

	while (!slot_is_off(bdf)) {
		if (now_ms() > deadline)
			return false;
		sleep_ms(20);
	}
	return true;
}

ssize_t pci_attribute_read(const char *bdf, const char *name, char *buf,
			   size_t size)
{
	char path[PATH_MAX];

	device_path(path, bdf, name);
	return file_read(path, buf, size);
}

int pci_attribute_write(const char *bdf, const char *name, const char *text)
{
	char path[PATH_MAX];

	device_path(path, bdf, name);
	return file_write(path, text);
}

ssize_t gpu_attribute(const char *bdf, const char *name, char *buf, size_t size)
{
	char in_group[64];

	snprintf(in_group, sizeof(in_group), "nvgrace_gpu/%s", name);
	return pci_attribute_read(bdf, in_group, buf, size);
}

bool gpu_attribute_is(const char *bdf, const char *name, const char *text)
{
	char value[32];

	return gpu_attribute(bdf, name, value, sizeof(value)) >= 0 &&
	       !strcmp(value, text);
}

uint64_t gpu_attribute_number(const char *bdf, const char *name)
{
	char text[32];

	if (gpu_attribute(bdf, name, text, sizeof(text)) <= 0)
		return UINT64_MAX;
	return strtoull(text, NULL, 10);
}

int driver_is_bound(const char *bdf)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *base;
	ssize_t n;

	device_path(path, bdf, "driver");
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return 0;
	target[n] = '\0';
	base = strrchr(target, '/');
	return base && !strcmp(base + 1, driver_name());
}

static int driver_file_write(const char *file, const char *text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s",
		 driver_name(), file);
	return file_write(path, text);
}

int driver_bind(const char *bdf)
{
	int ret = pci_attribute_write(bdf, "driver_override", driver_name());

	return ret ? ret : driver_file_write("bind", bdf);
}

int driver_unbind(const char *bdf)
{
	return driver_file_write("unbind", bdf);
}
