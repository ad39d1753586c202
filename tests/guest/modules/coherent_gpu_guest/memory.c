// SPDX-License-Identifier: GPL-2.0-only
/*
 * coherent_gpu_guest: the GPU's memory as a NUMA node of the guest.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * Which node: the one asked for, else the proximity domain that the firmware's
 * SRAT ties to this PCI function by a generic initiator entry (QEMU:
 * -object acpi-generic-initiator). Whether new blocks come online at once, and
 * in which zone, is the guest's policy (/sys/devices/system/memory/
 * auto_online_blocks), not this module's.
 */
#include <linux/acpi.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include <linux/slab.h>

#include "guest.h"

/*
 * /proc/iomem keeps a pointer to the resource's name for as long as the memory
 * is there, which can be longer than this module: when memory cannot be
 * removed, the name is left behind on purpose.
 */
static const char *resource_name;
static atomic_t stranded;

static bool srat_entry_names(const struct acpi_srat_generic_affinity *gi,
			     struct pci_dev *pdev)
{
	u16 segment = gi->device_handle[0] | gi->device_handle[1] << 8;

	return gi->header.type == ACPI_SRAT_TYPE_GENERIC_AFFINITY &&
	       gi->flags & ACPI_SRAT_GENERIC_AFFINITY_ENABLED &&
	       gi->device_handle_type == 1 &&
	       segment == pci_domain_nr(pdev->bus) &&
	       gi->device_handle[2] == pdev->bus->number &&
	       gi->device_handle[3] == pdev->devfn;
}

static int srat_node(struct pci_dev *pdev)
{
	struct acpi_table_header *srat;
	struct acpi_subtable_header *entry;
	unsigned long at, end;
	int node = NUMA_NO_NODE;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_SRAT, 0, &srat)))
		return NUMA_NO_NODE;

	at = (unsigned long)srat + sizeof(struct acpi_table_srat);
	end = (unsigned long)srat + srat->length;
	for (; at + sizeof(*entry) <= end; at += entry->length) {
		struct acpi_srat_generic_affinity *gi = (void *)at;

		entry = (void *)at;
		if (!entry->length || at + entry->length > end)
			break;
		if (srat_entry_names(gi, pdev)) {
			node = pxm_to_node(gi->proximity_domain);
			break;
		}
	}
	acpi_put_table(srat);
	return node;
}

/* Where the memory is, how much of it, and which node it belongs to. */
int guest_memory_find(struct guest_gpu *gpu, int node, u64 size)
{
	struct pci_dev *pdev = gpu->pdev;
	u64 length = pci_resource_len(pdev, 4);

	if (!length || !(pci_resource_flags(pdev, 4) & IORESOURCE_MEM)) {
		pci_err(pdev, "no memory in region 4: the host passed the GPU through without its coherent memory\n");
		return -ENODEV;
	}
	if (size > length || !IS_ALIGNED(size, memory_block_size_bytes())) {
		pci_err(pdev, "size=%llu: must be a multiple of %lu and at most region 4's %llu bytes\n",
			size, memory_block_size_bytes(), length);
		return -EINVAL;
	}

	if (node == NUMA_NO_NODE)
		node = srat_node(pdev);
	if (node < 0 || node >= MAX_NUMNODES || !node_possible(node)) {
		pci_err(pdev, "no NUMA node for the memory: give the VM an empty node and an acpi-generic-initiator, or load with node=\n");
		return -ENODEV;
	}

	gpu->start = pci_resource_start(pdev, 4);
	gpu->size = size ?: length;
	gpu->node = node;
	return 0;
}

int guest_memory_add(struct guest_gpu *gpu)
{
	int ret;

	lockdep_assert_held(&gpu->lock);
	if (gpu->added)
		return -EEXIST;

	ret = add_memory_driver_managed(gpu->node, gpu->start, gpu->size,
					resource_name, MHP_NONE);
	if (ret) {
		pci_err(gpu->pdev, "cannot add %llu bytes to node %d: %d\n",
			gpu->size, gpu->node, ret);
		return ret;
	}
	gpu->added = true;
	pci_info(gpu->pdev, "memory [%#llx-%#llx] added to node %d\n",
		 gpu->start, gpu->start + gpu->size - 1, gpu->node);
	return 0;
}

int guest_memory_remove(struct guest_gpu *gpu)
{
	int ret;

	lockdep_assert_held(&gpu->lock);
	if (!gpu->added)
		return 0;

	ret = offline_and_remove_memory(gpu->start, gpu->size);
	if (ret) {
		pci_err(gpu->pdev, "memory of node %d is in use and stays: %d; end the programs that use it and try again\n",
			gpu->node, ret);
		return ret;
	}
	gpu->added = false;
	pci_info(gpu->pdev, "memory removed from node %d\n", gpu->node);
	return 0;
}

/* The last chance to give the memory back has passed: keep its name alive. */
void guest_memory_strand(struct guest_gpu *gpu)
{
	atomic_inc(&stranded);
	pci_err(gpu->pdev, "memory of node %d outlives its driver; restart the guest to get rid of it\n",
		gpu->node);
}

int guest_memory_init(void)
{
	resource_name = kstrdup("System RAM (coherent_gpu_guest)", GFP_KERNEL);
	return resource_name ? 0 : -ENOMEM;
}

void guest_memory_exit(void)
{
	if (!atomic_read(&stranded))
		kfree(resource_name);
}
