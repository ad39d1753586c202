// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has a GPU that is to be passed through: processes with its device nodes open, and the
 * host itself, to which a driver may have given the GPU's memory as RAM.
 */

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "device.h"
#include "system.h"
#include "text.h"

#define MEMORY	"/sys/devices/system/memory"

/* Entries of a directory of the device that begin so are device nodes: "/dev/dri/card0". */
static void add_nodes(char **nodes, const struct pci_dev *dev, const char *directory,
		      const char *begin, const char *below)
{
	char *path = device_path(dev, directory);
	DIR *entries = opendir(path);
	struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		if (!strncmp(entry->d_name, begin, strlen(begin)))
			text_add(nodes, ", ", text_of("%s%s", below, entry->d_name));
	if (entries)
		closedir(entries);
	free(path);
}

/* Device nodes by which a process can hold it, with commas between; NULL: none. */
static char *nodes_of(const struct pci_dev *dev)
{
	char *group = device_link(dev, "iommu_group"), *driver = device_link(dev, "driver");
	char *nodes = NULL;

	if (group)
		text_add(&nodes, ", ", text_of("/dev/vfio/%s", group));
	if (driver && !strcmp(driver, "nvidia"))
		text_add(&nodes, ", ", text_of("/dev/nvidia"));
	add_nodes(&nodes, dev, "vfio-dev", "vfio", "/dev/vfio/devices/");
	add_nodes(&nodes, dev, "drm", "card", "/dev/dri/");
	add_nodes(&nodes, dev, "drm", "render", "/dev/dri/");
	free(group);
	free(driver);
	return nodes;
}

/* The vendor's driver has nodes with numbers, which are in no directory of the device. */
static bool is_node(const char *nodes, const char *target)
{
	size_t len = strlen(target);
	const char *at;

	if (strstr(nodes, "/dev/nvidia") && !strncmp(target, "/dev/nvidia", 11))
		return true;
	for (at = strstr(nodes, target); at; at = strstr(at + 1, target))
		if (at[len] == '\0' || at[len] == ',')
			return true;
	return false;
}

static bool process_holds(const char *pid, const char *nodes)
{
	char *directory = text_of("/proc/%s/fd", pid);
	DIR *files = opendir(directory);
	bool holds = false;
	struct dirent *entry;
	char target[256];
	ssize_t len;

	while (files && !holds && (entry = readdir(files))) {
		len = readlinkat(dirfd(files), entry->d_name, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		holds = *target == '/' && is_node(nodes, target);
	}
	if (files)
		closedir(files);
	free(directory);
	return holds;
}

static char *process_text(const char *pid)
{
	char *path = text_of("/proc/%s/comm", pid), *name = file_line(path);
	char *text = text_of("%s (%s)", name ?: "?", pid);

	free(path);
	free(name);
	return text;
}

/* "qemu-system-aar (1234), dcgm (77)"; NULL: nobody, as far as can be seen */
static char *holders_of(const char *nodes)
{
	DIR *processes = opendir("/proc");
	char *list = NULL;
	struct dirent *entry;

	while (processes && (entry = readdir(processes)))
		if (isdigit((unsigned char)*entry->d_name) && process_holds(entry->d_name, nodes))
			text_add(&list, ", ", process_text(entry->d_name));
	if (processes)
		closedir(processes);
	return list;
}

static void check_processes(struct subject *gpu, const struct pci_dev *dev)
{
	char *nodes = nodes_of(dev), *list = nodes ? holders_of(nodes) : NULL;

	if (list)
		fact_add(gpu, LEVEL_INFO, "holders", list,
			 "these processes have the GPU open; its driver does not let go before they end",
			 NULL);
	else
		fact_add(gpu, LEVEL_INFO, "holders", "none",
			 geteuid() ? "only root sees the files of others" : NULL, NULL);
	free(list);
	free(nodes);
}

/**
 * struct ram - memory that drivers have added to the host's
 * @names: "System RAM (nvidia)", each once
 * @bytes: all of it
 * @online: so many bytes of it can be used
 * @node: of the first piece that can; -1: none
 */
struct ram {
	char *names;
	uint64_t bytes;
	uint64_t online;
	int node;
};

/* Of CXL memory and of virtual machines: no GPU's. */
static bool is_of_no_gpu(const char *name)
{
	return strstr(name, "(kmem)") || strstr(name, "(virtio_mem)");
}

static int node_of_block(const char *block)
{
	DIR *entries = opendir(block);
	struct dirent *entry;
	int node = -1;

	while (entries && node < 0 && (entry = readdir(entries)))
		if (sscanf(entry->d_name, "node%d", &node) != 1)
			node = -1;
	if (entries)
		closedir(entries);
	return node;
}

static void add_blocks(struct ram *ram, uint64_t first, uint64_t last)
{
	char *text = file_line(MEMORY "/block_size_bytes");
	uint64_t size = text ? strtoull(text, NULL, 16) : 0, at;

	for (at = first; size && at < last; at += size) {
		char *block = text_of(MEMORY "/memory%" PRIu64, at / size);
		char *path = text_of("%s/state", block), *state = file_line(path);

		if (state && !strcmp(state, "online")) {
			ram->online += size;
			if (ram->node < 0)
				ram->node = node_of_block(block);
		}
		free(state);
		free(path);
		free(block);
	}
	free(text);
}

static void add_ram(struct ram *ram, const char *line)
{
	const char *name = strstr(line, "System RAM (");
	uint64_t first, last;

	if (!name || is_of_no_gpu(name) || sscanf(line, "%" SCNx64 "-%" SCNx64, &first, &last) != 2)
		return;
	if (!ram->names || !strstr(ram->names, name))
		text_add(&ram->names, ", ", text_of("%s", name));
	ram->bytes += last - first + 1;
	add_blocks(ram, first, last);
}

static void find_ram(struct ram *ram)
{
	char *iomem = file_read("/proc/iomem", NULL), *line, *rest;

	*ram = (struct ram){ .node = -1 };
	for (line = iomem ? strtok_r(iomem, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest))
		add_ram(ram, line);
	free(iomem);
}

/* Whose memory it is is not said: with this project's driver on it, the GPU's own is not RAM. */
static void check_host_memory(struct subject *gpu, const struct pci_dev *dev)
{
	char *driver = device_link(dev, "driver"), *value;
	struct ram ram;

	find_ram(&ram);
	if (!ram.names || (driver && !strcmp(driver, DRIVER_NAME))) {
		fact_add(gpu, LEVEL_OK, "host_memory", "none", NULL, NULL);
		ram.bytes = ram.online = 0;
	} else {
		value = ram.online ? text_of("%" PRIu64 " MiB %s, node %d", ram.bytes >> 20, ram.names, ram.node) :
				     text_of("%" PRIu64 " MiB %s, offline", ram.bytes >> 20, ram.names);
		fact_add(gpu, LEVEL_FAIL, "host_memory", value,
			 "a driver has added this memory to the host's RAM; if it is this GPU's, binding is refused",
			 "have that driver take it away, see \"Taking a GPU over\" in the admin guide, or reboot without it");
		free(value);
	}
	fact_number(gpu, "bytes", ram.bytes);
	fact_truth(gpu, "online", ram.online);
	free(ram.names);
	free(driver);
}

void check_holders(struct subject *gpu, const struct pci_dev *dev)
{
	check_processes(gpu, dev);
	check_host_memory(gpu, dev);
}
