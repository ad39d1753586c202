// SPDX-License-Identifier: GPL-2.0-only
/*
 * Declares device memory as memory for a special purpose, as a kernel does with what
 * firmware calls EFI_MEMORY_SP: the kernel's own drivers, dax_hmem and device_dax, give it
 * struct pages and make a /dev/dax<N>.<M> of it.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */

#include <linux/err.h>
#include <linux/memregion.h>
#include <linux/module.h>
#include <linux/platform_device.h>

static unsigned long start;
module_param(start, ulong, 0444);
MODULE_PARM_DESC(start, "its physical address");

static unsigned long bytes;
module_param(bytes, ulong, 0444);
MODULE_PARM_DESC(bytes, "its size; both are multiples of what one PMD maps");

static struct platform_device *device;

static int __init special_memory_init(void)
{
	struct memregion_info info = {
		.target_node = first_online_node,
		.range = { .start = start, .end = start + bytes - 1 },
	};

	if (!bytes || start + bytes < start || !IS_ALIGNED(start | bytes, PMD_SIZE))
		return -EINVAL;
	device = platform_device_register_data(NULL, "hmem", 0, &info, sizeof(info));
	return PTR_ERR_OR_ZERO(device);
}
module_init(special_memory_init);

static void __exit special_memory_exit(void)
{
	platform_device_unregister(device);
}
module_exit(special_memory_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("Test module: device memory with struct pages");
