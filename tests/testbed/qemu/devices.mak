# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the emulated Grace host is made of, and nothing else. Every change here
# recompiles most of QEMU.

CONFIG_ARM_VIRT=y
CONFIG_PCIE_PORT=y
CONFIG_XIO3130=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_SCSI=y
CONFIG_VIRTIO_9P=y
CONFIG_FSDEV_9P=y
CONFIG_COHERENT_GPU=y

# The virt machine selects ACPI_CXL, which links only with these.
CONFIG_PXB=y
CONFIG_CXL=y
CONFIG_CXL_MEM_DEVICE=y
