// SPDX-License-Identifier: GPL-2.0-only
/* What the host can do: CPUs, KVM, IOMMU, VFIO; and what firmware says of GPUs. */

#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "check.h"
#include "firmware.h"
#include "system.h"
#include "text.h"

/* Linux 6.17, include/uapi/linux/kvm.h */
#define KVM_CAP_CACHEABLE_PFNMAP	243

#define CTR_EL0_DIC	(1ul << 29)	/* Arm ARM, CTR_EL0 */

#define FWB_IN_LOG	"Stage-2 Force Write-Back"
#define NEEDS_GRACE	"use a host whose CPUs have it, as those of Grace do"

static void check_architecture(struct subject *host)
{
	struct utsname name;
	char *value;

	uname(&name);
	value = text_of("%s, Linux %s", name.machine, name.release);
	if (strcmp(name.machine, "aarch64"))
		fact_add(host, LEVEL_FAIL, "system", value, "GPUs of this kind are on arm64 hosts only",
			 "run this on a Grace host");
	else
		fact_add(host, LEVEL_INFO, "system", value, NULL, NULL);
	free(value);
	value = text_of("%ld KiB", sysconf(_SC_PAGESIZE) / 1024);
	fact_add(host, LEVEL_INFO, "page_size", value, NULL, NULL);
	fact_number(host, "bytes", sysconf(_SC_PAGESIZE));
	free(value);
}

/* The kernel answers for all CPUs when they differ. */
static enum answer cpu_has_dic(void)
{
#ifdef __aarch64__
	unsigned long ctr;

	asm("mrs %0, ctr_el0" : "=r" (ctr));
	return ctr & CTR_EL0_DIC ? YES : NO;
#else
	return UNKNOWN;
#endif
}

/*
 * User space cannot read ID_AA64MMFR2_EL1.FWB; the kernel says at boot what it found, and
 * KVM's capability implies it.
 */
static void check_fwb(struct subject *host, enum answer capability)
{
	enum log_answer found = capability == YES ? LOG_YES : kernel_log_has(FWB_IN_LOG);

	if (found == LOG_YES)
		fact_add(host, LEVEL_OK, "fwb", "yes", NULL, NULL);
	else if (found == LOG_NO)
		fact_add(host, LEVEL_FAIL, "fwb", "no",
			 "FEAT_S2FWB is missing: KVM could only map GPU memory uncached, and the driver refuses that",
			 NEEDS_GRACE);
	else if (found == LOG_WRAPPED)
		fact_add(host, LEVEL_UNKNOWN, "fwb", "unknown",
			 "the kernel's log no longer reaches back to the boot",
			 "look for \"" FWB_IN_LOG "\" in journalctl -k -b");
	else
		fact_add(host, LEVEL_UNKNOWN, "fwb", "unknown",
			 "only the kernel's log says so, and it cannot be read", "run this as root");
}

static void check_dic(struct subject *host)
{
	enum answer dic = cpu_has_dic();

	if (dic == NO)
		fact_add(host, LEVEL_FAIL, "dic", "no",
			 "CTR_EL0.DIC is missing: KVM cannot maintain instruction caches for GPU memory",
			 NEEDS_GRACE);
	else
		fact_add(host, dic == YES ? LEVEL_OK : LEVEL_UNKNOWN, "dic",
			 dic == YES ? "yes" : "unknown", NULL, NULL);
}

/* On a VM's file descriptor: that is where the answer counts. */
static enum answer kvm_capability(int kvm)
{
	int vm, answer;

	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		return UNKNOWN;
	answer = ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_CACHEABLE_PFNMAP);
	close(vm);
	return answer > 0 ? YES : NO;
}

static bool kernel_before(unsigned int major, unsigned int minor)
{
	unsigned int a = 0, b = 0;
	struct utsname name;

	uname(&name);
	sscanf(name.release, "%u.%u", &a, &b);
	return a < major || (a == major && b < minor);
}

static void check_kvm_mode(struct subject *host)
{
	if (kernel_argument("kvm-arm.mode=protected"))
		fact_add(host, LEVEL_FAIL, "kvm_mode", "protected",
			 "protected KVM of newer kernels cannot map GPU memory; the driver refuses it on all",
			 "boot without kvm-arm.mode=protected");
	else
		fact_add(host, LEVEL_OK, "kvm_mode",
			 kernel_argument("kvm-arm.mode=nvhe") ? "nvhe" : "default", NULL, NULL);
}

/* A capability that is 0 has its reason in the CPU, the mode, or the kernel's age. */
static void check_capability(struct subject *host, enum answer capability)
{
	if (capability == YES)
		fact_add(host, LEVEL_OK, "capability_243", "1", NULL, NULL);
	else if (capability == UNKNOWN)
		fact_add(host, LEVEL_UNKNOWN, "capability_243", "unknown", NULL, NULL);
	else if (kernel_before(6, 17))
		fact_add(host, LEVEL_FAIL, "capability_243", "0",
			 "this kernel's KVM does not offer to map GPU memory cacheable; stock kernels before 6.17 cannot",
			 "boot Linux 6.17 or newer, or 6.12 with the series of the package linux-patch-nvgrace-gpu (patches/linux-6.12)");
	else
		fact_add(host, LEVEL_FAIL, "capability_243", "0",
			 "KVM will not map GPU memory cacheable on this host",
			 "see fwb, dic and kvm_mode above");
}

static void check_kvm(struct subject *host)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	enum answer capability = kvm < 0 ? UNKNOWN : kvm_capability(kvm);

	check_fwb(host, capability);
	check_dic(host);
	if (kvm >= 0) {
		fact_add(host, LEVEL_OK, "kvm", "yes", NULL, NULL);
		close(kvm);
	} else if (file_exists("/dev/kvm")) {
		fact_add(host, LEVEL_UNKNOWN, "kvm", "unknown", "/dev/kvm cannot be opened",
			 "run this as root, or as a user who may start guests");
	} else {
		fact_add(host, LEVEL_FAIL, "kvm", "no", "there is no /dev/kvm",
			 "the kernel must be booted at EL2 and have CONFIG_KVM; see \"kvm\" in its log");
	}
	check_kvm_mode(host);
	check_capability(host, capability);
}

/*
 * Poison gets to the driver by two parts of the kernel, both mainline's since 7.0. The
 * series for 6.12 has them in two patches, of which somebody may have taken one.
 */
static void check_poison(struct subject *host)
{
	static const char next[] = "boot Linux 7.0 or newer, or 6.12 with all of patches/linux-6.12/memory-failure";
	enum answer told = kernel_function("register_pfn_address_space");

	if (told == UNKNOWN)
		fact_add(host, LEVEL_UNKNOWN, "poison", "unknown",
			 "this kernel does not list its functions", NULL);
	else if (told == NO)
		fact_add(host, LEVEL_WARN, "poison", "unnoticed",
			 "this kernel tells no driver of memory errors that a GPU's memory has", next);
	else if (kernel_before(7, 0) && kernel_function("ghes_pfn_failure_work") == NO)
		fact_add(host, LEVEL_WARN, "poison", "dropped",
			 "this kernel can tell drivers of memory errors, but may drop what firmware reports of a GPU's memory: it has half of the series",
			 next);
	else
		fact_add(host, LEVEL_OK, "poison", "reported", NULL, NULL);
}

static void check_iommu(struct subject *host)
{
	static const char *const values[] = {
		[SMMU_UNREADABLE] = "unknown",
		[SMMU_NONE] = "none",
		[SMMU_COHERENT] = "coherent",
		[SMMU_BY_REGISTER] = "by register",
	};
	enum smmu_coherency coherency = firmware_smmu_coherency();

	if (coherency == SMMU_NONE)
		fact_add(host, LEVEL_FAIL, "smmu", values[coherency],
			 "firmware's IORT names no SMMUv3: GPUs cannot be isolated",
			 "enable the SMMU in the firmware's setup");
	else if (coherency == SMMU_UNREADABLE)
		fact_add(host, LEVEL_UNKNOWN, "smmu", values[coherency], "ACPI tables cannot be read",
			 "run this as root");
	else if (coherency == SMMU_BY_REGISTER)
		fact_add(host, LEVEL_LATER, "smmu", values[coherency],
			 "whether DMA is coherent is up to the SMMU's IDR0.COHACC; VFIO does not bind a GPU if not",
			 NULL);
	else
		fact_add(host, LEVEL_OK, "smmu", values[coherency], NULL, NULL);
}

static void check_vfio(struct subject *host)
{
	bool iommufd = file_exists("/dev/iommu"), type1 = file_exists("/dev/vfio/vfio");
	char *value = text_of("%s%s%s", type1 ? "type1" : "", type1 && iommufd ? ", " : "",
			      iommufd ? "iommufd" : "");

	if (type1 || iommufd)
		fact_add(host, LEVEL_OK, "vfio", value, NULL, NULL);
	else
		fact_add(host, LEVEL_LATER, "vfio", "not loaded",
			 "neither /dev/vfio/vfio nor /dev/iommu is there yet",
			 "modprobe vfio-pci; binding a GPU loads it too");
	free(value);
}

static void check_properties(struct subject *host, unsigned int gpus)
{
	int described = firmware_property_count(MEMORY_PROPERTY);
	char *value;

	if (described < 0) {
		fact_add(host, LEVEL_UNKNOWN, "firmware", "unknown", "ACPI tables cannot be read",
			 "run this as root");
		return;
	}
	value = text_of("memory of %d GPU%s", described, described == 1 ? "" : "s");
	if (gpus && !described)
		fact_add(host, LEVEL_FAIL, "firmware", value,
			 "no device has the property " MEMORY_PROPERTY ": GPUs would be passed through without their memory",
			 "update the firmware; check that the link between CPU and GPU is enabled");
	else if ((unsigned int)described < gpus)
		fact_add(host, LEVEL_WARN, "firmware", value,
			 "that is fewer than there are GPUs; see mode of each, once bound", NULL);
	else
		fact_add(host, LEVEL_OK, "firmware", value, NULL, NULL);
	fact_number(host, "gpus", described);
	free(value);
}

void check_host(struct report *report, unsigned int gpus)
{
	struct subject *host = report_add(report, "host", "Host");
	char *value;

	check_architecture(host);
	check_kvm(host);
	check_poison(host);
	check_iommu(host);
	check_vfio(host);
	check_modules(host);
	check_properties(host, gpus);
	value = text_of("%u", gpus);
	if (gpus)
		fact_add(host, LEVEL_OK, "gpus", value, NULL, NULL);
	else
		fact_add(host, LEVEL_FAIL, "gpus", value,
			 "no NVIDIA GPU is on the PCI bus, or none at the addresses given",
			 "see lspci -nn -d 10de:; a GPU that is missing may need a power cycle");
	fact_number(host, "count", gpus);
	free(value);
}
