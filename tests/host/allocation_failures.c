// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory runs out: every allocation that the kernel makes for a user of the GPU
 * fails once, each alone (lib/failnth.h). The call then fails with an error that
 * says so, or does without; nothing stays half done, and whoever comes next finds
 * the GPU as if nothing had happened.
 *
 * Splats and leaks are for the kernel to find: this wants one with its checks on.
 * Each sweep must have met at least as many allocations as are known to be there,
 * less than was measured, since kernels differ.
 *
 * See allocation_failures_bind.c for bind and unbind.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "kselftest_harness.h"

#include "aftermath.h"
#include "failnth.h"
#include "gpu.h"
#include "poison.h"
#include "scrub.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"

#define WINDOW		MIB(16)		/* the driver's view moves by it */
#define IOVA		GIB(4)

FIXTURE(allocation_failures) {
	const char *bdf;
	struct gpu gpu;
	struct sweep sweep;
	struct footprint before;
	int fd;			/* whatever a test calls on */
	void *map;
	size_t len;
	uint64_t at;
};

FIXTURE_VARIANT(allocation_failures) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(allocation_failures);

typedef FIXTURE_DATA(allocation_failures) fixture;

FIXTURE_SETUP(allocation_failures)
{
	self->gpu = GPU_CLOSED;
	self->fd = -1;
	SETUP_BDF(self->bdf, variant->gpu);
	/* What is allocated once and kept is no leak. */
	ASSERT_EQ(0, next_user(self->bdf));
	ASSERT_EQ(0, sweep_begin(&self->sweep));
}

FIXTURE_TEARDOWN(allocation_failures)
{
	sweep_end(&self->sweep);
	if (self->fd >= 0)
		close(self->fd);
	gpu_close(&self->gpu);
	footprint_free(&self->before);
	poison_clear(self->bdf);
	scrub_set_policy(self->bdf, "off");
}

/* The sweep is through, and the next user has what he wants. */
#define EXPECT_SWEPT_AND_WELL(failures, refusals) do {			\
	EXPECT_SWEPT(&self->sweep, failures, refusals);			\
	gpu_close(&self->gpu);						\
	EXPECT_EQ(0, next_user(self->bdf));				\
} while (0)

/* What allocates nothing cannot fail for want of memory. */
#define EXPECT_NO_ALLOCATION(call) do {					\
	EXPECT_FALSE(sweep_step(&self->sweep, call, self));		\
	EXPECT_SWEPT_AND_WELL(0, 0);					\
} while (0)

/* The group and its container stay open; the device is opened and closed. */
static int open_device(void *arg)
{
	fixture *self = arg;

	self->gpu.device = gpu_device_again(&self->gpu);
	return self->gpu.device < 0 ? self->gpu.device : 0;
}

static int close_device(void *arg)
{
	fixture *self = arg;
	int fd = self->gpu.device;

	self->gpu.device = -1;
	return close(fd) ? -errno : 0;
}

/*
 * The PCI core knows one reason only why a BAR cannot be claimed: somebody else has it.
 * VFIO core claims one here, BAR0, for which an object may fail, and a slab for it.
 */
TEST_F_TIMEOUT(allocation_failures, open_survives_any, 600)
{
	unsigned int claims = 0;

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_EQ(0, close_device(self));
	footprint_take(&self->before);
	SWEEP(open_device) {
		if (self->sweep.result == -EBUSY)
			claims++;
		else
			EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
		if (self->gpu.device >= 0)
			ASSERT_EQ(0, close_device(self));
	}
	EXPECT_LE(claims, 3);
	ASSERT_EQ(0, close_device(self));
	EXPECT_TRUE(footprint_is_back(&self->before));
	EXPECT_SWEPT_AND_WELL(20, 6);
}

TEST_F_TIMEOUT(allocation_failures, close_needs_no_memory, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_NO_ALLOCATION(close_device);
}

static int ask_for_device(void *arg)
{
	const fixture *self = arg;
	struct vfio_device_info info = { .argsz = sizeof(info) };

	return ioctl(self->gpu.device, VFIO_DEVICE_GET_INFO, &info) ? -errno : 0;
}

static int ask_for_regions(void *arg)
{
	const fixture *self = arg;
	char room[1024];
	struct vfio_region_info *info = (void *)room;
	unsigned int i;

	for (i = 0; i <= GPU_CONFIG; i++) {
		memset(room, 0, sizeof(room));
		info->argsz = sizeof(room);
		info->index = i;
		if (ioctl(self->gpu.device, VFIO_DEVICE_GET_REGION_INFO, info))
			return -errno;
	}
	return 0;
}

static int ask_for_reset_group(void *arg)
{
	const fixture *self = arg;
	char room[1024] = "";
	struct vfio_pci_hot_reset_info *info = (void *)room;

	info->argsz = sizeof(room);
	return ioctl(self->gpu.device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info) ?
	       -errno : 0;
}

static int low_power(void *arg)
{
	const fixture *self = arg;
	int ret = gpu_feature(&self->gpu, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);

	return ret ? ret : gpu_feature(&self->gpu, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT);
}

static int arm_interrupt(void *arg)
{
	fixture *self = arg;

	self->fd = gpu_eventfd(&self->gpu, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1);
	return self->fd < 0 ? self->fd : 0;
}

static int disarm_interrupts(const fixture *self)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = VFIO_PCI_MSIX_IRQ_INDEX,
	};

	return ioctl(self->gpu.device, VFIO_DEVICE_SET_IRQS, &set) ? -errno : 0;
}

TEST_F_TIMEOUT(allocation_failures, device_info_needs_no_memory, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_NO_ALLOCATION(ask_for_device);
}

TEST_F_TIMEOUT(allocation_failures, region_info_survives_any, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	SWEEP(ask_for_regions)
		EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
	EXPECT_SWEPT_AND_WELL(2, 2);
}

TEST_F_TIMEOUT(allocation_failures, hot_reset_info_survives_any, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	SWEEP(ask_for_reset_group)
		EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
	EXPECT_SWEPT_AND_WELL(1, 1);
}

TEST_F_TIMEOUT(allocation_failures, low_power_survives_any, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	/* Only a kernel's own checks may allocate here. */
	SWEEP(low_power)
		EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
	EXPECT_SWEPT_AND_WELL(0, 0);
}

TEST_F_TIMEOUT(allocation_failures, interrupt_setup_survives_any, 120)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	/* The IRQ core warns when it removes a file that it could not make. */
	ASSERT_EQ(0, sweep_spare("register_irq_proc"));
	SWEEP(arm_interrupt) {
		/* What the PCI core makes of it: no vectors. */
		if (self->sweep.result != -ENOSPC)
			EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
		if (self->fd >= 0) {
			ASSERT_EQ(0, disarm_interrupts(self));
			close(self->fd);
			self->fd = -1;
		}
	}
	EXPECT_SWEPT_AND_WELL(20, 5);
}

static int map(void *arg)
{
	fixture *self = arg;

	self->map = gpu_map_fixed(&self->gpu, GPU_USEMEM, self->at, self->len,
				  PROT_READ | PROT_WRITE, NULL);
	return self->map == MAP_FAILED ? -errno : 0;
}

TEST_F_TIMEOUT(allocation_failures, mmap_survives_any, 60)
{
	uint64_t value;

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	self->len = MIB(4);
	SWEEP(map) {
		EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
		if (self->map == MAP_FAILED)
			continue;
		EXPECT_EQ(0, touch_read(self->map, &value));
		munmap(self->map, self->len);
	}
	munmap(self->map, self->len);
	EXPECT_SWEPT_AND_WELL(2, 1);
}

/* Untouched, in a gibibyte of addresses where nothing is: it needs all page tables. */
static bool map_afresh(fixture *self)
{
	char *base = reserve_aligned(GIB(1), GIB(1));

	if (base == MAP_FAILED)
		return false;
	munmap(base, GIB(1));
	self->map = gpu_map_fixed(&self->gpu, GPU_USEMEM, self->at, self->len,
				  PROT_READ | PROT_WRITE, base + self->at);
	return self->map != MAP_FAILED;
}

static int touch_map(void *arg)
{
	const fixture *self = arg;

	return touch_write(self->map, 1);
}

/* The kernel repeats a fault that found no memory until there is some. */
#define SWEEP_FAULTS(call) do {						\
	ASSERT_TRUE(map_afresh(self));					\
	SWEEP(call) {							\
		EXPECT_EQ(0, self->sweep.result);			\
		munmap(self->map, self->len);				\
		ASSERT_TRUE(map_afresh(self));				\
	}								\
	munmap(self->map, self->len);					\
} while (0)

TEST_F_TIMEOUT(allocation_failures, block_fault_survives_any, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	self->len = MIB(4);
	SWEEP_FAULTS(touch_map);
	EXPECT_SWEPT_AND_WELL(1, 0);
}

TEST_F_TIMEOUT(allocation_failures, page_fault_survives_any, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	self->len = page_size();
	self->at = page_size();
	SWEEP_FAULTS(touch_map);
	EXPECT_SWEPT_AND_WELL(2, 0);
}

static int read_into_map(void *arg)
{
	const fixture *self = arg;
	ssize_t n = gpu_read(&self->gpu, GPU_USEMEM, MIB(8), self->map, 64);

	return n < 0 ? (int)n : n == 64 ? 0 : -EIO;
}

static int pin_map(void *arg)
{
	const fixture *self = arg;

	return gpu_dma_map(&self->gpu, self->map, IOVA, self->len);
}

/* Faults that the kernel takes for itself can fail: it has nothing to repeat. */
TEST_F_TIMEOUT(allocation_failures, read_into_unfaulted_mapping_survives_any, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	self->len = MIB(4);
	ASSERT_TRUE(map_afresh(self));
	SWEEP(read_into_map) {
		if (self->sweep.result != -EFAULT)
			EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
		munmap(self->map, self->len);
		ASSERT_TRUE(map_afresh(self));
	}
	munmap(self->map, self->len);
	EXPECT_SWEPT_AND_WELL(1, 1);
}

TEST_F_TIMEOUT(allocation_failures, dma_map_of_unfaulted_mapping_survives_any, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	self->len = MIB(4);
	ASSERT_TRUE(map_afresh(self));
	SWEEP(pin_map) {
		EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
		if (!self->sweep.result)
			ASSERT_EQ(0, gpu_dma_unmap(&self->gpu, IOVA, self->len));
		munmap(self->map, self->len);
		ASSERT_TRUE(map_afresh(self));
	}
	ASSERT_EQ(0, gpu_dma_unmap(&self->gpu, IOVA, self->len));
	munmap(self->map, self->len);
	EXPECT_SWEPT_AND_WELL(2, 1);
}

static char buffer[4096];

static int read_memory(void *arg)
{
	const fixture *self = arg;
	ssize_t n = gpu_read(&self->gpu, GPU_USEMEM, self->at, buffer,
			     sizeof(buffer));

	return n < 0 ? (int)n : n == sizeof(buffer) ? 0 : -EIO;
}

static int write_memory(void *arg)
{
	const fixture *self = arg;
	ssize_t n = gpu_write(&self->gpu, GPU_USEMEM, self->at, buffer,
			      sizeof(buffer));

	return n < 0 ? (int)n : n == sizeof(buffer) ? 0 : -EIO;
}

/* The driver's view is elsewhere before each call, so that it must be moved. */
#define SWEEP_ACCESS(call) do {						\
	self->at = WINDOW;						\
	ASSERT_EQ(0, read_memory(self));				\
	self->at = 0;							\
	SWEEP(call) {							\
		EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);		\
		ASSERT_EQ(0, call(self));				\
		self->at = WINDOW;					\
		ASSERT_EQ(0, read_memory(self));			\
		self->at = 0;						\
	}								\
} while (0)

TEST_F_TIMEOUT(allocation_failures, read_survives_any, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	SWEEP_ACCESS(read_memory);
	EXPECT_SWEPT_AND_WELL(3, 2);
}

TEST_F_TIMEOUT(allocation_failures, write_survives_any, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	SWEEP_ACCESS(write_memory);
	EXPECT_SWEPT_AND_WELL(3, 2);
}

static int access_config(void *arg)
{
	const fixture *self = arg;
	uint32_t bars[6];
	ssize_t n;

	n = gpu_read(&self->gpu, GPU_CONFIG, PCI_BASE_ADDRESS_0, bars, sizeof(bars));
	if (n == sizeof(bars))
		n = gpu_write(&self->gpu, GPU_CONFIG, PCI_BASE_ADDRESS_0, bars,
			      sizeof(bars));
	return n < 0 ? (int)n : n == sizeof(bars) ? 0 : -EIO;
}

TEST_F_TIMEOUT(allocation_failures, config_space_needs_no_memory, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_NO_ALLOCATION(access_config);
}

static int reset(void *arg)
{
	const fixture *self = arg;

	return gpu_reset(&self->gpu);
}

static int reset_hot(void *arg)
{
	const fixture *self = arg;

	return gpu_reset_hot(&self->gpu);
}

static int reset_by_sysfs(void *arg)
{
	const fixture *self = arg;

	return pwrite(self->fd, "1", 1, 0) < 0 ? -errno : 0;
}

#define SWEEP_RESET(call) do {						\
	uint64_t value;							\
									\
	self->len = MIB(4);						\
	ASSERT_TRUE(map_afresh(self));					\
	SWEEP(call) {							\
		EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);		\
		ASSERT_EQ(0, gpu_command(&self->gpu, PCI_COMMAND_MEMORY, 0)); \
		EXPECT_EQ(0, touch_read(self->map, &value));		\
	}								\
	munmap(self->map, self->len);					\
} while (0)

TEST_F_TIMEOUT(allocation_failures, reset_needs_no_memory, 60)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_NO_ALLOCATION(reset);
}

TEST_F_TIMEOUT(allocation_failures, reset_by_sysfs_survives_any, 60)
{
	char path[128];

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", self->bdf);
	self->fd = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	SWEEP_RESET(reset_by_sysfs);
	EXPECT_SWEPT_AND_WELL(1, 1);
}

TEST_F_TIMEOUT(allocation_failures, hot_reset_survives_any, 120)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	SWEEP_RESET(reset_hot);
	EXPECT_SWEPT_AND_WELL(1, 1);
}

static void survive(int signo)
{
	(void)signo;
}

/* This process is told at once, by a signal that belongs to no access. */
static int poison(void *arg)
{
	const struct sigaction told = { .sa_handler = survive };
	const fixture *self = arg;
	struct sigaction saved;
	char text[32];
	int ret;

	snprintf(text, sizeof(text), "%#llx", (unsigned long long)self->at);
	sigaction(SIGBUS, &told, &saved);
	ret = pwrite(self->fd, text, strlen(text), 0) < 0 ? -errno : 0;
	sigaction(SIGBUS, &saved, NULL);
	return ret;
}

/* Whom the page met: it is gone from his mapping, whether he was told or not. */
static bool page_is_withheld(const fixture *self)
{
	uint64_t word;

	return !poison_wait_withdrawn(self->map) &&
	       gpu_read(&self->gpu, GPU_USEMEM, 0, &word, 8) == -EIO;
}

TEST_F_TIMEOUT(allocation_failures, poison_survives_any, 120)
{
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	self->len = MIB(4);
	ASSERT_TRUE(map_afresh(self));
	self->at = poison_address(&self->gpu, GPU_USEMEM, 0);
	self->fd = open(POISON_INJECTOR, O_WRONLY | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	SWEEP(poison) {
		EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
		if (!self->sweep.result) {
			ASSERT_EQ(0, poison_wait(self->bdf, 1));
			EXPECT_TRUE(page_is_withheld(self));
		}
		ASSERT_EQ(0, poison_clear(self->bdf));
		EXPECT_EQ(0, touch_map(self));
	}
	ASSERT_EQ(0, poison_wait(self->bdf, 1));
	ASSERT_EQ(0, poison_clear(self->bdf));
	munmap(self->map, self->len);
	EXPECT_SWEPT_AND_WELL(3, 1);
}

static int set_policy(void *arg)
{
	const fixture *self = arg;

	return pwrite(self->fd, "on-open", 7, 0) < 0 ? -errno : 0;
}

TEST_F_TIMEOUT(allocation_failures, policy_survives_any, 60)
{
	char path[128], now[16];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/nvgrace_gpu/scrub_policy",
		 self->bdf);
	self->fd = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	SWEEP(set_policy) {
		EXPECT_OUT_OF_MEMORY_OR_0(&self->sweep);
		gpu_attribute(self->bdf, "scrub_policy", now, sizeof(now));
		EXPECT_STREQ(self->sweep.result ? "off" : "on-open", now);
		ASSERT_EQ(0, scrub_set_policy(self->bdf, "off"));
	}
	ASSERT_EQ(0, scrub_set_policy(self->bdf, "off"));
	EXPECT_SWEPT_AND_WELL(1, 1);
}

TEST_HARNESS_MAIN
