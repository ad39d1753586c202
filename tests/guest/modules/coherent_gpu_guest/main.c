// SPDX-License-Identifier: GPL-2.0-only
/*
 * coherent_gpu_guest: module, probe and the sysfs directory tests talk to.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * /sys/bus/pci/devices/<bdf>/coherent_gpu_guest/
 *   state       "online" / "offline"; writing adds or removes the memory
 *   node        NUMA node of the memory
 *   start size  where the memory is, bytes of it in use
 *   interrupts  how many arrived, one figure per vector
 *   dma         write bytes: move and verify them; read: bytes verified
 *   fire        write a vector: raise it and wait for it
 *   stray       write a bus address: succeeds when the GPU cannot write there
 * Every write answers with its errno; details go to the kernel log.
 */
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/sysfs.h>

#include "guest.h"

static int node = NUMA_NO_NODE;
module_param(node, int, 0444);
MODULE_PARM_DESC(node, "NUMA node of the memory (default: what the firmware's SRAT says)");

static unsigned long long size;
module_param(size, ullong, 0444);
MODULE_PARM_DESC(size, "bytes of region 4 to use (default: all of it)");

static struct guest_gpu *to_gpu(struct device *dev)
{
	return pci_get_drvdata(to_pci_dev(dev));
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n", to_gpu(dev)->added ? "online" : "offline");
}

static ssize_t state_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct guest_gpu *gpu = to_gpu(dev);
	int ret = -EINVAL;

	mutex_lock(&gpu->lock);
	if (sysfs_streq(buf, "online"))
		ret = guest_memory_add(gpu);
	else if (sysfs_streq(buf, "offline"))
		ret = guest_memory_remove(gpu);
	mutex_unlock(&gpu->lock);
	return ret ?: count;
}
static DEVICE_ATTR_RW(state);

static ssize_t node_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%d\n", to_gpu(dev)->node);
}
static DEVICE_ATTR_RO(node);

static ssize_t start_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%#llx\n", to_gpu(dev)->start);
}
static DEVICE_ATTR_RO(start);

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%llu\n", to_gpu(dev)->size);
}
static DEVICE_ATTR_RO(size);

static ssize_t interrupts_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	struct guest_gpu *gpu = to_gpu(dev);
	int i, len = 0;

	for (i = 0; i < gpu->nvec; i++)
		len += sysfs_emit_at(buf, len, "%s%d", i ? " " : "",
				     atomic_read(&gpu->vec[i].count));
	return len + sysfs_emit_at(buf, len, "\n");
}
static DEVICE_ATTR_RO(interrupts);

static ssize_t dma_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct guest_gpu *gpu = to_gpu(dev);
	ssize_t len;

	mutex_lock(&gpu->lock);
	len = sysfs_emit(buf, "%llu\n", gpu->bytes);
	mutex_unlock(&gpu->lock);
	return len;
}

static ssize_t dma_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	struct guest_gpu *gpu = to_gpu(dev);
	u64 bytes;
	int ret;

	ret = kstrtou64(buf, 0, &bytes);
	if (ret)
		return ret;
	mutex_lock(&gpu->lock);
	ret = guest_engine_check(gpu, bytes);
	mutex_unlock(&gpu->lock);
	return ret ?: count;
}
static DEVICE_ATTR_RW(dma);

static ssize_t fire_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t count)
{
	struct guest_gpu *gpu = to_gpu(dev);
	unsigned int vector;
	int ret;

	ret = kstrtouint(buf, 0, &vector);
	if (ret)
		return ret;
	mutex_lock(&gpu->lock);
	ret = guest_engine_fire(gpu, vector);
	mutex_unlock(&gpu->lock);
	return ret ?: count;
}
static DEVICE_ATTR_WO(fire);

static ssize_t stray_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct guest_gpu *gpu = to_gpu(dev);
	u64 iova;
	int ret;

	ret = kstrtou64(buf, 0, &iova);
	if (ret)
		return ret;
	mutex_lock(&gpu->lock);
	ret = guest_engine_stray(gpu, iova);
	mutex_unlock(&gpu->lock);
	return ret ?: count;
}
static DEVICE_ATTR_WO(stray);

static struct attribute *guest_attrs[] = {
	&dev_attr_state.attr,
	&dev_attr_node.attr,
	&dev_attr_start.attr,
	&dev_attr_size.attr,
	&dev_attr_interrupts.attr,
	&dev_attr_dma.attr,
	&dev_attr_fire.attr,
	&dev_attr_stray.attr,
	NULL
};

static const struct attribute_group guest_group = {
	.name = "coherent_gpu_guest",
	.attrs = guest_attrs,
};
__ATTRIBUTE_GROUPS(guest);

static int guest_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct guest_gpu *gpu;
	int ret;

	gpu = devm_kzalloc(&pdev->dev, sizeof(*gpu), GFP_KERNEL);
	if (!gpu)
		return -ENOMEM;
	gpu->pdev = pdev;
	ret = devm_mutex_init(&pdev->dev, &gpu->lock);
	if (ret)
		return ret;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = guest_memory_find(gpu, node, size);
	if (ret)
		return ret;
	ret = guest_engine_init(gpu);
	if (ret)
		return ret;

	pci_set_drvdata(pdev, gpu);
	pci_info(pdev, "memory [%#llx-%#llx] for node %d, engine %s, %d vectors\n",
		 gpu->start, gpu->start + gpu->size - 1, gpu->node,
		 gpu->engine ? "yes" : "no", gpu->nvec);
	return 0;
}

static void guest_remove(struct pci_dev *pdev)
{
	struct guest_gpu *gpu = pci_get_drvdata(pdev);

	mutex_lock(&gpu->lock);
	if (guest_memory_remove(gpu))
		guest_memory_strand(gpu);
	mutex_unlock(&gpu->lock);
}

/* No device table for depmod: the host, which has this file too, must not autoload it. */
static const struct pci_device_id guest_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_NVIDIA, PCI_ANY_ID) },
	{ }
};

static struct pci_driver guest_driver = {
	.name = "coherent_gpu_guest",
	.id_table = guest_ids,
	.probe = guest_probe,
	.remove = guest_remove,
	.dev_groups = guest_groups,
};

static int __init guest_init(void)
{
	int ret;

	ret = guest_memory_init();
	if (ret)
		return ret;
	ret = pci_register_driver(&guest_driver);
	if (ret)
		guest_memory_exit();
	return ret;
}
module_init(guest_init);

static void __exit guest_exit(void)
{
	pci_unregister_driver(&guest_driver);
	guest_memory_exit();
}
module_exit(guest_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("Guest side of a coherent GPU, for tests");
