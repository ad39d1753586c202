// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drives a GPU as its vendor's driver does on a host that uses the GPU itself: adds its memory,
 * which firmware describes, to the host's; whether it is online then is auto_online_blocks'
 * business. Bound where driver_override says so; with grab=1 to every GPU that it finds, as the
 * vendor's is.
 *
 * With keep=1 the memory stays when the GPU is unbound, as it does where somebody still uses
 * it; it goes then with the module.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */

#include <linux/memory_hotplug.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/property.h>

static bool keep;
module_param(keep, bool, 0644);
MODULE_PARM_DESC(keep, "Leave the memory with the host when the GPU is unbound");

static bool grab;
module_param(grab, bool, 0444);
MODULE_PARM_DESC(grab, "Take GPUs that no driver_override gives to another driver");

/* Of the one GPU; bytes. */
static u64 start, size;

static void take_away(void)
{
	if (size && offline_and_remove_memory(start, size))
		pr_err("memory at %#llx stays\n", start);
	else
		size = 0;
}

static int gpu_holder_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	u64 bytes;
	int ret;

	if (size)
		return -EBUSY;
	if (device_property_read_u64(&pdev->dev, "nvidia,gpu-mem-base-pa", &start) ||
	    device_property_read_u64(&pdev->dev, "nvidia,gpu-mem-size", &bytes))
		return -ENODEV;
	ret = add_memory_driver_managed(first_online_node, start, bytes, "System RAM (gpu_holder)",
					MHP_NONE);
	if (ret)
		return ret;
	size = bytes;
	return 0;
}

static void gpu_holder_remove(struct pci_dev *pdev)
{
	if (!keep)
		take_away();
}

/* Not in the module's table of devices: it is loaded where a test asks for it. */
static const struct pci_device_id any_gpu[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_NVIDIA, PCI_ANY_ID) },
	{}
};

static const struct pci_device_id no_gpu[] = {
	{}
};

static struct pci_driver gpu_holder_driver = {
	.name		= "gpu_holder",
	.probe		= gpu_holder_probe,
	.remove		= gpu_holder_remove,
};

static int __init gpu_holder_init(void)
{
	gpu_holder_driver.id_table = grab ? any_gpu : no_gpu;
	return pci_register_driver(&gpu_holder_driver);
}
module_init(gpu_holder_init);

static void __exit gpu_holder_exit(void)
{
	pci_unregister_driver(&gpu_holder_driver);
	take_away();
}
module_exit(gpu_holder_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("Test module: a driver that gives a GPU's memory to the host");
