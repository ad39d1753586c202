// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to have the device: probe, open, close, and its small calls.
 *
 * Environment: GPU0 = a GPU with RESMEM, bound to the driver under test.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gpu.h"
#include "row.h"
#include "sysfs.h"

/* Of calls that are short beside the clock's own steps. */
#define MANY 100

static void close_device(struct gpu *gpu)
{
	if (gpu->device >= 0)
		close(gpu->device);
	gpu->device = -1;
}

static void open_device(struct gpu *gpu)
{
	if (gpu->device < 0)
		gpu->device = gpu_device_again(gpu);
	must(gpu->device >= 0, "open");
}

/* The group stays with its container: only the device comes and goes. */
static void open_and_close(struct gpu *gpu)
{
	ROW_OF_INSTRUCTIONS(0, close_device(gpu), open_device(gpu), "open");
	ROW_OF_INSTRUCTIONS(0, open_device(gpu), close_device(gpu), "close");
}

static int many_region_infos(const struct gpu *gpu, unsigned int region)
{
	union {
		struct vfio_region_info info;
		char room[256];
	} u;
	int i, failed = 0;

	for (i = 0; i < MANY; i++) {
		memset(&u.info, 0, sizeof(u.info));
		u.info.argsz = sizeof(u);
		u.info.index = region;
		failed |= ioctl(gpu->device, VFIO_DEVICE_GET_REGION_INFO, &u.info);
	}
	return failed;
}

static void region_info(const struct gpu *gpu, unsigned int region, const char *name)
{
	ROW_OF_INSTRUCTIONS(0, (void)0, must(!many_region_infos(gpu, region), "region info"),
			    "region-info.%s.%d-times", name, MANY);
}

static void read_many_times(const struct gpu *gpu, unsigned int at, uint32_t *value)
{
	int i;

	for (i = 0; i < MANY; i++)
		must(gpu_read(gpu, GPU_CONFIG, at, value, 4) == 4, "config read");
}

static void write_many_times(const struct gpu *gpu, unsigned int at, uint32_t value)
{
	int i;

	for (i = 0; i < MANY; i++)
		must(gpu_write(gpu, GPU_CONFIG, at, &value, 4) == 4, "config write");
}

static void config(const struct gpu *gpu, unsigned int at, const char *name)
{
	uint32_t value;

	ROW_OF_INSTRUCTIONS(0, (void)0, read_many_times(gpu, at, &value),
			    "config-read.%s.%d-times", name, MANY);
	ROW_OF_INSTRUCTIONS(0, (void)0, write_many_times(gpu, at, value),
			    "config-write.%s.%d-times", name, MANY);
}

static void give_to_driver(const char *bdf)
{
	if (!driver_is_bound(bdf))
		must(!driver_bind(bdf), "bind");
}

static void probe_and_remove(const char *bdf)
{
	ROW_OF_INSTRUCTIONS(0, driver_unbind(bdf), give_to_driver(bdf), "probe");
	ROW_OF_INSTRUCTIONS(0, give_to_driver(bdf), driver_unbind(bdf), "remove");
	give_to_driver(bdf);
}

int main(void)
{
	struct gpu gpu = GPU_CLOSED;

	must(gpu_bdf(0) != NULL, "GPU0");
	probe_and_remove(gpu_bdf(0));
	errno = -gpu_open(&gpu, gpu_bdf(0));
	must(!errno, "GPU0");
	region_info(&gpu, GPU_USEMEM, "usemem");
	region_info(&gpu, GPU_RESMEM, "resmem");
	region_info(&gpu, VFIO_PCI_BAR0_REGION_INDEX, "bar0");
	config(&gpu, PCI_VENDOR_ID, "ids");
	config(&gpu, PCI_BASE_ADDRESS_4, "usemem-bar");
	open_and_close(&gpu);
	gpu_close(&gpu);
	return 0;
}
