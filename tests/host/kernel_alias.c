// SPDX-License-Identifier: GPL-2.0-only
/*
 * W8: the kernel's own mappings of GPU memory, made for read() and write(), are
 * small whatever was read, and do not outlive a reset or the last close. They are
 * what /proc/vmallocinfo shows more than before the first access: one for each CPU
 * that reads.
 */

#include <errno.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "sysfs.h"
#include "trace.h"
#include "variants.h"
#include "worker.h"

/* One window of each CPU, and the guard page vmalloc puts behind it. */
#define WINDOWS_MAX	((uint64_t)sysconf(_SC_NPROCESSORS_CONF) * (MIB(16) + page_size()))

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
	trace_end();
	gpu_close(&self->gpu);
}

/* Bytes of memory the kernel maps by now; 0 also if it maps less than before. */
static uint64_t alias_bytes(uint64_t before)
{
	uint64_t now;

	physical_mappings(&now);
	return now > before ? now - before : 0;
}

static unsigned int cpus(void)
{
	return (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
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
		    (run_on_cpu(nr++ % cpus()) ||
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
		ASSERT_EQ(0, run_on_cpu(cpu));
		ASSERT_EQ(0, read_on(&self->gpu, variant->region));
	}
	TH_LOG("%u CPUs, alias=%llu bytes", cpus(),
	       (unsigned long long)alias_bytes(self->before));
	EXPECT_LE(alias_bytes(self->before), WINDOWS_MAX);
	EXPECT_GE(alias_bytes(self->before), cpus() * MIB(16));
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

	if (trace_begin() || trace_calls_of("vfio_pci_core_close_device"))
		SKIP(return, "calls of the kernel cannot be traced here");
	ASSERT_EQ(0, read_all_over(&self->gpu, variant->region, self->real));
	gpu_close(&self->gpu);
	EXPECT_TRUE(trace_has("nvgrace_gpu_state: %s state=unknown since_", bdf));
	EXPECT_TRUE(trace_has(": vfio_pci_core_close_device: ("));
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
