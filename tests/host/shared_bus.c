// SPDX-License-Identifier: GPL-2.0-only
/*
 * GPUs below one switch with a device of somebody else's, when the switch reports an
 * error that leaves every link alone.
 *
 * The neighbour's driver may ask for a reset all the same: since Linux 6.18 the bus is
 * reset then, and the PCI core calls none of the callbacks of a reset. Nothing may touch
 * a GPU's memory between that reset and its being ready, and, as nobody writes the GPU's
 * configuration back, accesses fail until the device is opened anew.
 *
 * The neighbour may also have no driver, and recovery fail because of that, or a GPU may
 * be of a kind whose bus Linux does not reset. Its memory goes on working.
 *
 * The switch separates nothing (ACS): all are one IOMMU group.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "kmsg.h"
#include "recovery.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define GPUS		2
#define MAP_LEN		MIB(8)
#define VALUE		0x3c6ef372fe94f82bull
#define USEMEM_BAR_HIGH	PCI_BASE_ADDRESS_5
#define BAR_HIGH	0x12u
#define READY_DELAY_MS	700
#define AT_ONCE_MS	5000
/* Recoverable: the link goes on working. */
#define HARMLESS	PCI_ERR_UNC_COMP_TIME

struct holder {
	struct gpu gpu;
	volatile uint64_t *map;
};

FIXTURE(shared_bus) {
	const char *neighbour;
	struct holder holder[GPUS];
	struct kmsg log;
	struct worker worker;
	struct toucher toucher;
	bool reset;			/* the bus is going to be */
};

FIXTURE_VARIANT(shared_bus) {
	const char *driver;		/* the neighbour's */
};

FIXTURE_VARIANT_ADD(shared_bus, neighbour_wants_a_reset)
{
	.driver = "pci_voter",
};

FIXTURE_VARIANT_ADD(shared_bus, neighbour_has_no_driver)
{
	.driver = NULL,
};

/* None, if @driver is NULL. */
static int give_to_driver(const char *bdf, const char *driver)
{
	char path[80];
	int ret;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind", bdf);
	ret = file_write(path, bdf);
	if (ret && ret != -ENOENT)
		return ret;
	ret = pci_attribute_write(bdf, "driver_override", driver ? driver : "none");
	return ret ? ret : file_write("/sys/bus/pci/drivers_probe", bdf);
}

static bool all_can_be_reset(const FIXTURE_DATA(shared_bus) *self)
{
	unsigned int i;

	for (i = 0; i < GPUS; i++)
		if (gpu_is_hopper(&self->holder[i].gpu))
			return false;
	return true;
}

static int move_in(struct holder *holder, unsigned int nr, const struct gpu *beside)
{
	int ret = gpu_open_beside(&holder->gpu, gpu_bdf(nr), beside);
	uint32_t bar = BAR_HIGH;

	if (ret)
		return ret;
	if (gpu_write(&holder->gpu, GPU_CONFIG, USEMEM_BAR_HIGH, &bar, 4) != 4)
		return -EIO;
	holder->map = gpu_map(&holder->gpu, GPU_USEMEM, 0, MAP_LEN, PROT_READ | PROT_WRITE);
	if (holder->map == MAP_FAILED)
		return -errno;
	return touch_write(holder->map, VALUE + nr);
}

/* A mapping keeps the device open. */
static void move_out(struct holder *holder)
{
	if (holder->map)
		munmap((void *)holder->map, MAP_LEN);
	holder->map = NULL;
	gpu_close(&holder->gpu);
}

FIXTURE_SETUP(shared_bus)
{
	unsigned int i;

	self->neighbour = getenv("NEIGHBOUR");
	ASSERT_NE(NULL, self->neighbour);
	ASSERT_EQ(0, give_to_driver(self->neighbour, variant->driver));
	for (i = 0; i < GPUS; i++) {
		self->holder[i].gpu = GPU_CLOSED;
		ASSERT_EQ(0, move_in(&self->holder[i], i, i ? &self->holder[0].gpu : NULL));
		ASSERT_EQ(0, testblock_write(&self->holder[i].gpu, TB_READY_DELAY_MS,
					     READY_DELAY_MS));
	}
	self->toucher.at = self->holder[0].map;
	self->reset = recovery_is_new() && variant->driver && all_can_be_reset(self);
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(shared_bus)
{
	unsigned int i;

	for (i = 0; i < GPUS; i++)
		move_out(&self->holder[i]);
	give_to_driver(self->neighbour, NULL);
	kmsg_close(&self->log);
}

static int open_anew(struct holder *holder, unsigned int nr)
{
	int ret = gpu_open_raw(&holder->gpu, gpu_bdf(nr));

	return ret ? ret : gpu_command(&holder->gpu, PCI_COMMAND_MEMORY, 0);
}

static bool has_bar(const struct holder *holder, uint32_t right)
{
	uint32_t bar;

	return gpu_read(&holder->gpu, GPU_CONFIG, USEMEM_BAR_HIGH, &bar, 4) == 4 && bar == right;
}

static bool has_its_memory(const struct holder *holder, uint64_t right)
{
	uint64_t mapped, read;

	return has_bar(holder, BAR_HIGH) &&
	       !touch_read(holder->map, &mapped) && mapped == right &&
	       gpu_read(&holder->gpu, GPU_USEMEM, 0, &read, 8) == 8 && read == right;
}

static bool has_lost_its_memory(const struct holder *holder)
{
	uint64_t value;

	return has_bar(holder, 0) && touch_read(holder->map, &value) == -EFAULT &&
	       gpu_read(&holder->gpu, GPU_USEMEM, 0, &value, 8) == -EIO;
}

TEST_F(shared_bus, harmless_error_takes_the_memory_only_with_a_reset)
{
	unsigned int i;

	ASSERT_EQ(0, worker_start(&self->worker, touch_until_stopped, &self->toucher));
	ASSERT_EQ(0, testblock_write(&self->holder[0].gpu, TB_AER_ABOVE, HARMLESS));
	EXPECT_NE(-ETIMEDOUT, recovery_wait(&self->log));
	if (!self->reset)
		self->toucher.stop = true;
	EXPECT_EQ(self->reset ? -EFAULT : 0, worker_wait(&self->worker, AT_ONCE_MS));

	for (i = 0; i < GPUS; i++) {
		if (self->reset) {
			EXPECT_TRUE(has_lost_its_memory(&self->holder[i]));
		} else {
			EXPECT_TRUE(has_its_memory(&self->holder[i], VALUE + i));
		}
		EXPECT_EQ(0, kmsg_count(&self->log, KMSG_WARN, self->holder[i].gpu.bdf,
					"recovery from a PCI error failed"));
	}
}

TEST_F(shared_bus, nothing_touches_unready_memory)
{
	unsigned int i;

	ASSERT_EQ(0, worker_start(&self->worker, touch_until_stopped, &self->toucher));
	ASSERT_EQ(0, testblock_write(&self->holder[0].gpu, TB_AER_ABOVE, HARMLESS));
	EXPECT_NE(-ETIMEDOUT, recovery_wait(&self->log));
	sleep_ms(2 * READY_DELAY_MS);
	self->toucher.stop = true;
	worker_wait(&self->worker, AT_ONCE_MS);

	for (i = 0; i < GPUS; i++)
		move_out(&self->holder[i]);
	for (i = 0; i < GPUS; i++) {
		ASSERT_EQ(0, open_anew(&self->holder[i], i));
		EXPECT_EQ(0, testblock_read(&self->holder[i].gpu, TB_EARLY));
		EXPECT_EQ(0, testblock_rest(&self->holder[i].gpu));
		gpu_close(&self->holder[i].gpu);
	}
}

TEST_HARNESS_MAIN
