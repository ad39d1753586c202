// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the platform says: firmware properties, DVSECs, CPU features.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Invariants: a device whose firmware describes GPU memory either gets exactly
 * that memory or fails to probe (fail closed); a device without a description
 * is plain. The memory is claimed in the iomem tree for as long as the device
 * is bound, so neither System RAM nor another driver can own a byte of it.
 */

#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/property.h>

#include "nvgrace_gpu.h"
#include "trace.h"

#define PROP_BASE	"nvidia,gpu-mem-base-pa"
#define PROP_SIZE	"nvidia,gpu-mem-size"

/* NVIDIA DVSEC that describes MIG; vendor ABI. */
#define NVIDIA_DVSEC_ID		3
#define NVIDIA_DVSEC_STATUS	0xa
#define NVIDIA_DVSEC_MIG_FIXED	BIT(0)

#define MIB(bytes)	((unsigned long long)(bytes) >> 20)

static const char * const verdict_names[] = {
	[COHERENT_PFNMAP_OK] = "ok",
	[COHERENT_PFNMAP_NO_KVM_SUPPORT] = "no-kvm-support",
	[COHERENT_PFNMAP_PROTECTED_KVM] = "protected-kvm",
	[COHERENT_PFNMAP_NO_FWB] = "no-fwb",
	[COHERENT_PFNMAP_NO_DIC] = "no-dic",
};

/* Each sentence is explained in the admin guide, "Refused". */
static const char * const refusals[] = {
	[COHERENT_PFNMAP_NO_KVM_SUPPORT] =
		"this kernel's KVM would map GPU memory uncached; boot Linux 6.17 or newer, or 6.12 with the series in patches/linux-6.12",
	[COHERENT_PFNMAP_PROTECTED_KVM] =
		"protected KVM cannot map GPU memory; boot without kvm-arm.mode=protected",
	[COHERENT_PFNMAP_NO_FWB] =
		"this CPU lacks FEAT_S2FWB, KVM could only map GPU memory uncached; use a host that has it",
	[COHERENT_PFNMAP_NO_DIC] =
		"this CPU lacks CTR_EL0.DIC, KVM cannot maintain instruction caches for GPU memory; use a host that has it",
};

/**
 * nvgrace_gpu_verdict_name() - a verdict as sysfs shows it
 * @verdict: any verdict
 *
 * Return: one static word.
 */
const char *nvgrace_gpu_verdict_name(enum coherent_pfnmap_verdict verdict)
{
	return verdict_names[verdict];
}

/**
 * nvgrace_gpu_check_verdict() - may the device be opened on this host
 * @gpu: a coherent device
 *
 * Does not depend on a KVM being attached: KVM reads only the VMA and can be
 * given it at any later time.
 *
 * Return: 0, or -EOPNOTSUPP after one log line with the reason.
 */
int nvgrace_gpu_check_verdict(struct nvgrace_gpu *gpu)
{
	trace_nvgrace_gpu_open(gpu, nvgrace_gpu_verdict_name(gpu->verdict));
	if (gpu->verdict == COHERENT_PFNMAP_OK)
		return 0;

	dev_err_ratelimited(&gpu->core.pdev->dev, "open refused: %s\n",
			    refusals[gpu->verdict]);
	return -EOPNOTSUPP;
}

static bool mig_bug_present(struct pci_dev *pdev)
{
	u16 pos, status;

	pos = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_NVIDIA,
					NVIDIA_DVSEC_ID);
	if (!pos)
		return true;

	/* An unreadable register must not turn the reserved part off. */
	if (pci_read_config_word(pdev, pos + NVIDIA_DVSEC_STATUS, &status) ||
	    PCI_POSSIBLE_ERROR(status))
		return true;

	return !(status & NVIDIA_DVSEC_MIG_FIXED);
}

/* First address beyond what every CPU and this kernel can use, bytes. */
static u64 phys_limit(void)
{
	u64 mmfr0 = read_sanitised_ftr_reg(SYS_ID_AA64MMFR0_EL1);
	int parange = cpuid_feature_extract_unsigned_field(mmfr0,
					ID_AA64MMFR0_EL1_PARANGE_SHIFT);

	return min_t(u64, BIT_ULL(id_aa64mmfr0_parange_to_phys_shift(parange)),
		     (u64)PHYS_MASK + 1);
}

static int read_property(struct pci_dev *pdev, const char *name, u64 *value)
{
	int ret = device_property_read_u64(&pdev->dev, name, value);

	if (ret)
		pci_err(pdev, "firmware property %s is missing or not a number (%d); fix the firmware\n",
			name, ret);
	return ret ? -EINVAL : 0;
}

static int read_firmware(struct pci_dev *pdev, struct nvgrace_gpu_firmware *fw)
{
	int ret;

	ret = read_property(pdev, PROP_BASE, &fw->base);
	if (ret)
		return ret;
	ret = read_property(pdev, PROP_SIZE, &fw->size);
	if (ret)
		return ret;

	fw->mig_bug = mig_bug_present(pdev);
	fw->page_size = PAGE_SIZE;
	fw->phys_limit = phys_limit();
	return 0;
}

/* The first piece of RAM in the range ends the walk. */
static int take_ram(struct resource *ram, void *found)
{
	*(struct resource *)found = *ram;
	return 1;
}

static bool find_ram(u64 base, u64 size, struct resource *found)
{
	return walk_iomem_res_desc(IORES_DESC_NONE, IORESOURCE_SYSTEM_RAM, base,
				   base + size - 1, found, take_ram) == 1;
}

/* RAM that a driver has added is a GPU's that the host uses; other RAM is firmware's mistake. */
static void report_ram(struct pci_dev *pdev, u64 base, u64 size, const struct resource *ram)
{
	struct page *page = pfn_to_online_page(PHYS_PFN(ram->start));

	if (!(ram->flags & IORESOURCE_SYSRAM_DRIVER_MANAGED))
		pci_err(pdev, "GPU memory [%#llx-%#llx] overlaps System RAM; fix the firmware\n",
			base, base + size - 1);
	else if (page)
		pci_err(pdev, "GPU memory [%#llx-%#llx] is RAM of the host (node %d): a driver has added it, see /proc/iomem; have that driver take it away, or reboot without that driver\n",
			base, base + size - 1, page_to_nid(page));
	else
		pci_err(pdev, "GPU memory [%#llx-%#llx] is RAM of the host, offline: a driver has added it, see /proc/iomem; have that driver take it away, or reboot without that driver\n",
			base, base + size - 1);
}

static int claim_memory(struct nvgrace_gpu *gpu, u64 base, u64 size)
{
	struct pci_dev *pdev = gpu->core.pdev;
	struct resource ram;

	if (find_ram(base, size, &ram)) {
		report_ram(pdev, base, size, &ram);
		return -EBUSY;
	}
	if (request_mem_region(base, size, pci_name(pdev)))
		return 0;
	/* Nobody is there: no memory to enter it in the tree. */
	if (region_intersects(base, size, IORESOURCE_MEM, IORES_DESC_NONE) == REGION_DISJOINT)
		return -ENOMEM;
	pci_err(pdev, "GPU memory [%#llx-%#llx] is another driver's or device's, see /proc/iomem; unbind that driver, or fix the firmware\n",
		base, base + size - 1);
	return -EBUSY;
}

static void log_layout(struct nvgrace_gpu *gpu)
{
	const struct nvgrace_gpu_region *use = &gpu->layout.usemem;
	const struct nvgrace_gpu_region *res = &gpu->layout.resmem;
	char resmem[96] = "no RESMEM";

	if (res->size)
		snprintf(resmem, sizeof(resmem),
			 "RESMEM [%#llx-%#llx] %llu MiB in BAR2 of %llu MiB",
			 res->base, res->base + res->size - 1,
			 MIB(res->size), MIB(res->bar_size));

	pci_info(gpu->core.pdev,
		 "coherent: USEMEM [%#llx-%#llx] %llu MiB in BAR4 of %llu MiB, %s, readiness by %s, platform %s\n",
		 use->base, use->base + use->size - 1,
		 MIB(use->size), MIB(use->bar_size), resmem,
		 nvgrace_gpu_readiness_name(gpu), nvgrace_gpu_verdict_name(gpu->verdict));
}

/**
 * nvgrace_gpu_platform_describes_memory() - coherent or plain
 * @pdev: device being probed
 *
 * A description that is there but wrong counts: it must fail the probe, not
 * silently make the device plain.
 *
 * Return: true if firmware describes GPU memory; false after a warning.
 */
bool nvgrace_gpu_platform_describes_memory(struct pci_dev *pdev)
{
	if (device_property_present(&pdev->dev, PROP_BASE) ||
	    device_property_present(&pdev->dev, PROP_SIZE))
		return true;

	pci_warn(pdev, "plain: firmware does not describe GPU memory (%s), the device is passed through without it\n",
		 PROP_BASE);
	return false;
}

/**
 * nvgrace_gpu_platform_init() - read and check the description
 * @gpu: coherent device being probed
 *
 * On success the memory is claimed until nvgrace_gpu_platform_release().
 *
 * Return: 0; an error, after one log line, when the memory cannot be used as
 * described: -EINVAL, -ENODEV, -EOVERFLOW, -ERANGE as in
 * nvgrace_gpu_layout_init(), -ENODEV when nothing tells that it is ready, -EBUSY
 * when something else owns it. Or -ENOMEM.
 */
int nvgrace_gpu_platform_init(struct nvgrace_gpu *gpu)
{
	struct pci_dev *pdev = gpu->core.pdev;
	struct nvgrace_gpu_firmware fw;
	const char *why;
	int ret;

	ret = read_firmware(pdev, &fw);
	if (ret)
		return ret;

	ret = nvgrace_gpu_layout_init(&gpu->layout, &fw, &why);
	if (ret) {
		pci_err(pdev, "firmware gives GPU memory base %#llx size %#llx: %s\n",
			fw.base, fw.size, why);
		return ret;
	}

	ret = nvgrace_gpu_ready_init(gpu);
	if (ret)
		return ret;

	ret = claim_memory(gpu, fw.base, fw.size);
	if (ret)
		return ret;

	gpu->verdict = coherent_pfnmap_verdict();
	log_layout(gpu);
	return 0;
}

/**
 * nvgrace_gpu_platform_release() - give back what probe claimed
 * @gpu: device
 */
void nvgrace_gpu_platform_release(struct nvgrace_gpu *gpu)
{
	if (gpu->coherent)
		release_mem_region(gpu->layout.usemem.base,
				   nvgrace_gpu_memory_size(gpu));
}
