// SPDX-License-Identifier: GPL-2.0-only
/*
 * W8: the kernel's own mappings of GPU memory, made for read() and write(), are
 * small whatever was read, and do not outlive a reset or the last close. They are
 * what /proc/vmallocinfo shows more than before the first access: one for each CPU
 * that reads. Their memory type is that of the user's mappings, so that no CPU's cache
 * holds what the GPU does not see; the module memremap_type tells it.
 */

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "poison.h"
#include "sysfs.h"
#include "trace.h"
#include "variants.h"

/* One window of each CPU, and the guard page vmalloc puts behind it. */
#define WINDOWS_MAX	((uint64_t)sysconf(_SC_NPROCESSORS_CONF) * (MIB(16) + page_size()))

/* MAIR_EL1 (Arm ARM): Normal write-back, and Normal non-cacheable. */
#define WRITE_BACK	0xff
#define NON_CACHEABLE	0x44

/* Read in one go, it makes a window as large as it gets. */
#define LONG_READ	MIB(48)

FIXTURE(kernel_alias) {
	struct gpu gpu;
	uint64_t real;
	uint64_t before;	/* bytes mapped before the first access */
};

FIXTURE_VARIANT(kernel_alias) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(kernel_alias);

FIXTURE_SETUP(kernel_alias)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->real = self->gpu.region[variant->region].real;
	physical_mappings(&self->before);
}

FIXTURE_TEARDOWN(kernel_alias)
{
	gpu_close(&self->gpu);
	poison_clear(gpu_bdf(variant->gpu));
}

static uint64_t last_mapping(const char *what)
{
	char path[64], *text;
	uint64_t value;

	snprintf(path, sizeof(path), "/sys/module/memremap_type/parameters/%s", what);
	text = file_slurp(path);
	value = text ? strtoull(text, NULL, 0) : 0;
	free(text);
	return value;
}

/* Bytes of memory the kernel maps by now; 0 also if it maps less than before. */
static uint64_t alias_bytes(uint64_t before)
{
	uint64_t now;

	physical_mappings(&now);
	return now > before ? now - before : 0;
}

/* A work item takes it away, a moment after the page is on the list. */
static bool alias_vanishes(uint64_t before)
{
	uint64_t deadline = now_ms() + 3000;

	while (alias_bytes(before)) {
		if (now_ms() > deadline)
			return false;
		sleep_ms(10);
	}
	return true;
}

static unsigned int cpus(void)
{
	return (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
}

static int go_to_cpu(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/*
 * Reads eight bytes at many places, so that every part was wanted once, and every window
 * was used.
 */
static int read_all_over(const struct gpu *gpu, unsigned int region,
			 uint64_t real)
{
	uint64_t value, at, nr = 0;

	for (at = 0; at < real; at += real / 37 / 8 * 8)
		if (at + 8 <= real &&
		    (go_to_cpu(nr++ % cpus()) ||
		     gpu_read(gpu, region, at, &value, 8) != 8))
			return -EIO;
	return gpu_read(gpu, region, real - 8, &value, 8) == 8 ? 0 : -EIO;
}

static int read_on(const struct gpu *gpu, unsigned int region)
{
	static char buf[MIB(1)];
	uint64_t at;

	for (at = 0; at < LONG_READ; at += sizeof(buf))
		if (gpu_read(gpu, region, at, buf, sizeof(buf)) != sizeof(buf))
			return -EIO;
	return 0;
}

TEST_F(kernel_alias, stays_within_sixteen_mib_per_cpu)	/* W8 */
{
	unsigned int cpu;

	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	EXPECT_LE(alias_bytes(self->before), WINDOWS_MAX);
	for (cpu = 0; cpu < cpus(); cpu++) {
		ASSERT_EQ(0, go_to_cpu(cpu));
		ASSERT_EQ(0, read_on(&self->gpu, variant->region));
	}
	TH_LOG("%u CPUs, alias=%llu bytes", cpus(),
	       (unsigned long long)alias_bytes(self->before));
	EXPECT_LE(alias_bytes(self->before), WINDOWS_MAX);
	EXPECT_GE(alias_bytes(self->before), cpus() * MIB(16));
}

TEST_F(kernel_alias, has_the_type_of_the_users_mapping)
{
	uint64_t value, address = poison_address(&self->gpu, variant->region, MIB(64));

	ASSERT_EQ(8, gpu_read(&self->gpu, variant->region, MIB(64), &value, 8));
	EXPECT_EQ(address, last_mapping("phys"));
	EXPECT_EQ(variant->region == GPU_RESMEM ? NON_CACHEABLE : WRITE_BACK,
		  last_mapping("attributes"));
}

TEST_F(kernel_alias, is_gone_after_a_reset)	/* W8 */
{
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	ASSERT_GT(alias_bytes(self->before), 0);
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	EXPECT_EQ(0, alias_bytes(self->before));
}

TEST_F(kernel_alias, is_gone_after_a_reset_by_sysfs)	/* W8 */
{
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	ASSERT_GT(alias_bytes(self->before), 0);
	ASSERT_EQ(0, gpu_reset_by_sysfs(self->gpu.bdf));
	EXPECT_EQ(0, alias_bytes(self->before));
}

TEST_F(kernel_alias, is_gone_after_close)
{
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	ASSERT_GT(alias_bytes(self->before), 0);
	gpu_close(&self->gpu);
	EXPECT_EQ(0, alias_bytes(self->before));
}

/* The device is reset, and may sleep, once it is closed. */
TEST_F(kernel_alias, is_gone_before_the_device_is_closed)
{
	const char *bdf = gpu_bdf(variant->gpu);

	ASSERT_EQ(0, trace_begin());
	ASSERT_EQ(0, trace_calls_of("vfio_pci_core_close_device"));
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	gpu_close(&self->gpu);
	EXPECT_TRUE(trace_has("nvgrace_gpu_state: %s state=unknown since_", bdf));
	EXPECT_TRUE(trace_has(": vfio_pci_core_close_device: ("));
	trace_end();
}

/* All of it goes, as small as the page is: it comes back without the page. */
TEST_F(kernel_alias, is_gone_after_a_page_went_bad)
{
	uint64_t address = poison_address(&self->gpu, variant->region, MIB(64));

	ASSERT_NE(0, address);
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	ASSERT_GT(alias_bytes(self->before), 0);
	ASSERT_EQ(0, poison_elsewhere(address));
	ASSERT_EQ(0, poison_wait(self->gpu.bdf, 1));
	EXPECT_TRUE(alias_vanishes(self->before));
}

/* TLBs may hold translations of every window that there was. */
TEST_F(kernel_alias, leaves_no_translation_behind_a_reset)
{
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	EXPECT_EQ(0, unpurged_mappings(MIB(1)));
}

TEST_F(kernel_alias, comes_back_when_it_is_needed_again)
{
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	EXPECT_GT(alias_bytes(self->before), 0);
	EXPECT_LE(alias_bytes(self->before), WINDOWS_MAX);
}

TEST_HARNESS_MAIN
