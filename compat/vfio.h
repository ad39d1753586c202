/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of a newer <linux/vfio.h> on older kernels.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * The driver's table has the newer shape: the kernel's own structure, followed by
 * the operations it does not know. The kernel is given a pointer to the part it
 * knows. What it would have done with the others is done below, on the way
 * through vfio_pci_core_ioctl(), which every driver's ioctl() ends in:
 *
 *   get_region_info_caps  newer kernels deal with user space and leave only the
 *			   facts to the driver
 *   match_token_uuid	   never called: match() does it all
 *   pasid_attach_ioas	   never called: there is no way to ask for it
 */
#ifndef NVGRACE_GPU_COMPAT_VFIO_H
#define NVGRACE_GPU_COMPAT_VFIO_H

#if !defined(COMPAT_HAS_get_region_info_caps) || \
	!defined(COMPAT_HAS_match_token_uuid) || \
	!defined(COMPAT_HAS_pasid_attach_ioas)
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

struct compat_vfio_device_ops {
	struct vfio_device_ops;
#ifndef COMPAT_HAS_get_region_info_caps
	int (*get_region_info_caps)(struct vfio_device *vdev,
				    struct vfio_region_info *info,
				    struct vfio_info_cap *caps);
#endif
#ifndef COMPAT_HAS_match_token_uuid
	int (*match_token_uuid)(struct vfio_device *vdev, const uuid_t *uuid);
#endif
#ifndef COMPAT_HAS_pasid_attach_ioas
	int (*pasid_attach_ioas)(struct vfio_device *vdev, u32 pasid, u32 *pt);
	void (*pasid_detach_ioas)(struct vfio_device *vdev, u32 pasid);
#endif
};

static_assert(offsetof(struct compat_vfio_device_ops, name) == 0);

static inline struct vfio_device *
compat_vfio_alloc_device(size_t size, struct device *dev,
			 const struct compat_vfio_device_ops *ops)
{
	return _vfio_alloc_device(size, dev, (const struct vfio_device_ops *)ops);
}

#ifndef COMPAT_HAS_match_token_uuid
#define vfio_pci_core_match_token_uuid NULL
#endif

#ifndef COMPAT_HAS_pasid_attach_ioas
#define vfio_iommufd_physical_pasid_attach_ioas NULL
#define vfio_iommufd_physical_pasid_detach_ioas NULL
#endif

#ifndef COMPAT_HAS_get_region_info_caps
/*
 * The kernel's own regions: their facts cannot be had without its answering the
 * user, so the driver's callback ends with this and is not asked for more.
 */
#define COMPAT_REGION_OF_CORE 1

static inline int vfio_pci_ioctl_get_region_info(struct vfio_device *core_vdev,
						 struct vfio_region_info *info,
						 struct vfio_info_cap *caps)
{
	return COMPAT_REGION_OF_CORE;
}

/*
 * Capabilities follow the structure where the user left room for all of them;
 * otherwise argsz says how much room they need.
 */
static inline int compat_put_caps(struct vfio_region_info __user *user,
				  struct vfio_region_info *info,
				  struct vfio_info_cap *caps)
{
	if (!caps->size)
		return 0;

	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	if (info->argsz < sizeof(*info) + caps->size) {
		info->argsz = sizeof(*info) + caps->size;
		info->cap_offset = 0;
		return 0;
	}
	vfio_info_cap_shift(caps, sizeof(*info));
	info->cap_offset = sizeof(*info);
	return copy_to_user(user + 1, caps->buf, caps->size) ? -EFAULT : 0;
}

static inline int compat_get_region_info(struct vfio_device *core_vdev,
					 struct vfio_region_info __user *user)
{
	const struct compat_vfio_device_ops *ops =
		(const struct compat_vfio_device_ops *)core_vdev->ops;
	size_t known = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info = {};
	struct vfio_info_cap caps = {};
	int ret;

	if (copy_from_user(&info, user, known))
		return -EFAULT;
	if (info.argsz < known)
		return -EINVAL;

	ret = ops->get_region_info_caps(core_vdev, &info, &caps);
	if (!ret)
		ret = compat_put_caps(user, &info, &caps);
	if (!ret && copy_to_user(user, &info, known))
		ret = -EFAULT;
	kfree(caps.buf);
	return ret;
}

static inline long compat_vfio_pci_core_ioctl(struct vfio_device *core_vdev,
					      unsigned int cmd,
					      unsigned long arg)
{
	int ret = COMPAT_REGION_OF_CORE;

	if (cmd == VFIO_DEVICE_GET_REGION_INFO)
		ret = compat_get_region_info(core_vdev, (void __user *)arg);
	if (ret == COMPAT_REGION_OF_CORE)
		return vfio_pci_core_ioctl(core_vdev, cmd, arg);
	return ret;
}

#define vfio_pci_core_ioctl compat_vfio_pci_core_ioctl
#endif

#define _vfio_alloc_device compat_vfio_alloc_device
#define vfio_device_ops compat_vfio_device_ops
#endif

#endif
