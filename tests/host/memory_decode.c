// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory decode off, D3hot by the PM capability, and VFIO's low power feature:
 * while the device is not to be touched accesses fail with SIGBUS and -EIO, and
 * afterwards everything works again without a new mapping.
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"

FIXTURE(memory_decode) {
	struct gpu gpu;
	volatile uint64_t *map;
};

FIXTURE_VARIANT(memory_decode) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(memory_decode);

FIXTURE_SETUP(memory_decode)
{
	uint64_t value;

	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->map = gpu_map(&self->gpu, variant->region, 0, MIB(4),
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	ASSERT_EQ(0, touch_read(self->map, &value));
}

FIXTURE_TEARDOWN(memory_decode)
{
	gpu_close(&self->gpu);
}

static int decode(const struct gpu *gpu, bool on)
{
	return gpu_command(gpu, on ? PCI_COMMAND_MEMORY : 0,
			   on ? 0 : PCI_COMMAND_MEMORY);
}

#define EXPECT_USABLE() do {						\
	uint64_t value_;						\
	EXPECT_EQ(0, touch_write(&self->map[1], 0xabcdef));		\
	EXPECT_EQ(8, gpu_read(&self->gpu, variant->region, 8, &value_, 8)); \
	EXPECT_EQ(0xabcdef, value_);					\
	EXPECT_EQ(0, touch_read((volatile char *)self->map + MIB(3),	\
				&value_));				\
} while (0)

/* The registers that tell readiness are left alone, too: their bytes were all ones. */
#define EXPECT_UNUSABLE() do {						\
	uint64_t value_ = 0;						\
	EXPECT_EQ(-EFAULT, touch_read(self->map, &value_));		\
	EXPECT_EQ(-EFAULT, touch_write(self->map, 1));			\
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, variant->region, 0, &value_, 8)); \
	EXPECT_EQ(-EIO, gpu_write(&self->gpu, variant->region, 0, &value_, 8)); \
	EXPECT_FALSE(gpu_attribute_is(self->gpu.bdf, "ready", "gone"));	\
} while (0)

TEST_F(memory_decode, off_takes_mappings_and_file_access_away)
{
	ASSERT_EQ(0, decode(&self->gpu, false));
	EXPECT_UNUSABLE();
}

TEST_F(memory_decode, on_again_gives_them_back)
{
	ASSERT_EQ(0, decode(&self->gpu, false));
	EXPECT_UNUSABLE();
	ASSERT_EQ(0, decode(&self->gpu, true));
	EXPECT_USABLE();
}

TEST_F(memory_decode, off_still_accepts_a_count_of_zero)
{
	ASSERT_EQ(0, decode(&self->gpu, false));
	EXPECT_EQ(0, gpu_read(&self->gpu, variant->region, 0, NULL, 0));
}

TEST_F(memory_decode, off_still_lets_a_mapping_be_made)
{
	uint64_t value;
	void *map;

	ASSERT_EQ(0, decode(&self->gpu, false));
	map = gpu_map(&self->gpu, variant->region, 0, page_size(), PROT_READ);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-EFAULT, touch_read(map, &value));
	ASSERT_EQ(0, decode(&self->gpu, true));
	EXPECT_EQ(0, touch_read(map, &value));
}

TEST_F(memory_decode, off_and_on_many_times_leaves_it_on)
{
	unsigned int i;

	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, decode(&self->gpu, false));
		ASSERT_EQ(0, decode(&self->gpu, true));
	}
	EXPECT_USABLE();
}

TEST_F(memory_decode, off_during_a_reset_cycle_is_remembered)
{
	ASSERT_EQ(0, decode(&self->gpu, false));
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	EXPECT_UNUSABLE();
	ASSERT_EQ(0, decode(&self->gpu, true));
	EXPECT_USABLE();
}

TEST_F(memory_decode, d3hot_takes_access_away_and_d0_gives_it_back)
{
	if (!gpu_capability(&self->gpu, PCI_CAP_ID_PM))
		SKIP(return, "no power management capability");
	ASSERT_EQ(0, gpu_power_state(&self->gpu, 3));
	EXPECT_UNUSABLE();
	ASSERT_EQ(0, gpu_power_state(&self->gpu, 0));
	ASSERT_EQ(0, decode(&self->gpu, true));
	EXPECT_USABLE();
}

/* The way back is a reset of the function, without any callback. */
TEST_F(memory_decode, d3hot_is_followed_by_a_fresh_look_at_readiness)
{
	uint64_t value;

	NEEDS_TESTBLOCK(&self->gpu);
	if (!gpu_capability(&self->gpu, PCI_CAP_ID_PM))
		SKIP(return, "no power management capability");
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_UNREADY_MS, 2500));
	ASSERT_EQ(0, gpu_power_state(&self->gpu, 3));
	ASSERT_EQ(0, gpu_power_state(&self->gpu, 0));
	ASSERT_EQ(0, decode(&self->gpu, true));
	ASSERT_EQ(0, touch_read(self->map, &value));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

/* A guest may write the state that the device is in as often as it wants. */
TEST_F(memory_decode, same_power_state_takes_nothing_away)
{
	if (!gpu_capability(&self->gpu, PCI_CAP_ID_PM))
		SKIP(return, "no power management capability");
	EXPECT_TRUE(gpu_attribute_is(self->gpu.bdf, "ready", "ready"));
	ASSERT_EQ(0, gpu_power_state(&self->gpu, 0));
	EXPECT_TRUE(gpu_attribute_is(self->gpu.bdf, "ready", "ready"));
	EXPECT_USABLE();
}

/* Eight bytes, of which PMCSR is the second half, as one write. */
static int long_power_write(const struct gpu *gpu, uint8_t cap, unsigned int state)
{
	uint32_t words[2];
	ssize_t ret;

	ret = gpu_read(gpu, VFIO_PCI_CONFIG_REGION_INDEX, cap, words, sizeof(words));
	if (ret != sizeof(words))
		return -EIO;
	words[1] = (words[1] & ~(uint32_t)PCI_PM_CTRL_STATE_MASK) | state;
	ret = gpu_write(gpu, VFIO_PCI_CONFIG_REGION_INDEX, cap, words, sizeof(words));
	return ret == sizeof(words) ? 0 : -EIO;
}

TEST_F(memory_decode, power_state_inside_a_longer_write_counts)
{
	uint8_t cap = gpu_capability(&self->gpu, PCI_CAP_ID_PM);
	uint64_t value;

	NEEDS_TESTBLOCK(&self->gpu);
	if (!cap)
		SKIP(return, "no power management capability");
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_UNREADY_MS, 2500));
	ASSERT_EQ(0, long_power_write(&self->gpu, cap, 3));
	EXPECT_UNUSABLE();
	ASSERT_EQ(0, long_power_write(&self->gpu, cap, 0));
	ASSERT_EQ(0, decode(&self->gpu, true));
	ASSERT_EQ(0, touch_read(self->map, &value));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

TEST_F(memory_decode, reset_in_d3hot_brings_the_device_back)
{
	if (!gpu_capability(&self->gpu, PCI_CAP_ID_PM))
		SKIP(return, "no power management capability");
	ASSERT_EQ(0, gpu_power_state(&self->gpu, 3));
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	ASSERT_EQ(0, decode(&self->gpu, true));
	EXPECT_USABLE();
}

TEST_F(memory_decode, close_in_d3hot_leaves_a_working_device)
{
	if (!gpu_capability(&self->gpu, PCI_CAP_ID_PM))
		SKIP(return, "no power management capability");
	ASSERT_EQ(0, gpu_power_state(&self->gpu, 3));
	munmap((void *)self->map, MIB(4));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
	self->map = gpu_map(&self->gpu, variant->region, 0, MIB(4),
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	EXPECT_USABLE();
}

static bool low_power_offered(const struct gpu *gpu)
{
	struct vfio_device_feature probe = {
		.argsz = sizeof(probe),
		.flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
			 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
	};

	return !ioctl(gpu->device, VFIO_DEVICE_FEATURE, &probe);
}

static int enter_low_power_with_wakeup(const struct gpu *gpu, int wakeup)
{
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_low_power_entry_with_wakeup entry;
	} arg = {
		.feature.argsz = sizeof(arg),
		.feature.flags = VFIO_DEVICE_FEATURE_SET |
				 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
		.entry.wakeup_eventfd = wakeup,
	};

	return ioctl(gpu->device, VFIO_DEVICE_FEATURE, &arg) ? -errno : 0;
}

/* An administrator may want it awake, see power/control. */
static bool may_sleep(const struct gpu *gpu)
{
	char control[16];

	return pci_attribute_read(gpu->bdf, "power/control", control,
				  sizeof(control)) > 0 &&
	       !strcmp(control, "auto");
}

/* The kernel suspends the device some time after its user let it. */
static bool falls_asleep(const struct gpu *gpu)
{
	unsigned int ms;
	char status[32];

	for (ms = 0; ms < 10000; ms += 10) {
		if (pci_attribute_read(gpu->bdf, "power/runtime_status", status,
				       sizeof(status)) > 0 &&
		    !strcmp(status, "suspended"))
			return true;
		usleep(10000);
	}
	return false;
}

/* Asleep: an eventfd that tells when the device is woken, or -errno. */
static int sleep_until_woken(const struct gpu *gpu)
{
	int wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int ret = wakeup < 0 ? -errno : enter_low_power_with_wakeup(gpu, wakeup);

	if (!ret && !falls_asleep(gpu))
		ret = -ETIMEDOUT;
	return ret ?: wakeup;
}

TEST_F(memory_decode, low_power_takes_mappings_away_until_exit)
{
	uint64_t value;

	ASSERT_TRUE(low_power_offered(&self->gpu));
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	EXPECT_EQ(-EFAULT, touch_read(self->map, &value));
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	EXPECT_USABLE();
}

/* What is accessed is woken, and may sleep again. The mappings are gone until exit. */
#define EXPECT_FILE_ACCESS_ONLY() do {					\
	uint64_t value_ = 0xfedcba;					\
	EXPECT_EQ(-EFAULT, touch_read(self->map, &value_));		\
	EXPECT_EQ(8, gpu_write(&self->gpu, variant->region, 16, &value_, 8)); \
	value_ = 0;							\
	EXPECT_EQ(8, gpu_read(&self->gpu, variant->region, 16, &value_, 8)); \
	EXPECT_EQ(0xfedcba, value_);					\
	EXPECT_EQ(-EFAULT, touch_read(self->map, &value_));		\
} while (0)

TEST_F(memory_decode, low_power_wakes_for_file_access)
{
	if (!may_sleep(&self->gpu))
		SKIP(return, "power/control keeps the GPU awake");
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	EXPECT_FILE_ACCESS_ONLY();
	ASSERT_TRUE(falls_asleep(&self->gpu));
	EXPECT_FILE_ACCESS_ONLY();
	ASSERT_TRUE(falls_asleep(&self->gpu));
	EXPECT_FALSE(gpu_attribute_is(self->gpu.bdf, "ready", "ready"));
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	EXPECT_USABLE();
}

/* Between two accesses the device may have slept, and its memory be untrained. */
TEST_F(memory_decode, file_access_in_low_power_looks_at_readiness_each_time)
{
	uint64_t value, before;

	NEEDS_TESTBLOCK(&self->gpu);
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	ASSERT_EQ(8, gpu_read(&self->gpu, variant->region, 0, &value, 8));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_UNREADY_MS, 1500));
	before = now_ms();
	EXPECT_EQ(8, gpu_read(&self->gpu, variant->region, 0, &value, 8));
	EXPECT_GT(now_ms() - before, 700);
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
	EXPECT_USABLE();
}

/* Not yet asleep, and soon not trained any more: what a fault finds then is worth nothing. */
TEST_F(memory_decode, touch_in_low_power_does_not_look_at_readiness)
{
	uint64_t value;

	NEEDS_TESTBLOCK(&self->gpu);
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	EXPECT_EQ(-EFAULT, touch_read(self->map, &value));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_UNREADY_MS, 1500));
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	ASSERT_EQ(0, touch_read(self->map, &value));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

/* The access that wakes the device is that of the test block. */
TEST_F(memory_decode, waking_up_is_followed_by_a_fresh_look_at_readiness)
{
	uint64_t value;
	int wakeup;

	NEEDS_TESTBLOCK(&self->gpu);
	if (!may_sleep(&self->gpu))
		SKIP(return, "power/control keeps the GPU awake");
	wakeup = sleep_until_woken(&self->gpu);
	ASSERT_LE(0, wakeup);
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_UNREADY_MS, 1500));
	ASSERT_EQ(0, touch_read(self->map, &value));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
	close(wakeup);
}

TEST_F(memory_decode, file_access_wakes_whom_its_user_lets_wake)
{
	uint64_t woken = 0, value;
	int wakeup;

	if (!may_sleep(&self->gpu))
		SKIP(return, "power/control keeps the GPU awake");
	wakeup = sleep_until_woken(&self->gpu);
	ASSERT_LE(0, wakeup);
	EXPECT_EQ(8, gpu_read(&self->gpu, variant->region, 0, &value, 8));
	EXPECT_EQ(8, read(wakeup, &woken, 8));
	EXPECT_EQ(1, woken);
	EXPECT_USABLE();
	close(wakeup);
}

TEST_F(memory_decode, low_power_cannot_be_entered_twice)
{
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	EXPECT_EQ(-EINVAL, gpu_feature(&self->gpu,
				       VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	EXPECT_USABLE();
}

TEST_F(memory_decode, close_in_low_power_leaves_a_working_device)
{
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	munmap((void *)self->map, MIB(4));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
	self->map = gpu_map(&self->gpu, variant->region, 0, MIB(4),
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	EXPECT_USABLE();
}

/* Memory that loses its training in low power is waited for afterwards. */
TEST_F(memory_decode, low_power_is_followed_by_a_fresh_look_at_readiness)
{
	uint64_t value;

	NEEDS_TESTBLOCK(&self->gpu);
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY));
	ASSERT_EQ(0, testblock_write(&self->gpu, TB_UNREADY_MS, 1500));
	ASSERT_EQ(0, gpu_feature(&self->gpu,
				 VFIO_DEVICE_FEATURE_LOW_POWER_EXIT));
	ASSERT_EQ(0, touch_read(self->map, &value));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
}

TEST_HARNESS_MAIN
