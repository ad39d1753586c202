// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO variant driver for GPUs whose memory is cache-coherent with the CPU.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * This file is the module, its device IDs, and the entry points that VFIO and
 * the PCI core call. Probe chooses one of two operation tables:
 *
 *   coherent  firmware describes GPU memory: it is shown to the guest as
 *             BARs that the physical function does not have
 *   plain     it does not (a nested guest, say): vfio-pci's behaviour
 *
 * Everything below an entry point lives in the file of its concern.
 */

#include <linux/module.h>
#include <linux/pci.h>

#include "memory.h"
#include "nvgrace_gpu.h"
#include "version.h"
#include "zero.h"

static_assert(NVGRACE_GPU_REGION_MAX == 1ULL << VFIO_PCI_OFFSET_SHIFT);

static int open_memory(struct nvgrace_gpu *gpu)
{
	void __iomem *bar0;
	int ret;

	ret = nvgrace_gpu_check_verdict(gpu);
	if (ret)
		return ret;
	ret = nvgrace_gpu_check_bad_pages(gpu);
	if (ret)
		return ret;
	ret = nvgrace_gpu_sleep_open(gpu);
	if (ret)
		return ret;
	ret = nvgrace_gpu_scrub_wait(gpu);
	if (ret)
		goto sleep;
	ret = vfio_pci_core_enable(&gpu->core);
	if (ret)
		goto sleep;

	bar0 = vfio_pci_core_get_iomap(&gpu->core, 0);
	if (IS_ERR(bar0)) {
		ret = PTR_ERR(bar0);
		dev_err_ratelimited(&gpu->core.pdev->dev, "open failed: BAR0 cannot be mapped (%d), readiness cannot be read\n",
				    ret);
		goto disable;
	}

	nvgrace_gpu_config_reset(gpu);
	nvgrace_gpu_ready_open(gpu, bar0);
	ret = nvgrace_gpu_scrub_open(gpu);
	if (ret)
		goto close;
	vfio_pci_core_finish_enable(&gpu->core);
	return 0;

close:
	nvgrace_gpu_ready_close(gpu);
disable:
	vfio_pci_core_disable(&gpu->core);
sleep:
	nvgrace_gpu_sleep_close(gpu);
	return ret;
}

static int coherent_open(struct vfio_device *core_vdev)
{
	struct nvgrace_gpu *gpu = to_nvgrace_gpu(core_vdev);
	int ret = open_memory(gpu);

	nvgrace_gpu_memory_saw(gpu->memory, ret ? NVGRACE_GPU_OPEN_FAILED : NVGRACE_GPU_OPENED);
	return ret;
}

static void coherent_close(struct vfio_device *core_vdev)
{
	struct nvgrace_gpu *gpu = to_nvgrace_gpu(core_vdev);

	nvgrace_gpu_ready_close(gpu);
	vfio_pci_core_close_device(core_vdev);
	nvgrace_gpu_scrub_close(gpu);
	nvgrace_gpu_sleep_close(gpu);
}

static int plain_open(struct vfio_device *core_vdev)
{
	struct nvgrace_gpu *gpu = to_nvgrace_gpu(core_vdev);
	int ret;

	ret = vfio_pci_core_enable(&gpu->core);
	if (ret)
		return ret;
	vfio_pci_core_finish_enable(&gpu->core);
	return 0;
}

static ssize_t coherent_read(struct vfio_device *core_vdev, char __user *buf,
			     size_t count, loff_t *ppos)
{
	struct nvgrace_gpu *gpu = to_nvgrace_gpu(core_vdev);
	unsigned int index = VFIO_PCI_OFFSET_TO_INDEX(*ppos);
	const struct nvgrace_gpu_region *region;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return nvgrace_gpu_config_read(gpu, buf, count, ppos);

	region = nvgrace_gpu_region(gpu, index);
	if (region)
		return nvgrace_gpu_region_read(gpu, region, buf, count, ppos);
	return vfio_pci_core_read(core_vdev, buf, count, ppos);
}

static ssize_t coherent_write(struct vfio_device *core_vdev,
			      const char __user *buf, size_t count,
			      loff_t *ppos)
{
	struct nvgrace_gpu *gpu = to_nvgrace_gpu(core_vdev);
	unsigned int index = VFIO_PCI_OFFSET_TO_INDEX(*ppos);
	const struct nvgrace_gpu_region *region;

	if (index == VFIO_PCI_CONFIG_REGION_INDEX)
		return nvgrace_gpu_config_write(gpu, buf, count, ppos);

	region = nvgrace_gpu_region(gpu, index);
	if (region)
		return nvgrace_gpu_region_write(gpu, region, buf, count, ppos);
	return vfio_pci_core_write(core_vdev, buf, count, ppos);
}

static int coherent_mmap(struct vfio_device *core_vdev,
			 struct vm_area_struct *vma)
{
	struct nvgrace_gpu *gpu = to_nvgrace_gpu(core_vdev);
	const struct nvgrace_gpu_region *region;

	region = nvgrace_gpu_region(gpu, vma->vm_pgoff >>
				    (VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT));
	if (region)
		return nvgrace_gpu_mmap_region(gpu, region, vma);
	return vfio_pci_core_mmap(core_vdev, vma);
}

/*
 * Only the memory can be mapped, not the hole behind it. Whoever maps an area aligns it by
 * its size's lowest bit at best (QEMU does): of one area of odd size not one block would
 * be mapped as such.
 */
static void fill_areas(struct vfio_region_info_cap_sparse_mmap *sparse,
		       const struct nvgrace_gpu_region *region)
{
	u64 blocks = round_down(region->size, PMD_SIZE);
	struct vfio_region_sparse_mmap_area *area = sparse->areas;

	if (blocks)
		*area++ = (struct vfio_region_sparse_mmap_area){ 0, blocks };
	if (region->size > blocks)
		*area++ = (struct vfio_region_sparse_mmap_area){ blocks, region->size - blocks };
	sparse->nr_areas = area - sparse->areas;
}

static int coherent_region_info(struct vfio_device *core_vdev,
				struct vfio_region_info *info,
				struct vfio_info_cap *caps)
{
	const struct nvgrace_gpu_region *region;
	DEFINE_RAW_FLEX(struct vfio_region_info_cap_sparse_mmap, sparse,
			areas, 2);

	region = nvgrace_gpu_region(to_nvgrace_gpu(core_vdev), info->index);
	if (!region)
		return vfio_pci_ioctl_get_region_info(core_vdev, info, caps);

	info->offset = VFIO_PCI_INDEX_TO_OFFSET(info->index);
	info->size = region->bar_size;
	info->flags = VFIO_REGION_INFO_FLAG_READ |
		      VFIO_REGION_INFO_FLAG_WRITE |
		      VFIO_REGION_INFO_FLAG_MMAP;

	sparse->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	sparse->header.version = 1;
	fill_areas(sparse, region);
	return vfio_info_add_capability(caps, &sparse->header,
					struct_size(sparse, areas, sparse->nr_areas));
}

/* An eventfd that writes to a BAR would go to the physical BAR of that index. */
static long coherent_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
			   unsigned long arg)
{
	if (cmd == VFIO_DEVICE_IOEVENTFD)
		return -ENOTTY;
	return vfio_pci_core_ioctl(core_vdev, cmd, arg);
}

/*
 * In a low power state the memory may lose its training without a reset. The
 * core has removed the mappings when it answers; readiness is read afresh by
 * the first access after the device is up again.
 */
static int coherent_feature(struct vfio_device *core_vdev, u32 flags,
			    void __user *arg, size_t argsz)
{
	u32 feature = flags & VFIO_DEVICE_FEATURE_MASK;
	int ret;

	ret = vfio_pci_core_ioctl_feature(core_vdev, flags, arg, argsz);
	if (ret || flags & VFIO_DEVICE_FEATURE_PROBE)
		return ret;
	if (feature == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY ||
	    feature == VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP)
		nvgrace_gpu_ready_invalidate(to_nvgrace_gpu(core_vdev));
	return ret;
}

static const struct vfio_device_ops coherent_ops = {
	.name			= "nvgrace-gpu-vfio-pci",
	.init			= vfio_pci_core_init_dev,
	.release		= vfio_pci_core_release_dev,
	.open_device		= coherent_open,
	.close_device		= coherent_close,
	.ioctl			= coherent_ioctl,
	.get_region_info_caps	= coherent_region_info,
	.device_feature		= coherent_feature,
	.read			= coherent_read,
	.write			= coherent_write,
	.mmap			= coherent_mmap,
	.request		= vfio_pci_core_request,
	.match			= vfio_pci_core_match,
	.match_token_uuid	= vfio_pci_core_match_token_uuid,
	.bind_iommufd		= vfio_iommufd_physical_bind,
	.unbind_iommufd		= vfio_iommufd_physical_unbind,
	.attach_ioas		= vfio_iommufd_physical_attach_ioas,
	.detach_ioas		= vfio_iommufd_physical_detach_ioas,
	.pasid_attach_ioas	= vfio_iommufd_physical_pasid_attach_ioas,
	.pasid_detach_ioas	= vfio_iommufd_physical_pasid_detach_ioas,
};

static const struct vfio_device_ops plain_ops = {
	.name			= "nvgrace-gpu-vfio-pci-core",
	.init			= vfio_pci_core_init_dev,
	.release		= vfio_pci_core_release_dev,
	.open_device		= plain_open,
	.close_device		= vfio_pci_core_close_device,
	.ioctl			= vfio_pci_core_ioctl,
	.get_region_info_caps	= vfio_pci_ioctl_get_region_info,
	.device_feature		= vfio_pci_core_ioctl_feature,
	.read			= vfio_pci_core_read,
	.write			= vfio_pci_core_write,
	.mmap			= vfio_pci_core_mmap,
	.request		= vfio_pci_core_request,
	.match			= vfio_pci_core_match,
	.match_token_uuid	= vfio_pci_core_match_token_uuid,
	.bind_iommufd		= vfio_iommufd_physical_bind,
	.unbind_iommufd		= vfio_iommufd_physical_unbind,
	.attach_ioas		= vfio_iommufd_physical_attach_ioas,
	.detach_ioas		= vfio_iommufd_physical_detach_ioas,
	.pasid_attach_ioas	= vfio_iommufd_physical_pasid_attach_ioas,
	.pasid_detach_ioas	= vfio_iommufd_physical_pasid_detach_ioas,
};

static int nvgrace_gpu_probe(struct pci_dev *pdev,
			     const struct pci_device_id *id)
{
	bool coherent = nvgrace_gpu_platform_describes_memory(pdev);
	struct nvgrace_gpu *gpu;
	int ret;

	gpu = vfio_alloc_device(nvgrace_gpu, core.vdev, &pdev->dev,
				coherent ? &coherent_ops : &plain_ops);
	if (IS_ERR(gpu))
		return PTR_ERR(gpu);

	ret = nvgrace_gpu_views_init(gpu);
	if (ret)
		goto put_device;
	gpu->coherent = coherent;
	nvgrace_gpu_dmabuf_init(gpu);
	if (coherent) {
		ret = nvgrace_gpu_platform_init(gpu);
		if (ret)
			goto put_device;
		ret = nvgrace_gpu_poison_init(gpu);
		if (ret)
			goto release_platform;
		ret = nvgrace_gpu_scrub_init(gpu);
		if (ret)
			goto release_poison;
		ret = nvgrace_gpu_sleep_init(gpu);
		if (ret)
			goto release_scrub;
		ret = nvgrace_gpu_config_init(gpu);
		if (ret)
			goto release_sleep;
	}

	dev_set_drvdata(&pdev->dev, &gpu->core);
	ret = vfio_pci_core_register_device(&gpu->core);
	if (ret)
		goto release_sleep;
	return 0;

release_sleep:
	nvgrace_gpu_sleep_release(gpu);
release_scrub:
	nvgrace_gpu_scrub_release(gpu);
release_poison:
	nvgrace_gpu_poison_release(gpu);
release_platform:
	nvgrace_gpu_platform_release(gpu);
put_device:
	vfio_put_device(&gpu->core.vdev);
	return ret;
}

static struct nvgrace_gpu *pdev_to_gpu(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	return container_of(core, struct nvgrace_gpu, core);
}

static void nvgrace_gpu_remove(struct pci_dev *pdev)
{
	struct nvgrace_gpu *gpu = pdev_to_gpu(pdev);

	/* Torn out: a user may still have it open, and open mappings. */
	if (gpu->coherent && !pci_device_is_present(pdev))
		nvgrace_gpu_ready_gone(gpu);

	if (gpu->coherent)
		nvgrace_gpu_scrub_unbind(gpu);
	vfio_pci_core_unregister_device(&gpu->core);
	nvgrace_gpu_sleep_release(gpu);
	nvgrace_gpu_scrub_release(gpu);
	nvgrace_gpu_poison_release(gpu);
	nvgrace_gpu_platform_release(gpu);
	vfio_put_device(&gpu->core.vdev);
}

static void nvgrace_gpu_reset_prepare(struct pci_dev *pdev)
{
	struct nvgrace_gpu *gpu = pdev_to_gpu(pdev);

	if (gpu->coherent)
		nvgrace_gpu_reset_begin(gpu);
}

static void nvgrace_gpu_reset_done(struct pci_dev *pdev)
{
	struct nvgrace_gpu *gpu = pdev_to_gpu(pdev);

	if (gpu->coherent && nvgrace_gpu_reset_end(gpu))
		nvgrace_gpu_config_reset(gpu);
}

/* A kernel that resets none but frozen links says so in compat/. */
#ifndef PCI_RECOVERY_MAY_RESET_WORKING_LINK
#define PCI_RECOVERY_MAY_RESET_WORKING_LINK	1
#endif

static pci_ers_result_t nvgrace_gpu_error_detected(struct pci_dev *pdev,
						   pci_channel_state_t state)
{
	struct nvgrace_gpu *gpu = pdev_to_gpu(pdev);
	bool frozen = state == pci_channel_io_frozen;

	if (gpu->coherent && state == pci_channel_io_perm_failure)
		nvgrace_gpu_recovery_failed(gpu);
	else if (gpu->coherent && (frozen || PCI_RECOVERY_MAY_RESET_WORKING_LINK))
		nvgrace_gpu_recovery_begin(gpu, frozen);
	return vfio_pci_core_aer_err_detected(pdev, state);
}

static pci_ers_result_t nvgrace_gpu_slot_reset(struct pci_dev *pdev)
{
	struct nvgrace_gpu *gpu = pdev_to_gpu(pdev);

	if (gpu->coherent)
		nvgrace_gpu_recovery_reset(gpu);
	return PCI_ERS_RESULT_RECOVERED;
}

static void nvgrace_gpu_resume(struct pci_dev *pdev)
{
	struct nvgrace_gpu *gpu = pdev_to_gpu(pdev);

	if (!gpu->coherent)
		return;
	/* First: a scrub that waits goes on as soon as recovery is over. */
	if (nvgrace_gpu_recovery_was_reset(gpu)) {
		nvgrace_gpu_config_restore(gpu);
		nvgrace_gpu_config_reset(gpu);
	}
	nvgrace_gpu_recovery_done(gpu);
}

static const struct pci_error_handlers nvgrace_gpu_err_handlers = {
	.error_detected	= nvgrace_gpu_error_detected,
	.slot_reset	= nvgrace_gpu_slot_reset,
	.resume		= nvgrace_gpu_resume,
	.reset_prepare	= nvgrace_gpu_reset_prepare,
	.reset_done	= nvgrace_gpu_reset_done,
};

static const struct pci_device_id nvgrace_gpu_ids[] = {
	/* GH200 120GB */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2342) },
	/* GH200 480GB */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2345) },
	/* GH200 SKU */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2348) },
	/* GB200 SKU */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x2941) },
	/* GB300 SKU */
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, 0x31c2) },
	{}
};
MODULE_DEVICE_TABLE(pci, nvgrace_gpu_ids);

static struct pci_driver nvgrace_gpu_driver = {
	/* Underscores: what driverctl and driver_override must be given. */
	.name			= KBUILD_MODNAME,
	.id_table		= nvgrace_gpu_ids,
	.probe			= nvgrace_gpu_probe,
	.remove			= nvgrace_gpu_remove,
	.err_handler		= &nvgrace_gpu_err_handlers,
	.dev_groups		= nvgrace_gpu_groups,
	.driver_managed_dma	= true,
};

static int __init nvgrace_gpu_init(void)
{
	int ret = nvgrace_gpu_zero_module_init();

	if (ret)
		return ret;
	ret = nvgrace_gpu_poison_module_init();
	if (ret)
		goto zero_exit;
	ret = pci_register_driver(&nvgrace_gpu_driver);
	if (ret)
		goto poison_exit;
	return 0;

poison_exit:
	nvgrace_gpu_poison_module_exit();
zero_exit:
	nvgrace_gpu_zero_module_exit();
	return ret;
}
module_init(nvgrace_gpu_init);

static void __exit nvgrace_gpu_exit(void)
{
	pci_unregister_driver(&nvgrace_gpu_driver);
	nvgrace_gpu_poison_module_exit();
	nvgrace_gpu_zero_module_exit();
}
module_exit(nvgrace_gpu_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(NVGRACE_GPU_VERSION);
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("VFIO driver for GPUs with CPU-coherent memory");
