// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BARs in config space, byte for byte (W11), and what clears them (W17).
 *
 * The reference model below treats all three BARs alike: a 64-bit register that
 * keeps what was written, and shows it with the bits below its size replaced by
 * the BAR's type.  Whether a BAR is emulated by this driver or virtualised by
 * vfio-pci-core must not show.  The bytes behind the BARs (0x28 on) are
 * read-only and must never change.
 */

#include <errno.h>
#include <string.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "reset.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define BARS_AT		0x10
#define BARS_END	0x28
#define BARS_LEN	(BARS_END - BARS_AT)
#define WINDOW_LEN	0x30	/* from BARS_AT: the BARs and what follows */
#define MEMORY_BAR	0xcu	/* 64-bit, prefetchable */

struct model {
	uint64_t stored[3];
	uint64_t size[3];
	uint64_t type[3];
	uint8_t behind[WINDOW_LEN - BARS_LEN];
};

FIXTURE(config_bars) {
	struct gpu gpu;
	struct model model;
};

FIXTURE_VARIANT(config_bars) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(config_bars);

static int window(const struct gpu *gpu, uint8_t *buf)
{
	unsigned int i;

	for (i = 0; i < WINDOW_LEN; i++)
		if (gpu_read(gpu, GPU_CONFIG, BARS_AT + i, buf + i, 1) != 1)
			return -EIO;
	return 0;
}

static void model_learn(struct model *model, const struct gpu *gpu)
{
	uint8_t now[WINDOW_LEN] = { 0 };
	unsigned int bar;

	window(gpu, now);
	memcpy(model->stored, now, BARS_LEN);
	memcpy(model->behind, now + BARS_LEN, sizeof(model->behind));
	for (bar = 0; bar < 3; bar++) {
		model->size[bar] = gpu->region[2 * bar].size;
		model->type[bar] = model->stored[bar] & 0xf;
	}
}

static void model_write(struct model *model, unsigned int at, const uint8_t *buf,
			size_t len)
{
	uint8_t *bytes = (uint8_t *)model->stored;
	size_t i;

	for (i = 0; i < len; i++)
		if (at + i >= BARS_AT && at + i < BARS_END)
			bytes[at + i - BARS_AT] = buf[i];
}

static void model_show(const struct model *model, uint8_t *window_bytes)
{
	uint64_t value;
	unsigned int bar;

	for (bar = 0; bar < 3; bar++) {
		value = (model->stored[bar] & ~(model->size[bar] - 1)) |
			model->type[bar];
		memcpy(window_bytes + 8 * bar, &value, 8);
	}
	memcpy(window_bytes + BARS_LEN, model->behind, sizeof(model->behind));
}

/* Offset in config space of the first byte that differs, 0 if none does. */
static unsigned int model_differs(const struct model *model,
				  const struct gpu *gpu)
{
	uint8_t want[WINDOW_LEN], seen[WINDOW_LEN];
	unsigned int i;

	model_show(model, want);
	if (window(gpu, seen))
		return ~0u;
	for (i = 0; i < WINDOW_LEN; i++)
		if (want[i] != seen[i])
			return BARS_AT + i;
	return 0;
}

/* The same with one bulk read of @len bytes at @at. */
static unsigned int model_differs_at(const struct model *model,
				     const struct gpu *gpu, unsigned int at,
				     size_t len)
{
	uint8_t want[WINDOW_LEN], seen[64];
	unsigned int i;

	model_show(model, want);
	memset(seen, 0x5e, sizeof(seen));
	if (gpu_read(gpu, GPU_CONFIG, at, seen, len) != (ssize_t)len)
		return ~0u;
	for (i = 0; i < len; i++)
		if (want[at - BARS_AT + i] != seen[i])
			return at + i;
	return seen[len] == 0x5e ? 0 : at + (unsigned int)len;
}

FIXTURE_SETUP(config_bars)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	model_learn(&self->model, &self->gpu);
}

FIXTURE_TEARDOWN(config_bars)
{
	gpu_close(&self->gpu);
}

static uint64_t bar_value(const struct gpu *gpu, unsigned int bar)
{
	uint64_t value = 0;

	gpu_read(gpu, GPU_CONFIG, BARS_AT + 4 * bar, &value, 8);
	return value;
}

static bool write_ones(const struct gpu *gpu, unsigned int bar)
{
	const uint32_t ones = ~0u;

	return gpu_write(gpu, GPU_CONFIG, BARS_AT + 4 * bar, &ones, 4) == 4 &&
	       gpu_write(gpu, GPU_CONFIG, BARS_AT + 4 * bar + 4, &ones, 4) == 4;
}

TEST_F(config_bars, memory_bars_start_empty_after_open)
{
	EXPECT_EQ(MEMORY_BAR, bar_value(&self->gpu, 4));
	if (gpu_has_resmem(&self->gpu))
		EXPECT_EQ(MEMORY_BAR, bar_value(&self->gpu, 2));
}

TEST_F(config_bars, sizing_by_dword_gives_the_region_size)
{
	unsigned int bar;

	for (bar = 2; bar <= 4; bar += 2) {
		ASSERT_TRUE(write_ones(&self->gpu, bar));
		EXPECT_EQ(self->gpu.region[bar].size,
			  ~(bar_value(&self->gpu, bar) & ~0xfull) + 1);
		EXPECT_EQ(MEMORY_BAR, bar_value(&self->gpu, bar) & 0xf);
	}
}

TEST_F(config_bars, bulk_read_of_64_bytes_shows_the_emulated_bars)	/* W11 */
{
	uint8_t bulk[64];
	uint64_t value;

	ASSERT_TRUE(write_ones(&self->gpu, 4));
	ASSERT_EQ(64, gpu_read(&self->gpu, GPU_CONFIG, BARS_AT, bulk, 64));
	memcpy(&value, bulk + 16, 8);
	EXPECT_EQ(~(self->gpu.region[4].size - 1) | MEMORY_BAR, value);
	memcpy(&value, bulk + 8, 8);
	EXPECT_EQ(bar_value(&self->gpu, 2), value);
	memcpy(&value, bulk, 8);
	EXPECT_EQ(bar_value(&self->gpu, 0), value);
}

TEST_F(config_bars, bulk_reads_of_the_whole_space_agree_with_byte_reads)
{
	static const size_t lengths[] = { 64, 256, 4096 };
	uint8_t bulk[4096], byte;
	unsigned int i, at;

	ASSERT_TRUE(write_ones(&self->gpu, 2));
	ASSERT_TRUE(write_ones(&self->gpu, 4));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		ASSERT_EQ((ssize_t)lengths[i],
			  gpu_read(&self->gpu, GPU_CONFIG, 0, bulk, lengths[i]));
		for (at = 0; at < 64; at++) {
			ASSERT_EQ(1, gpu_read(&self->gpu, GPU_CONFIG, at, &byte, 1));
			EXPECT_EQ(byte, bulk[at])
				TH_LOG("offset 0x%x of %zu", at, lengths[i]);
		}
	}
}

TEST_F(config_bars, write_of_12_bytes_at_0x14_reaches_every_byte)	/* W11 */
{
	uint8_t bytes[12];

	memset(bytes, 0xff, sizeof(bytes));
	EXPECT_EQ(12, gpu_write(&self->gpu, GPU_CONFIG, 0x14, bytes, 12));
	model_write(&self->model, 0x14, bytes, 12);
	EXPECT_EQ(0, model_differs(&self->model, &self->gpu));
}

/* Every offset and length, each with fresh random bytes, against the model. */
TEST_F_TIMEOUT(config_bars, every_offset_and_length_writes_exactly_its_bytes, 60)
{
	uint64_t random = test_seed() | 1;
	uint8_t bytes[16];
	unsigned int at, i;
	size_t len;

	for (at = BARS_AT; at <= BARS_END; at++) {
		for (len = 1; len <= sizeof(bytes); len++) {
			for (i = 0; i < len; i++)
				bytes[i] = (uint8_t)(next_random(&random) >> 24);
			ASSERT_EQ((ssize_t)len, gpu_write(&self->gpu, GPU_CONFIG,
							  at, bytes, len));
			model_write(&self->model, at, bytes, len);
			ASSERT_EQ(0, model_differs(&self->model, &self->gpu))
				TH_LOG("after %zu bytes at 0x%x", len, at);
		}
	}
}

TEST_F_TIMEOUT(config_bars, every_offset_and_length_reads_exactly_its_bytes, 60)
{
	uint64_t random = test_seed() | 1;
	uint8_t bytes[BARS_LEN];
	unsigned int at, i;
	size_t len;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(next_random(&random) >> 24);
	ASSERT_EQ(BARS_LEN, gpu_write(&self->gpu, GPU_CONFIG, BARS_AT, bytes,
				      BARS_LEN));
	model_write(&self->model, BARS_AT, bytes, BARS_LEN);
	for (at = BARS_AT; at <= BARS_END; at++)
		for (len = 1; len <= 16; len++)
			ASSERT_EQ(0, model_differs_at(&self->model, &self->gpu,
						      at, len))
				TH_LOG("%zu bytes at 0x%x", len, at);
}

TEST_F(config_bars, header_sized_write_keeps_the_read_only_bytes)
{
	uint8_t before[64], after[64];

	ASSERT_EQ(64, gpu_read(&self->gpu, GPU_CONFIG, 0, before, 64));
	ASSERT_EQ(64, gpu_write(&self->gpu, GPU_CONFIG, 0, before, 64));
	ASSERT_EQ(64, gpu_read(&self->gpu, GPU_CONFIG, 0, after, 64));
	EXPECT_EQ(0, memcmp(before, after, 64));
	EXPECT_EQ(0, model_differs(&self->model, &self->gpu));
}

TEST_F(config_bars, access_beyond_config_space_is_refused)
{
	uint8_t bytes[8] = { 0 };

	EXPECT_EQ(-EFAULT, gpu_read(&self->gpu, GPU_CONFIG, 4096, bytes, 1));
	EXPECT_EQ(-EFAULT, gpu_write(&self->gpu, GPU_CONFIG, 4096, bytes, 1));
	EXPECT_EQ(0, gpu_read(&self->gpu, GPU_CONFIG, BARS_AT, bytes, 0));
	EXPECT_EQ(0, gpu_write(&self->gpu, GPU_CONFIG, BARS_AT, bytes, 0));
}

TEST_F(config_bars, bad_buffer_is_refused_and_changes_nothing)
{
	void *hole = (void *)8;

	EXPECT_EQ(-EFAULT, gpu_read(&self->gpu, GPU_CONFIG, 0x20, hole, 8));
	EXPECT_EQ(-EFAULT, gpu_read(&self->gpu, GPU_CONFIG, 0x20, NULL, 4));
	EXPECT_EQ(-EFAULT, gpu_write(&self->gpu, GPU_CONFIG, 0x20, hole, 8));
	EXPECT_EQ(-EFAULT, gpu_write(&self->gpu, GPU_CONFIG, 0x22, NULL, 1));
	EXPECT_EQ(0, model_differs(&self->model, &self->gpu));
}

TEST_F(config_bars, every_open_file_of_the_device_sees_the_same_bars)
{
	int again = gpu_device_again(&self->gpu);
	uint64_t value = 0;

	ASSERT_GE(again, 0);
	ASSERT_TRUE(write_ones(&self->gpu, 4));
	EXPECT_EQ(8, pread(again, &value, 8, (off_t)(
		self->gpu.region[GPU_CONFIG].offset + 0x20)));
	EXPECT_EQ(bar_value(&self->gpu, 4), value);
	close(again);
}

TEST_F(config_bars, next_open_starts_empty_again)
{
	ASSERT_TRUE(write_ones(&self->gpu, 4));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
	EXPECT_EQ(MEMORY_BAR, bar_value(&self->gpu, 4));
}

/* Writers alternate two values in which a torn dword would show. */
#define VALUE_A		0x1111111111111111ull
#define VALUE_B		0xeeeeeeeeeeeeeeeeull

struct hammer {
	const struct gpu *gpu;
	_Atomic bool stop;
};

static int hammer_write(void *arg)
{
	const uint64_t values[] = { VALUE_A, VALUE_B };
	struct hammer *hammer = arg;
	unsigned int i;

	for (i = 0; !atomic_load(&hammer->stop); i++) {
		ssize_t n = gpu_write(hammer->gpu, GPU_CONFIG, 0x20,
				      &values[i % 2], 8);

		if (n != 8)
			return n < 0 ? (int)n : -EIO;
	}
	return 0;
}

TEST_F(config_bars, concurrent_writes_never_tear_a_dword)
{
	const uint64_t mask = ~(self->gpu.region[4].size - 1), first = VALUE_A;
	struct hammer hammer = { .gpu = &self->gpu };
	uint64_t until = now_ms() + 1500, high;
	struct worker writers[2];
	unsigned int i;

	ASSERT_EQ(8, gpu_write(&self->gpu, GPU_CONFIG, 0x20, &first, 8));
	for (i = 0; i < ARRAY_SIZE(writers); i++)
		ASSERT_EQ(0, worker_start(&writers[i], hammer_write, &hammer));
	while (now_ms() < until) {
		high = bar_value(&self->gpu, 4) >> 32;
		ASSERT_TRUE(high == (VALUE_A & mask) >> 32 ||
			    high == (VALUE_B & mask) >> 32)
			TH_LOG("torn value 0x%llx", (unsigned long long)high);
	}
	atomic_store(&hammer.stop, true);
	for (i = 0; i < ARRAY_SIZE(writers); i++)
		EXPECT_EQ(0, worker_wait(&writers[i], 5000));
}

/* However the device is reset, its memory BARs are empty afterwards. */
FIXTURE(config_bars_reset) {
	struct gpu gpu;
};

FIXTURE_VARIANT(config_bars_reset) {
	enum reset_kind kind;
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_RESETS(config_bars_reset);

FIXTURE_SETUP(config_bars_reset)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	NEEDS_RESET(&self->gpu, variant->kind);
}

FIXTURE_TEARDOWN(config_bars_reset)
{
	gpu_close(&self->gpu);
}

TEST_F(config_bars_reset, empties_the_memory_bars)	/* W11 */
{
	ASSERT_TRUE(write_ones(&self->gpu, 4));
	if (gpu_has_resmem(&self->gpu))
		ASSERT_TRUE(write_ones(&self->gpu, 2));
	ASSERT_NE(MEMORY_BAR, bar_value(&self->gpu, 4));
	ASSERT_EQ(0, gpu_reset_by(&self->gpu, variant->kind));
	EXPECT_EQ(MEMORY_BAR, bar_value(&self->gpu, 4));
	if (gpu_has_resmem(&self->gpu))
		EXPECT_EQ(MEMORY_BAR, bar_value(&self->gpu, 2));
}

TEST_F(config_bars_reset, leaves_the_bars_writable)
{
	ASSERT_EQ(0, gpu_reset_by(&self->gpu, variant->kind));
	ASSERT_TRUE(write_ones(&self->gpu, 4));
	EXPECT_EQ(~(self->gpu.region[4].size - 1) | MEMORY_BAR,
		  bar_value(&self->gpu, 4));
}

/* A device that cannot be reset; the administrator's own switch makes it so. */
FIXTURE(config_bars_no_reset) {
	const char *bdf;
	struct gpu gpu;
};

FIXTURE_SETUP(config_bars_no_reset)
{
	self->gpu = GPU_CLOSED;
	SETUP_BDF(self->bdf, 0);
	ASSERT_EQ(0, pci_attribute_write(self->bdf, "reset_method", "default"));
}

FIXTURE_TEARDOWN(config_bars_no_reset)
{
	EXPECT_EQ(0, pci_attribute_write(self->bdf, "reset_method", "default"));
	gpu_close(&self->gpu);
}

TEST_F(config_bars_no_reset, refused_reset_keeps_the_bars)	/* W17 */
{
	uint64_t before;

	ASSERT_EQ(0, pci_attribute_write(self->bdf, "reset_method", ""));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_TRUE(write_ones(&self->gpu, 4));
	before = bar_value(&self->gpu, 4);
	ASSERT_NE(MEMORY_BAR, before);
	EXPECT_EQ(-EINVAL, gpu_reset(&self->gpu));
	EXPECT_EQ(before, bar_value(&self->gpu, 4));
}

/* Where open and close reset nothing. */
TEST_F(config_bars_no_reset, next_open_starts_empty_again)
{
	ASSERT_EQ(0, pci_attribute_write(self->bdf, "reset_method", ""));
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_TRUE(write_ones(&self->gpu, 4));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	EXPECT_EQ(MEMORY_BAR, bar_value(&self->gpu, 4));
}

TEST_F(config_bars_no_reset, reset_that_fails_halfway_keeps_the_bars)	/* W17 */
{
	uint64_t before;

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_EQ(0, pci_attribute_write(self->bdf, "reset_method", ""));
	ASSERT_TRUE(write_ones(&self->gpu, 4));
	before = bar_value(&self->gpu, 4);
	EXPECT_EQ(-ENOTTY, gpu_reset(&self->gpu));
	EXPECT_EQ(before, bar_value(&self->gpu, 4));
}

/* The PCI core resets no bus that a Hopper part is on. */
TEST_F(config_bars_no_reset, refused_hot_reset_keeps_the_bars)	/* W17 */
{
	uint64_t before;

	ASSERT_EQ(0, gpu_open(&self->gpu, self->bdf));
	ASSERT_TRUE(write_ones(&self->gpu, 4));
	before = bar_value(&self->gpu, 4);
	EXPECT_EQ(-ENODEV, gpu_reset_hot(&self->gpu));
	EXPECT_EQ(before, bar_value(&self->gpu, 4));
}

TEST_HARNESS_MAIN
