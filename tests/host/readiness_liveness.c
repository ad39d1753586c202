// SPDX-License-Identifier: GPL-2.0-only
/*
 * W3: while somebody waits for the memory to become ready, nobody else waits
 * for him: unmapping, mapping, /proc, resets, config space and unbind all go on
 * at once.  "At once" is a second, which a machine under emulation may need.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define MAP_LEN		MIB(4)
#define AT_ONCE_MS	1000

enum waiter { WAIT_IN_FAULT, WAIT_IN_READ };

FIXTURE(readiness_liveness) {
	struct gpu gpu;
	volatile uint64_t *map;
	struct worker waiter;
};

FIXTURE_VARIANT(readiness_liveness) {
	unsigned int gpu;
	enum waiter waiter;
};

FIXTURE_VARIANT_ADD(readiness_liveness, gpu0_fault)
{ .gpu = 0, .waiter = WAIT_IN_FAULT };
FIXTURE_VARIANT_ADD(readiness_liveness, gpu0_read)
{ .gpu = 0, .waiter = WAIT_IN_READ };
FIXTURE_VARIANT_ADD(readiness_liveness, gpu2_fault)
{ .gpu = 2, .waiter = WAIT_IN_FAULT };
FIXTURE_VARIANT_ADD(readiness_liveness, gpu2_read)
{ .gpu = 2, .waiter = WAIT_IN_READ };

FIXTURE_DATA(readiness_liveness);

static int wait_in_fault(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;
	uint64_t value;

	return touch_read(self->map, &value);
}

static int wait_in_read(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;
	uint64_t value;
	ssize_t n = gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8);

	return n == 8 ? 0 : n < 0 ? (int)n : -EIO;
}

/* Everything below runs while one thread is well inside its wait. */
FIXTURE_SETUP(readiness_liveness)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	NEEDS_TESTBLOCK(&self->gpu);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MAP_LEN,
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, TB_NEVER));
	ASSERT_EQ(0, worker_start(&self->waiter,
				  variant->waiter == WAIT_IN_FAULT ?
				  wait_in_fault : wait_in_read, self));
	sleep_ms(150);
	ASSERT_FALSE(worker_done(&self->waiter));
}

FIXTURE_TEARDOWN(readiness_liveness)
{
	gpu_close(&self->gpu);
}

/* Runs @work as a bystander: 0 if it came back in time with @want. */
static int at_once(int (*work)(void *arg), void *arg)
{
	struct worker bystander;

	if (worker_start(&bystander, work, arg))
		return -EAGAIN;
	return worker_wait(&bystander, AT_ONCE_MS);
}

/* The wait itself was real, and ends well once the device is ready. */
#define EXPECT_WAIT_ENDS_WELL() do {					\
	EXPECT_FALSE(worker_done(&self->waiter));			\
	EXPECT_EQ(0, testblock_make_ready(&self->gpu));			\
	EXPECT_EQ(0, worker_wait(&self->waiter, 3000));			\
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));		\
} while (0)

static int map_and_unmap(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;
	void *map = mmap(NULL, MAP_LEN, PROT_READ, MAP_SHARED, self->gpu.device,
			 (off_t)self->gpu.region[GPU_USEMEM].offset);

	if (map == MAP_FAILED)
		return -errno;
	return munmap(map, MAP_LEN) ? -errno : 0;
}

TEST_F(readiness_liveness, mapping_and_unmapping_go_on)	/* W3 */
{
	EXPECT_EQ(0, at_once(map_and_unmap, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int use_anonymous_memory(void *arg)
{
	volatile char *map = mmap(NULL, MAP_LEN, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t at;

	(void)arg;
	if (map == MAP_FAILED)
		return -errno;
	for (at = 0; at < MAP_LEN; at += KIB(64))
		map[at] = 1;
	return munmap((void *)map, MAP_LEN) ? -errno : 0;
}

TEST_F(readiness_liveness, other_memory_of_the_process_works)	/* W3 */
{
	EXPECT_EQ(0, at_once(use_anonymous_memory, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int read_maps(void *arg)
{
	char path[64], *text;
	int ok;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/%d/maps", getpid());
	text = file_slurp(path);
	ok = text && strstr(text, "vfio");
	free(text);
	return ok ? 0 : -ENOENT;
}

TEST_F(readiness_liveness, proc_maps_can_be_read)	/* W3 */
{
	EXPECT_EQ(0, at_once(read_maps, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int read_smaps_and_protect(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;
	char flags[256];
	int ret = vm_flags_of((void *)self->map, flags, sizeof(flags));

	if (ret)
		return ret;
	return mprotect((char *)(uintptr_t)self->map + MIB(2), MIB(2),
			PROT_READ) ? -errno : 0;
}

TEST_F(readiness_liveness, the_mapping_itself_can_be_inspected_and_protected)
{							/* W3 */
	EXPECT_EQ(0, at_once(read_smaps_and_protect, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int unmap_it(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;

	return munmap((void *)self->map, MAP_LEN) ? -errno : 0;
}

/* The waiter finds nothing when it comes back: SIGSEGV, not a stale page. */
TEST_F(readiness_liveness, the_mapping_waited_for_can_be_unmapped)	/* W3 */
{
	EXPECT_EQ(0, at_once(unmap_it, self));
	EXPECT_EQ(0, testblock_make_ready(&self->gpu));
	EXPECT_EQ(variant->waiter == WAIT_IN_FAULT ? -ENXIO : 0,
		  worker_wait(&self->waiter, 3000));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

static int reset_once(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;

	return gpu_reset(&self->gpu);
}

TEST_F(readiness_liveness, device_can_be_reset)	/* W3 */
{
	EXPECT_EQ(0, at_once(reset_once, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int reset_by_sysfs(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;

	return gpu_reset_by_sysfs(self->gpu.bdf);
}

TEST_F(readiness_liveness, administrator_can_reset_it)	/* W3 */
{
	EXPECT_EQ(0, at_once(reset_by_sysfs, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int use_config_space(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;
	uint8_t header[64];
	int ret;

	if (gpu_read(&self->gpu, GPU_CONFIG, 0, header, 64) != 64)
		return -EIO;
	ret = gpu_command(&self->gpu, 4, 0);
	if (ret)
		return ret;
	return gpu_write(&self->gpu, GPU_CONFIG, 0x20, header, 8) == 8 ? 0 : -EIO;
}

TEST_F(readiness_liveness, config_space_can_be_read_and_written)	/* W3 */
{
	EXPECT_EQ(0, at_once(use_config_space, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int read_registers(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;

	return testblock_present(&self->gpu) ? 0 : -EIO;
}

TEST_F(readiness_liveness, registers_can_be_read)	/* W3 */
{
	EXPECT_EQ(0, at_once(read_registers, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int read_ready_attribute(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;
	char state[32];

	if (gpu_attribute(self->gpu.bdf, "ready", state, sizeof(state)) < 0)
		return -ENOENT;
	return strcmp(state, "waiting") ? -EDOM : 0;
}

TEST_F(readiness_liveness, sysfs_says_waiting)	/* W3 */
{
	EXPECT_EQ(0, at_once(read_ready_attribute, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int open_again(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;
	int fd = gpu_device_again(&self->gpu);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

TEST_F(readiness_liveness, device_can_be_opened_once_more)	/* W3 */
{
	EXPECT_EQ(0, at_once(open_again, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int use_dma_mappings(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;
	void *buf = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (buf == MAP_FAILED)
		return -errno;
	ret = gpu_dma_map(&self->gpu, buf, GIB(1), 65536);
	if (!ret)
		ret = gpu_dma_unmap(&self->gpu, GIB(1), 65536);
	munmap(buf, 65536);
	return ret;
}

TEST_F(readiness_liveness, dma_mappings_can_be_made)	/* W3 */
{
	EXPECT_EQ(0, at_once(use_dma_mappings, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int fork_and_wait(void *arg)
{
	pid_t child = fork();
	int status;

	(void)arg;
	if (child < 0)
		return -errno;
	if (!child)
		_exit(0);
	return waitpid(child, &status, 0) == child && !status ? 0 : -EIO;
}

TEST_F(readiness_liveness, process_can_fork)	/* W3 */
{
	EXPECT_EQ(0, at_once(fork_and_wait, self));
	EXPECT_WAIT_ENDS_WELL();
}

static int unbind(void *arg)
{
	FIXTURE_DATA(readiness_liveness) *self = arg;

	return driver_unbind(self->gpu.bdf);
}

/* Unbinding asks the user for the device at once and gets it at close. */
TEST_F_TIMEOUT(readiness_liveness, unbind_can_start, 60)	/* W3 */
{
	struct worker unbinder;
	int request;

	request = gpu_eventfd(&self->gpu, VFIO_PCI_REQ_IRQ_INDEX, 0, 1);
	ASSERT_GE(request, 0);
	ASSERT_EQ(0, worker_start(&unbinder, unbind, self));
	EXPECT_EQ(0, eventfd_wait(request, AT_ONCE_MS));
	EXPECT_FALSE(worker_done(&unbinder));
	EXPECT_EQ(0, testblock_make_ready(&self->gpu));
	worker_wait(&self->waiter, 3000);
	munmap((void *)self->map, MAP_LEN);
	close(request);
	gpu_close(&self->gpu);
	EXPECT_EQ(0, worker_wait(&unbinder, 15000));
	EXPECT_EQ(0, driver_bind(gpu_bdf(variant->gpu)));
}

TEST_HARNESS_MAIN
