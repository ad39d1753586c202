// SPDX-License-Identifier: GPL-2.0-only
/*
 * migratable_gpu: a VFIO driver for the emulated GPU that VMs can be migrated
 * with, for tests.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * It stands in for a vendor's driver that supports VFIO migration: none exists
 * for these GPUs, and a VM with a device that cannot migrate is not migrated at
 * all. It is as small as that can be:
 *
 *  - What a VMM maps as BAR 2 is the start of the GPU's coherent memory: shared,
 *    page-less, cacheable, filled by faults, like the mappings of the driver
 *    under test; but on every platform, so that KVM's refusal can be seen.
 *  - The state of the device is what that memory holds. It is copied while the
 *    device is stopped. There is no engine that could write to it meanwhile.
 *
 * A transfer is one pass over the memory through a file that the VMM reads
 * (saving) or writes (loading). It maps the memory for itself, so that the file
 * may outlive everything else.
 */
#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/vfio_pci_core.h>

#define MEMORY_BAR	VFIO_PCI_BAR2_REGION_INDEX

/**
 * struct migratable_gpu - one device
 * @core: first member: what vfio-pci-core works with
 * @base: physical address of the memory; immutable after probe
 * @size: bytes of it that are BAR 2 and migrate; immutable after probe
 * @lock: protects what follows
 * @state: VFIO's migration state
 * @file: the transfer of the states STOP_COPY and RESUMING, otherwise NULL
 */
struct migratable_gpu {
	struct vfio_pci_core_device core;
	u64 base;
	size_t size;
	struct mutex lock;
	enum vfio_device_mig_state state;
	struct file *file;
};

/**
 * struct transfer - one pass over the memory
 * @memory: the memory, mapped for this transfer
 * @size: bytes
 * @over: the device has left the state that the transfer belongs to
 */
struct transfer {
	void *memory;
	size_t size;
	bool over;
};

static struct migratable_gpu *to_gpu(struct vfio_device *vdev)
{
	return container_of(vdev, struct migratable_gpu, core.vdev);
}

static ssize_t transfer_read(struct file *file, char __user *buf, size_t len,
			     loff_t *pos)
{
	struct transfer *transfer = file->private_data;

	if (READ_ONCE(transfer->over))
		return -ENODEV;
	return simple_read_from_buffer(buf, len, pos, transfer->memory,
				       transfer->size);
}

static ssize_t transfer_write(struct file *file, const char __user *buf,
			      size_t len, loff_t *pos)
{
	struct transfer *transfer = file->private_data;

	if (READ_ONCE(transfer->over))
		return -ENODEV;
	return simple_write_to_buffer(transfer->memory, transfer->size, pos,
				      buf, len);
}

static int transfer_release(struct inode *inode, struct file *file)
{
	struct transfer *transfer = file->private_data;

	memunmap(transfer->memory);
	kfree(transfer);
	return 0;
}

static const struct file_operations transfer_fops = {
	.owner = THIS_MODULE,
	.read = transfer_read,
	.write = transfer_write,
	.release = transfer_release,
};

static struct file *transfer_begin(struct migratable_gpu *gpu, int flags)
{
	struct transfer *transfer;
	struct file *file;

	transfer = kzalloc(sizeof(*transfer), GFP_KERNEL);
	if (!transfer)
		return ERR_PTR(-ENOMEM);
	transfer->size = gpu->size;
	transfer->memory = memremap(gpu->base, gpu->size, MEMREMAP_WB);
	if (!transfer->memory) {
		kfree(transfer);
		return ERR_PTR(-ENOMEM);
	}

	file = anon_inode_getfile("migratable_gpu", &transfer_fops, transfer,
				  flags);
	if (IS_ERR(file)) {
		memunmap(transfer->memory);
		kfree(transfer);
		return file;
	}
	/* One reference is for the caller, who makes a descriptor of it. */
	gpu->file = get_file(file);
	return file;
}

static void transfer_end(struct migratable_gpu *gpu)
{
	struct transfer *transfer;

	if (!gpu->file)
		return;
	transfer = gpu->file->private_data;
	WRITE_ONCE(transfer->over, true);
	fput(gpu->file);
	gpu->file = NULL;
}

/* One step of VFIO's state machine, as vfio_mig_get_next_state() chose it. */
static struct file *step(struct migratable_gpu *gpu,
			 enum vfio_device_mig_state next)
{
	bool complete;

	if (next == VFIO_DEVICE_STATE_STOP_COPY)
		return transfer_begin(gpu, O_RDONLY);
	if (next == VFIO_DEVICE_STATE_RESUMING)
		return transfer_begin(gpu, O_WRONLY);
	if (gpu->state == VFIO_DEVICE_STATE_RESUMING) {
		complete = gpu->file->f_pos == gpu->size;
		transfer_end(gpu);
		return complete ? NULL : ERR_PTR(-EIO);
	}
	transfer_end(gpu);
	return NULL;
}

static struct file *set_state(struct vfio_device *vdev,
			      enum vfio_device_mig_state target)
{
	struct migratable_gpu *gpu = to_gpu(vdev);
	enum vfio_device_mig_state next;
	struct file *file = NULL;
	int ret;

	guard(mutex)(&gpu->lock);
	while (gpu->state != target) {
		ret = vfio_mig_get_next_state(vdev, gpu->state, target, &next);
		if (ret)
			return ERR_PTR(ret);
		file = step(gpu, next);
		if (IS_ERR(file))
			return file;
		gpu->state = next;
		/* A file comes with the last step only. */
		if (WARN_ON(file && next != target))
			return ERR_PTR(-EINVAL);
	}
	return file;
}

static int get_state(struct vfio_device *vdev,
		     enum vfio_device_mig_state *state)
{
	struct migratable_gpu *gpu = to_gpu(vdev);

	guard(mutex)(&gpu->lock);
	*state = gpu->state;
	return 0;
}

static int get_data_size(struct vfio_device *vdev, unsigned long *length)
{
	*length = to_gpu(vdev)->size;
	return 0;
}

static const struct vfio_migration_ops migration_ops = {
	.migration_set_state = set_state,
	.migration_get_state = get_state,
	.migration_get_data_size = get_data_size,
};

static void set_running(struct migratable_gpu *gpu)
{
	guard(mutex)(&gpu->lock);
	transfer_end(gpu);
	gpu->state = VFIO_DEVICE_STATE_RUNNING;
}

static vm_fault_t memory_fault(struct vm_fault *vmf)
{
	struct migratable_gpu *gpu = vmf->vma->vm_private_data;
	unsigned long page;

	page = vmf->pgoff & (BIT(VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT) - 1);
	return vmf_insert_pfn(vmf->vma, vmf->address,
			      PHYS_PFN(gpu->base) + page);
}

static const struct vm_operations_struct memory_vm_ops = {
	.fault = memory_fault,
};

static int gpu_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	struct migratable_gpu *gpu = to_gpu(vdev);
	u64 start = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 offset = start & VFIO_PCI_OFFSET_MASK;

	if (VFIO_PCI_OFFSET_TO_INDEX(start) != MEMORY_BAR)
		return vfio_pci_core_mmap(vdev, vma);
	if (!(vma->vm_flags & VM_SHARED) ||
	    offset + (vma->vm_end - vma->vm_start) > gpu->size)
		return -EINVAL;

	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_private_data = gpu;
	vma->vm_ops = &memory_vm_ops;
	return 0;
}

static int gpu_init(struct vfio_device *vdev)
{
	vdev->migration_flags = VFIO_MIGRATION_STOP_COPY;
	vdev->mig_ops = &migration_ops;
	return vfio_pci_core_init_dev(vdev);
}

static int gpu_open(struct vfio_device *vdev)
{
	struct migratable_gpu *gpu = to_gpu(vdev);
	int ret;

	ret = vfio_pci_core_enable(&gpu->core);
	if (ret)
		return ret;
	set_running(gpu);
	vfio_pci_core_finish_enable(&gpu->core);
	return 0;
}

static void gpu_close(struct vfio_device *vdev)
{
	set_running(to_gpu(vdev));
	vfio_pci_core_close_device(vdev);
}

static const struct vfio_device_ops gpu_ops = {
	.name = "migratable_gpu",
	.init = gpu_init,
	.release = vfio_pci_core_release_dev,
	.open_device = gpu_open,
	.close_device = gpu_close,
	.ioctl = vfio_pci_core_ioctl,
#ifdef VFIO_HAS_get_region_info_caps
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
#endif
#ifdef VFIO_HAS_match_token_uuid
	.match_token_uuid = vfio_pci_core_match_token_uuid,
#endif
	.device_feature = vfio_pci_core_ioctl_feature,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.mmap = gpu_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
};

static int read_layout(struct migratable_gpu *gpu, struct pci_dev *pdev)
{
	u64 memory;

	if (device_property_read_u64(&pdev->dev, "nvidia,gpu-mem-base-pa",
				     &gpu->base) ||
	    device_property_read_u64(&pdev->dev, "nvidia,gpu-mem-size", &memory))
		return -ENODEV;
	gpu->size = pci_resource_len(pdev, MEMORY_BAR);
	if (!gpu->size || gpu->size > memory) {
		pci_err(pdev, "BAR 2 must be there, and not larger than the memory\n");
		return -EINVAL;
	}
	return 0;
}

static int gpu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct migratable_gpu *gpu;
	int ret;

	gpu = vfio_alloc_device(migratable_gpu, core.vdev, &pdev->dev,
				&gpu_ops);
	if (IS_ERR(gpu))
		return PTR_ERR(gpu);
	mutex_init(&gpu->lock);
	ret = read_layout(gpu, pdev);
	if (ret)
		goto put;
	dev_set_drvdata(&pdev->dev, &gpu->core);
	ret = vfio_pci_core_register_device(&gpu->core);
	if (ret)
		goto put;
	return 0;
put:
	vfio_put_device(&gpu->core.vdev);
	return ret;
}

static void gpu_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	vfio_pci_core_unregister_device(core);
	vfio_put_device(&core->vdev);
}

static void gpu_reset_done(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	set_running(container_of(core, struct migratable_gpu, core));
}

static const struct pci_error_handlers gpu_err_handlers = {
	.error_detected = vfio_pci_core_aer_err_detected,
	.reset_done = gpu_reset_done,
};

/* Not in the module's aliases: it is bound by name only. */
static const struct pci_device_id gpu_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_NVIDIA, PCI_ANY_ID) },
	{}
};

static struct pci_driver gpu_driver = {
	.name = KBUILD_MODNAME,
	.id_table = gpu_ids,
	.probe = gpu_probe,
	.remove = gpu_remove,
	.err_handler = &gpu_err_handlers,
	.driver_managed_dma = true,
};
module_pci_driver(gpu_driver);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvgrace-gpu authors");
MODULE_DESCRIPTION("VFIO driver with migration for an emulated GPU, for tests");
