// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several opens of one GPU, and two GPUs at once: files of one device share its
 * state, devices share nothing.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

FIXTURE(several_opens) {
	struct gpu gpu;
};

FIXTURE_SETUP(several_opens)
{
	SETUP_GPU(&self->gpu, 0);
}

FIXTURE_TEARDOWN(several_opens)
{
	gpu_close(&self->gpu);
}

TEST_F(several_opens, second_file_reads_what_the_first_wrote)
{
	uint64_t value = 0x1234567890abcdefull, back = 0;
	int again = gpu_device_again(&self->gpu);
	off_t at = (off_t)self->gpu.region[GPU_USEMEM].offset;

	ASSERT_GE(again, 0);
	ASSERT_EQ(8, gpu_write(&self->gpu, GPU_USEMEM, 0, &value, 8));
	ASSERT_EQ(8, pread(again, &back, 8, at));
	EXPECT_EQ(value, back);
	close(again);
}

TEST_F(several_opens, closing_one_file_keeps_the_other_working)
{
	int again = gpu_device_again(&self->gpu);
	uint64_t value;
	void *map;

	ASSERT_GE(again, 0);
	map = mmap(NULL, MIB(4), PROT_READ, MAP_SHARED, again,
		   (off_t)self->gpu.region[GPU_USEMEM].offset);
	ASSERT_NE(MAP_FAILED, map);
	close(again);
	EXPECT_EQ(0, touch_read(map, &value));
	EXPECT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
}

TEST_F(several_opens, reset_by_one_file_takes_the_other_ones_mapping)
{
	int again = gpu_device_again(&self->gpu);
	uint64_t value, before;
	void *map;

	ASSERT_GE(again, 0);
	map = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, again,
		   (off_t)self->gpu.region[GPU_USEMEM].offset);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, touch_read(map, &value));
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	before = minor_faults();
	EXPECT_EQ(0, touch_read(map, &value));
	EXPECT_GE(minor_faults() - before, 1);
	close(again);
}

TEST_F(several_opens, another_process_cannot_open_the_group)
{
	pid_t child = fork();
	int status;

	ASSERT_GE(child, 0);
	if (!child) {
		char link[128], target[128], path[160];
		ssize_t n;

		snprintf(link, sizeof(link),
			 "/sys/bus/pci/devices/%s/iommu_group", self->gpu.bdf);
		n = readlink(link, target, sizeof(target) - 1);
		if (n < 0)
			_exit(3);
		target[n] = '\0';
		snprintf(path, sizeof(path), "/dev/vfio/%s",
			 strrchr(target, '/') + 1);
		_exit(open(path, O_RDWR) < 0 && errno == EBUSY ? 0 : 2);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(several_opens, hundred_opens_leave_the_device_working)
{
	uint64_t value;
	int fd, i;

	for (i = 0; i < 100; i++) {
		fd = gpu_device_again(&self->gpu);
		ASSERT_GE(fd, 0);
		close(fd);
	}
	EXPECT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 0, &value, 8));
}

FIXTURE(two_gpus) {
	struct gpu a, b;
	volatile uint64_t *map_a, *map_b;
};

FIXTURE_SETUP(two_gpus)
{
	SETUP_GPU(&self->a, 0);
	SETUP_GPU(&self->b, 1);
	self->map_a = gpu_map(&self->a, GPU_USEMEM, 0, MIB(4),
			      PROT_READ | PROT_WRITE);
	self->map_b = gpu_map(&self->b, GPU_USEMEM, 0, MIB(4),
			      PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map_a);
	ASSERT_NE(MAP_FAILED, self->map_b);
}

FIXTURE_TEARDOWN(two_gpus)
{
	gpu_close(&self->a);
	gpu_close(&self->b);
}

TEST_F(two_gpus, memory_of_one_is_not_memory_of_the_other)
{
	size_t i;

	for (i = 0; i < MIB(4) / 8; i += 512) {
		self->map_a[i] = pattern_word(1, i);
		self->map_b[i] = pattern_word(2, i);
	}
	for (i = 0; i < MIB(4) / 8; i += 512) {
		ASSERT_EQ(pattern_word(1, i), self->map_a[i]);
		ASSERT_EQ(pattern_word(2, i), self->map_b[i]);
	}
}

TEST_F(two_gpus, reset_of_one_leaves_mappings_of_the_other)
{
	uint64_t value, before;

	ASSERT_EQ(0, touch_read(self->map_b, &value));
	ASSERT_EQ(0, gpu_reset(&self->a));
	before = minor_faults();
	ASSERT_EQ(0, touch_read(self->map_b, &value));
	EXPECT_EQ(before, minor_faults());
}

TEST_F(two_gpus, bars_of_one_are_not_bars_of_the_other)
{
	uint64_t ones = ~0ull, value = 0;

	ASSERT_EQ(8, gpu_write(&self->a, GPU_CONFIG, PCI_BASE_ADDRESS_4, &ones, 8));
	ASSERT_EQ(8, gpu_read(&self->b, GPU_CONFIG, PCI_BASE_ADDRESS_4, &value, 8));
	EXPECT_EQ(0xc, value);
}

static int touch_a(void *arg)
{
	FIXTURE_DATA(two_gpus) *self = arg;
	uint64_t value;

	return touch_read(self->map_a, &value);
}

TEST_F(two_gpus, waiting_for_one_does_not_delay_the_other)
{
	struct worker waiter;
	uint64_t start, value;

	NEEDS_TESTBLOCK(&self->a);
	ASSERT_EQ(0, testblock_reset_unready(&self->a, TB_NEVER));
	ASSERT_EQ(0, worker_start(&waiter, touch_a, self));
	sleep_ms(100);
	start = now_ms();
	ASSERT_EQ(0, gpu_reset(&self->b));
	EXPECT_EQ(0, touch_read(self->map_b, &value));
	EXPECT_EQ(8, gpu_read(&self->b, GPU_USEMEM, 0, &value, 8));
	EXPECT_LT(now_ms() - start, 2000);
	EXPECT_FALSE(worker_done(&waiter));
	ASSERT_EQ(0, testblock_make_ready(&self->a));
	EXPECT_EQ(0, worker_wait(&waiter, 3000));
}

TEST_F(two_gpus, one_copies_straight_into_the_other)
{
	const size_t len = MIB(1);
	uint8_t *buf = malloc(len);

	ASSERT_NE(NULL, buf);
	pattern_fill(buf, len, 7, 0);
	ASSERT_EQ((ssize_t)len, gpu_write(&self->a, GPU_USEMEM, 0, buf, len));
	ASSERT_EQ((ssize_t)len, gpu_read(&self->a, GPU_USEMEM, 0,
					 (void *)self->map_b, len));
	ASSERT_EQ((ssize_t)len, gpu_read(&self->b, GPU_USEMEM, 0, buf, len));
	EXPECT_EQ(len, pattern_check(buf, len, 7, 0));
	free(buf);
}

TEST_HARNESS_MAIN
