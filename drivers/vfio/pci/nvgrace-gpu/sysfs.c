// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the driver decided, for people and programs: the nvgrace_gpu directory
 * of the PCI device. Described in
 * Documentation/ABI/testing/sysfs-driver-nvgrace-gpu.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Invariant: reading never touches the device, so it works at any time and
 * cannot disturb a user of the device.
 */

#include <linux/sysfs.h>

#include "memory.h"
#include "nvgrace_gpu.h"

static struct nvgrace_gpu *dev_to_gpu(struct device *dev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(dev);

	return container_of(core, struct nvgrace_gpu, core);
}

static ssize_t mode_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  dev_to_gpu(dev)->coherent ? "coherent" : "plain");
}
static DEVICE_ATTR_RO(mode);

static ssize_t verdict_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	enum coherent_pfnmap_verdict verdict = coherent_pfnmap_verdict();

	return sysfs_emit(buf, "%s\n", nvgrace_gpu_verdict_name(verdict));
}
static DEVICE_ATTR_RO(verdict);

static ssize_t readiness_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  nvgrace_gpu_readiness_name(dev_to_gpu(dev)));
}
static DEVICE_ATTR_RO(readiness);

static ssize_t ready_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct nvgrace_gpu *gpu = dev_to_gpu(dev);
	enum nvgrace_gpu_state state;

	scoped_guard(rwsem_read, &gpu->views.lock)
		state = gpu->views.state;
	return sysfs_emit(buf, "%s\n", nvgrace_gpu_state_name(state));
}
static DEVICE_ATTR_RO(ready);

#define LAYOUT_ATTR(_name, _value)					\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, "%llu\n", dev_to_gpu(dev)->layout._value); \
}									\
static DEVICE_ATTR_RO(_name)

LAYOUT_ATTR(usemem_size, usemem.size);
LAYOUT_ATTR(usemem_bar_size, usemem.bar_size);
LAYOUT_ATTR(resmem_size, resmem.size);
LAYOUT_ATTR(resmem_bar_size, resmem.bar_size);

static ssize_t bad_page_count_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n",
			  nvgrace_gpu_bad_page_count(dev_to_gpu(dev)));
}
static DEVICE_ATTR_RO(bad_page_count);

static ssize_t bad_pages_show(struct device *dev,
			      struct device_attribute *attr, char *buf)
{
	return nvgrace_gpu_bad_pages_show(dev_to_gpu(dev), buf);
}

static ssize_t bad_pages_store(struct device *dev,
			       struct device_attribute *attr, const char *buf,
			       size_t count)
{
	struct nvgrace_gpu *gpu = dev_to_gpu(dev);
	int ret = -EINVAL;
	u64 address;

	if (sysfs_streq(buf, "clear")) {
		ret = nvgrace_gpu_bad_pages_clear(gpu);
	} else if (sysfs_streq(buf, "add more")) {
		nvgrace_gpu_bad_pages_give_up(gpu);
		ret = 0;
	} else if (str_has_prefix(buf, "add ") && !kstrtou64(buf + 4, 0, &address)) {
		ret = nvgrace_gpu_bad_pages_add(gpu, address);
	}
	return ret ?: count;
}
static DEVICE_ATTR_ADMIN_RW(bad_pages);

static ssize_t bad_pages_restored_show(struct device *dev,
				       struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n",
			  nvgrace_gpu_memory_is_restored(dev_to_gpu(dev)->memory));
}

/* What is known is not unlearned, but by loading the module anew. */
static ssize_t bad_pages_restored_store(struct device *dev,
					struct device_attribute *attr,
					const char *buf, size_t count)
{
	bool restored;

	if (kstrtobool(buf, &restored) || !restored)
		return -EINVAL;
	nvgrace_gpu_memory_set_restored(dev_to_gpu(dev)->memory);
	return count;
}
static DEVICE_ATTR_RW(bad_pages_restored);

/* A physical address: for administrators. */
static ssize_t usemem_base_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%#llx\n", dev_to_gpu(dev)->layout.usemem.base);
}
static DEVICE_ATTR_ADMIN_RO(usemem_base);

static ssize_t scrub_policy_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return nvgrace_gpu_scrub_policy_show(dev_to_gpu(dev), buf);
}

static ssize_t scrub_policy_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t count)
{
	int ret = nvgrace_gpu_scrub_policy_set(dev_to_gpu(dev), buf);

	return ret ?: count;
}
static DEVICE_ATTR_RW(scrub_policy);

static ssize_t scrub_state_show(struct device *dev,
				struct device_attribute *attr, char *buf)
{
	return nvgrace_gpu_scrub_state_show(dev_to_gpu(dev), buf);
}
static DEVICE_ATTR_RO(scrub_state);

static ssize_t scrub_progress_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	return nvgrace_gpu_scrub_progress_show(dev_to_gpu(dev), buf);
}
static DEVICE_ATTR_RO(scrub_progress);

#define EVENT_ATTR(_name, _event)					\
static ssize_t _name##_show(struct device *dev,				\
			    struct device_attribute *attr, char *buf)	\
{									\
	const struct nvgrace_gpu_memory *memory = dev_to_gpu(dev)->memory; \
									\
	return sysfs_emit(buf, "%llu\n",				\
			  nvgrace_gpu_memory_has_seen(memory, _event));	\
}									\
static DEVICE_ATTR_RO(_name)

EVENT_ATTR(opens, NVGRACE_GPU_OPENED);
EVENT_ATTR(opens_failed, NVGRACE_GPU_OPEN_FAILED);
EVENT_ATTR(resets, NVGRACE_GPU_WAS_RESET);
EVENT_ATTR(scrubs, NVGRACE_GPU_SCRUBBED);
EVENT_ATTR(scrubs_failed, NVGRACE_GPU_SCRUB_FAILED);
EVENT_ATTR(pages_went_bad, NVGRACE_GPU_PAGE_WENT_BAD);
EVENT_ATTR(waits, NVGRACE_GPU_WAITED);

static struct attribute *attrs[] = {
	&dev_attr_mode.attr,
	&dev_attr_verdict.attr,
	&dev_attr_readiness.attr,
	&dev_attr_ready.attr,
	&dev_attr_usemem_size.attr,
	&dev_attr_usemem_bar_size.attr,
	&dev_attr_resmem_size.attr,
	&dev_attr_resmem_bar_size.attr,
	&dev_attr_bad_page_count.attr,
	&dev_attr_bad_pages.attr,
	&dev_attr_bad_pages_restored.attr,
	&dev_attr_usemem_base.attr,
	&dev_attr_scrub_policy.attr,
	&dev_attr_scrub_state.attr,
	&dev_attr_scrub_progress.attr,
	&dev_attr_opens.attr,
	&dev_attr_opens_failed.attr,
	&dev_attr_resets.attr,
	&dev_attr_scrubs.attr,
	&dev_attr_scrubs_failed.attr,
	&dev_attr_pages_went_bad.attr,
	&dev_attr_waits.attr,
	NULL,
};

/* A plain device has no memory that could be bad, or dirty, or that could be counted for. */
static bool is_for_plain_mode(const struct attribute *attr)
{
	return attr == &dev_attr_mode.attr ||
	       attr == &dev_attr_verdict.attr ||
	       attr == &dev_attr_readiness.attr ||
	       attr == &dev_attr_ready.attr ||
	       attr == &dev_attr_usemem_size.attr ||
	       attr == &dev_attr_usemem_bar_size.attr ||
	       attr == &dev_attr_resmem_size.attr ||
	       attr == &dev_attr_resmem_bar_size.attr;
}

static umode_t is_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	if (!dev_to_gpu(kobj_to_dev(kobj))->coherent && !is_for_plain_mode(attr))
		return 0;
	return attr->mode;
}

static const struct attribute_group group = {
	.name = "nvgrace_gpu",
	.attrs = attrs,
	.is_visible = is_visible,
};

const struct attribute_group *nvgrace_gpu_groups[] = {
	&group,
	NULL,
};
