// SPDX-License-Identifier: GPL-2.0-only
/* One GPU: who it is, its IOMMU group, its driver, and what the driver says of it. */

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "device.h"
#include "firmware.h"
#include "system.h"
#include "text.h"

#define NVIDIA			0x10de
#define CLASS_BASE_DISPLAY	0x03

/* The IDs in the driver's table. */
static const unsigned short known_ids[] = { 0x2342, 0x2345, 0x2348, 0x2941, 0x31c2 };

/* Documentation/ABI */
static const char *const counters[] = {
	"opens", "opens_failed", "resets", "scrubs", "scrubs_failed", "pages_went_bad", "waits",
};

bool gpu_is_candidate(const struct pci_dev *dev)
{
	return dev->vendor_id == NVIDIA && dev->device_class >> 8 == CLASS_BASE_DISPLAY;
}

static bool gpu_is_known(const struct pci_dev *dev)
{
	unsigned int i;

	for (i = 0; i < sizeof(known_ids) / sizeof(known_ids[0]); i++)
		if (dev->vendor_id == NVIDIA && dev->device_id == known_ids[i])
			return true;
	return false;
}

/* 4 GiB, 1027 MiB, 512 bytes */
static char *size_text(unsigned long long bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	unsigned int unit = 0;

	while (bytes && bytes % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes /= 1024;
		unit++;
	}
	return text_of("%llu %s", bytes, units[unit]);
}

static void check_identity(struct subject *gpu, const struct pci_dev *dev)
{
	char *id = text_of("%04x:%04x", dev->vendor_id, dev->device_id);

	if (gpu_is_known(dev))
		fact_add(gpu, LEVEL_OK, "id", id, NULL, NULL);
	else
		fact_add(gpu, LEVEL_WARN, "id", id, "the driver does not have this ID in its table",
			 "if its memory is coherent with the CPU, write the ID to new_id of " DRIVER_NAME "; otherwise use vfio-pci");
	free(id);
}

/* VFIO's drivers and that of PCI bridges do no DMA that is not the user's. */
static bool member_hinders(const char *bdf)
{
	char *path = text_of("/sys/bus/pci/devices/%s/driver", bdf), *driver = link_target(path);
	bool hinders = driver && !strstr(driver, "vfio") && strcmp(driver, "pcieport");

	free(path);
	free(driver);
	return hinders;
}

/* "0000:02:00.0 0000:02:00.1": members that must be given up first; NULL: none */
static char *hindering_members(const struct pci_dev *dev)
{
	char *path = device_path(dev, "iommu_group/devices"), *own = device_address(dev);
	char *list = NULL;
	DIR *members = opendir(path);
	struct dirent *entry;

	while (members && (entry = readdir(members)))
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, own) &&
		    member_hinders(entry->d_name))
			text_add(&list, " ", text_of("%s", entry->d_name));
	if (members)
		closedir(members);
	free(path);
	free(own);
	return list;
}

static void check_group(struct subject *gpu, const struct pci_dev *dev)
{
	char *group = device_link(dev, "iommu_group"), *members, *text;

	if (!group) {
		fact_add(gpu, LEVEL_FAIL, "iommu_group", "none",
			 "no IOMMU stands between this GPU and the host's memory",
			 "enable the SMMU in the firmware's setup; remove iommu=off, iommu.passthrough=1 is fine");
		return;
	}
	members = hindering_members(dev);
	if (members) {
		text = text_of("the group is shared with %s, which host drivers hold", members);
		fact_add(gpu, LEVEL_FAIL, "iommu_group", group, text,
			 "bind those to vfio-pci too, or unbind them: a group is given away as a whole");
		free(text);
	} else {
		fact_add(gpu, LEVEL_OK, "iommu_group", group, NULL, NULL);
	}
	free(members);
	free(group);
}

/* Is it there, or would modprobe find a module of that name? */
static bool driver_exists(const char *name)
{
	char *path = text_of("/sys/bus/pci/drivers/%s", name);
	bool exists = file_exists(path);
	char *command, *found = NULL;

	if (!exists && !strpbrk(name, "' ")) {
		command = text_of("modinfo -F filename '%s' 2>/dev/null", name);
		found = command_line(command);
		free(command);
	}
	free(path);
	exists |= found != NULL;
	free(found);
	return exists;
}

static void check_override(struct subject *gpu, const char *override, const char *driver)
{
	if (!override || !strcmp(override, "(null)"))
		fact_add(gpu, LEVEL_INFO, "driver_override", "none", NULL, NULL);
	else if (!strcmp(override, MODULE_NAME))
		fact_add(gpu, LEVEL_FAIL, "driver_override", override,
			 "that is the name of the module's file; no PCI driver is called so, and nothing binds",
			 "use underscores: driverctl set-override <address> " DRIVER_NAME);
	else if (!driver_exists(override))
		fact_add(gpu, LEVEL_FAIL, "driver_override", override,
			 "no driver of this name is there, nor a module: nothing binds",
			 "driverctl set-override <address> " DRIVER_NAME);
	else if (!strcmp(override, DRIVER_NAME) && (!driver || strcmp(driver, DRIVER_NAME)))
		fact_add(gpu, LEVEL_FAIL, "driver_override", override,
			 "the driver was asked for this GPU and did not take it",
			 "the kernel's log says why: journalctl -k -b -g " DRIVER_NAME);
	else
		fact_add(gpu, LEVEL_OK, "driver_override", override, NULL, NULL);
}

static void check_driver(struct subject *gpu, const struct pci_dev *dev)
{
	char *driver = device_link(dev, "driver"), *override = device_attribute(dev, "driver_override");

	if (!driver)
		fact_add(gpu, LEVEL_INFO, "driver", "none", NULL, NULL);
	else if (!strcmp(driver, DRIVER_NAME))
		fact_add(gpu, LEVEL_OK, "driver", driver, NULL, NULL);
	else if (!strcmp(driver, "vfio-pci"))
		fact_add(gpu, LEVEL_WARN, "driver", driver,
			 "vfio-pci passes the GPU through without its memory",
			 "driverctl set-override <address> " DRIVER_NAME);
	else
		fact_add(gpu, LEVEL_INFO, "driver", driver, "the host uses this GPU", NULL);
	check_override(gpu, override, driver);
	free(driver);
	free(override);
}

/* Without a way to reset it, one user's work goes on in the next one's time. */
static void check_reset(struct subject *gpu, const struct pci_dev *dev)
{
	char *method = device_attribute(dev, "reset_method");

	if (method && *method)
		fact_add(gpu, LEVEL_OK, "reset", method, NULL, NULL);
	else
		fact_add(gpu, LEVEL_WARN, "reset", "none",
			 "the GPU cannot be reset between users; with a scrub policy it cannot be opened",
			 "echo default >/sys/bus/pci/devices/<address>/reset_method");
	free(method);
}

static void check_initiators(struct subject *gpu, const struct pci_dev *dev)
{
	unsigned int count = firmware_initiators(dev->domain, dev->bus, dev->dev << 3 | dev->func);
	char *value = text_of("%u", count);

	fact_add(gpu, LEVEL_INFO, "initiator_nodes", value,
		 "NUMA nodes of the host that firmware keeps for this GPU; a guest gets its own", NULL);
	fact_number(gpu, "count", count);
	free(value);
}

/* The verdict is on the host; only a GPU with memory has to do with it. */
static void check_mode(struct subject *gpu, const struct pci_dev *dev)
{
	char *mode = device_attribute(dev, "nvgrace_gpu/mode");
	char *verdict = device_attribute(dev, "nvgrace_gpu/verdict");
	bool plain = mode && !strcmp(mode, "plain");

	if (plain)
		fact_add(gpu, LEVEL_WARN, "mode", mode,
			 "firmware does not describe this GPU's memory; it is passed through without",
			 "update the firmware; inside a guest this is as it should be");
	else
		fact_add(gpu, LEVEL_OK, "mode", mode, NULL, NULL);
	if (plain)
		fact_add(gpu, LEVEL_INFO, "verdict", verdict, "a GPU without memory is opened on any host",
			 NULL);
	else if (verdict && !strcmp(verdict, "ok"))
		fact_add(gpu, LEVEL_OK, "verdict", verdict, NULL, NULL);
	else
		fact_add(gpu, LEVEL_FAIL, "verdict", verdict, "the driver refuses to open the GPU on this host",
			 "see fwb, dic, kvm_mode and capability_243 of the host, and \"Refused\" in the admin guide");
	free(mode);
	free(verdict);
}

static void add_memory(struct subject *gpu, const struct pci_dev *dev, const char *key,
		       const char *size_file, const char *bar_file)
{
	unsigned long long size = device_number(dev, size_file);
	unsigned long long bar_size = device_number(dev, bar_file);
	char *memory = size_text(size), *bar = size_text(bar_size);
	char *value = size ? text_of("%s, behind a BAR of %s", memory, bar) : text_of("none");

	fact_add(gpu, LEVEL_INFO, key, value, NULL, NULL);
	fact_number(gpu, "bytes", size);
	fact_number(gpu, "bar_bytes", bar_size);
	free(memory);
	free(bar);
	free(value);
}

static const struct {
	const char *state;
	const char *reason;
	const char *next;
} unusable[] = {
	{ "failed", "the memory did not become ready after the last reset",
	  "reset the GPU; if that does not help, power-cycle it" },
	{ "gone", "the GPU fell off the bus", "look for AER messages of the port above it" },
	{ "lost", "recovery from a PCI error failed, or a reset did not end",
	  "reset the GPU; if errors come back, replace it" },
};

static void check_ready(struct subject *gpu, const struct pci_dev *dev)
{
	char *by = device_attribute(dev, "nvgrace_gpu/readiness");
	char *state = device_attribute(dev, "nvgrace_gpu/ready");
	char *value = text_of("%s, by %s", state ?: "unknown", by ?: "unknown");
	const size_t count = sizeof(unusable) / sizeof(unusable[0]);
	size_t i;

	for (i = 0; i < count; i++)
		if (state && !strcmp(state, unusable[i].state))
			break;
	if (i < count)
		fact_add(gpu, LEVEL_FAIL, "readiness", value, unusable[i].reason, unusable[i].next);
	else
		fact_add(gpu, LEVEL_OK, "readiness", value, NULL, NULL);
	fact_word(gpu, "state", state);
	fact_word(gpu, "by", by);
	free(by);
	free(state);
	free(value);
}

/* The count stays at its limit; that there are more is the last line of root's list. */
static void check_bad_pages(struct subject *gpu, const struct pci_dev *dev)
{
	unsigned long long count = device_number(dev, "nvgrace_gpu/bad_page_count");
	char *path = device_path(dev, "nvgrace_gpu/bad_pages"), *list = file_read(path, NULL);
	bool more = list && strstr(list, "more");
	char *value = text_of("%s%llu", more ? "more than " : "", count);

	free(path);
	free(list);
	if (more)
		fact_add(gpu, LEVEL_FAIL, "bad_pages", value,
			 "so many pages have lost their content that none is given out", "replace the GPU");
	else if (count)
		fact_add(gpu, LEVEL_WARN, "bad_pages", value,
			 "pages that lost their content are given to nobody; a guest that touches one may stop",
			 "repair the GPU with its vendor's tools, then echo clear to bad_pages");
	else
		fact_add(gpu, LEVEL_OK, "bad_pages", value, NULL, NULL);
	fact_number(gpu, "count", count);
	fact_truth(gpu, "more", more);
	free(value);
}

/* A driver that is told to wait for the list is not to be opened without it. */
static void check_saved_pages(struct subject *gpu, const struct pci_dev *dev)
{
	char *restored = device_attribute(dev, "nvgrace_gpu/bad_pages_restored");
	char *required = file_line("/sys/module/" DRIVER_NAME "/parameters/require_restored");
	char *address = device_address(dev);
	char *next = text_of("systemctl start nvgrace-gpu-state@%s; its status says what keeps it from that",
			     address);
	bool refused = required && !strcmp(required, "Y");

	if (restored && !strcmp(restored, "1"))
		fact_add(gpu, LEVEL_OK, "saved_bad_pages", "restored", NULL, NULL);
	else if (restored)
		fact_add(gpu, refused ? LEVEL_FAIL : LEVEL_WARN, "saved_bad_pages", "not restored",
			 refused ? "the driver opens no GPU before it knows the bad pages that were saved" :
				   "the driver does not know the bad pages that were saved before it was loaded",
			 next);
	free(next);
	free(address);
	free(required);
	free(restored);
}

static void check_scrub(struct subject *gpu, const struct pci_dev *dev)
{
	char *state = device_attribute(dev, "nvgrace_gpu/scrub_state");
	char *policy = device_attribute(dev, "nvgrace_gpu/scrub_policy");
	char *value = text_of("%s, policy %s", state ?: "unknown", policy ?: "unknown");

	if (state && policy && !strcmp(state, "dirty") && !strcmp(policy, "off"))
		fact_add(gpu, LEVEL_WARN, "scrub", value,
			 "the next user may find in the memory what the last one left there",
			 "where tenants follow each other set a policy, see \"Scrubbing\" in the admin guide");
	else
		fact_add(gpu, LEVEL_OK, "scrub", value, NULL, NULL);
	fact_word(gpu, "state", state);
	fact_word(gpu, "policy", policy);
	free(state);
	free(policy);
	free(value);
}

/* The kernel's own driver of the same name has no attributes. */
static void check_silence(struct subject *gpu, const struct pci_dev *dev)
{
	char *driver = device_link(dev, "driver");

	if (driver && !strcmp(driver, DRIVER_NAME))
		fact_add(gpu, LEVEL_FAIL, "memory", "unknown",
			 "the kernel's own driver of this name has the GPU: it neither refuses unsafe hosts nor scrubs memory, and tells nothing",
			 "load this project's module; see module and loaded of the host");
	else
		fact_add(gpu, LEVEL_LATER, "memory", "unknown",
			 "sizes, readiness, bad pages and scrub state are known once the driver is bound",
			 NULL);
	free(driver);
}

/* Since the module was loaded, over all bindings. */
static void add_counters(struct subject *gpu, const struct pci_dev *dev)
{
	unsigned long long opens = device_number(dev, "nvgrace_gpu/opens");
	char *value = text_of("%llu opens", opens), *path;
	size_t i;

	fact_add(gpu, LEVEL_INFO, "counters", value, NULL, NULL);
	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		path = text_of("nvgrace_gpu/%s", counters[i]);
		fact_number(gpu, counters[i], device_number(dev, path));
		free(path);
	}
	free(value);
}

/* The driver's own attributes: there once it is bound, and if it is this project's. */
static void check_memory(struct subject *gpu, const struct pci_dev *dev)
{
	char *mode = device_attribute(dev, "nvgrace_gpu/mode");

	if (!mode) {
		check_silence(gpu, dev);
		return;
	}
	check_mode(gpu, dev);
	if (!strcmp(mode, "coherent")) {
		add_memory(gpu, dev, "usemem", "nvgrace_gpu/usemem_size",
			   "nvgrace_gpu/usemem_bar_size");
		add_memory(gpu, dev, "resmem", "nvgrace_gpu/resmem_size",
			   "nvgrace_gpu/resmem_bar_size");
		add_counters(gpu, dev);
		check_ready(gpu, dev);
		check_bad_pages(gpu, dev);
		check_saved_pages(gpu, dev);
		check_scrub(gpu, dev);
	}
	free(mode);
}

void check_gpu(struct report *report, struct pci_dev *dev)
{
	char name[128], *address = device_address(dev), *title;
	struct subject *gpu;

	if (!pci_lookup_name(dev->access, name, sizeof(name), PCI_LOOKUP_DEVICE,
			     dev->vendor_id, dev->device_id))
		name[0] = '\0';
	title = text_of("GPU %s  %s", address, name);
	gpu = report_add(report, address, title);
	check_identity(gpu, dev);
	check_group(gpu, dev);
	check_driver(gpu, dev);
	check_holders(gpu, dev);
	check_reset(gpu, dev);
	check_initiators(gpu, dev);
	check_memory(gpu, dev);
	add_commands(gpu, dev);
	free(title);
	free(address);
}
