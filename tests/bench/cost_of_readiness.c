// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the first touch costs: after an open, after a reset; and how long after the
 * device turned ready it comes, by the device's own clock.
 *
 * Environment: GPU0.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <sys/mman.h>
#include <unistd.h>

#include "gpu.h"
#include "row.h"
#include "testblock.h"
#include "touch.h"

#define UNREADY_MS	333
#define LATE_US		20000	/* as much as it may be */

static void touch(const volatile void *at)
{
	uint64_t value;

	must(!touch_read(at, &value), "touch");
}

static void map(struct gpu *gpu, void **at)
{
	*at = gpu_map(gpu, GPU_USEMEM, 0, pmd_size(), PROT_READ | PROT_WRITE);
	must(*at != MAP_FAILED, "mmap");
}

/* The group stays with its container: only the device comes and goes. */
static void open_anew(struct gpu *gpu, void **at)
{
	if (*at)
		munmap(*at, pmd_size());
	close(gpu->device);
	gpu->device = gpu_device_again(gpu);
	must(gpu->device >= 0, "open");
	must(!gpu_command(gpu, PCI_COMMAND_MEMORY, 0), "memory decode");
	map(gpu, at);
}

static void reset(const struct gpu *gpu)
{
	must(!gpu_reset(gpu), "reset");
	must(!gpu_command(gpu, PCI_COMMAND_MEMORY, 0), "memory decode");
}

/* The in-tree driver of 6.12 maps all by mmap(), and nothing again after a reset. */
static int maps_again(const struct gpu *gpu, const volatile void *at)
{
	uint64_t value;

	reset(gpu);
	return !touch_read(at, &value);
}

static int first_touches(struct gpu *gpu)
{
	void *at = NULL;
	int again;

	ROW_OF_INSTRUCTIONS(0, open_anew(gpu, &at), touch(at), "first-touch.open");
	again = maps_again(gpu, at);
	if (again)
		ROW_OF_INSTRUCTIONS(0, reset(gpu), touch(at), "first-touch.reset");
	munmap(at, pmd_size());
	return again;
}

static void ready_to_access(const struct gpu *gpu)
{
	struct row row = row_of("us", LATE_US, "ready-to-first-access");
	uint64_t ready, touched;
	void *at;
	int i;

	at = gpu_map(gpu, GPU_USEMEM, 0, pmd_size(), PROT_READ | PROT_WRITE);
	must(at != MAP_FAILED, "mmap");
	for (i = 0; i < ROUNDS; i++) {
		must(!testblock_reset_unready(gpu, UNREADY_MS), "reset");
		touch(at);
		ready = testblock_read64(gpu, TB_READY_NS);
		touched = testblock_read64(gpu, TB_FIRST_TOUCH_NS);
		must(touched >= ready && !testblock_read(gpu, TB_EARLY), "access before the device is ready");
		row_add(&row, (touched - ready) / 1000);
	}
	row_print(&row);
	munmap(at, pmd_size());
}

int main(void)
{
	struct gpu gpu = GPU_CLOSED;

	must(gpu_bdf(0) != NULL, "GPU0");
	errno = -gpu_open(&gpu, gpu_bdf(0));
	must(!errno, "GPU0");
	if (first_touches(&gpu))
		ready_to_access(&gpu);
	gpu_close(&gpu);
	return 0;
}
