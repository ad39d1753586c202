// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process may do to a mapping of device memory after it has one:
 * protect, split, unmap in parts, move, fork, lock, advise.  Every test ends by
 * reading the memory back through a second, untouched mapping.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"

#define MAP_LEN	MIB(8)

FIXTURE(mmap_lifecycle) {
	struct gpu gpu;
	volatile uint64_t *map;		/* MAP_LEN bytes from offset 0 */
	volatile uint64_t *witness;	/* the same bytes, mapped again */
	uint64_t seed;
	size_t page;
};

FIXTURE_VARIANT(mmap_lifecycle) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(mmap_lifecycle);

/* Word @at of the memory holds pattern_word(seed, at) in every eighth page. */
static void mark(volatile uint64_t *map, uint64_t seed, size_t page)
{
	size_t at;

	for (at = 0; at < MAP_LEN / 8; at += page)
		map[at] = pattern_word(seed, at);
}

static bool marks_right(volatile uint64_t *map, uint64_t seed, size_t page,
			size_t from, size_t to)
{
	size_t at;

	for (at = from / 8; at < to / 8; at += page)
		if (map[at - from / 8] != pattern_word(seed, at))
			return false;
	return true;
}

FIXTURE_SETUP(mmap_lifecycle)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->page = page_size();
	self->seed = test_seed();
	self->map = gpu_map(&self->gpu, variant->region, 0, MAP_LEN,
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	self->witness = gpu_map(&self->gpu, variant->region, 0, MAP_LEN,
				PROT_READ);
	ASSERT_NE(MAP_FAILED, self->witness);
	mark(self->map, self->seed, self->page);
}

FIXTURE_TEARDOWN(mmap_lifecycle)
{
	gpu_close(&self->gpu);
}

#define EXPECT_MARKS(map) \
	EXPECT_TRUE(marks_right(map, self->seed, self->page, 0, MAP_LEN))

TEST_F(mmap_lifecycle, two_mappings_show_the_same_bytes)
{
	EXPECT_MARKS(self->map);
	EXPECT_MARKS(self->witness);
	self->map[5] = 0x123456789abcdef0ull;
	EXPECT_EQ(0x123456789abcdef0ull, self->witness[5]);
}

TEST_F(mmap_lifecycle, mapping_outlives_the_device_file)
{
	gpu_close(&self->gpu);
	EXPECT_MARKS(self->map);
	EXPECT_MARKS(self->witness);
	munmap((void *)self->map, MAP_LEN);
	munmap((void *)self->witness, MAP_LEN);
	/* The last mapping gone, the device is free for the next user. */
	EXPECT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
}

TEST_F(mmap_lifecycle, read_only_mapping_cannot_be_written)
{
	EXPECT_EQ(-ENXIO, touch_write(self->witness, 1));
	EXPECT_EQ(0, mprotect((void *)self->witness, MAP_LEN,
			      PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, touch_write(&self->witness[1], 77));
	EXPECT_EQ(77, self->map[1]);
}

TEST_F(mmap_lifecycle, protection_can_be_taken_and_given_back)
{
	uint64_t value;

	ASSERT_EQ(0, mprotect((void *)self->map, MAP_LEN, PROT_NONE));
	EXPECT_EQ(-ENXIO, touch_read(self->map, &value));
	ASSERT_EQ(0, mprotect((void *)self->map, MAP_LEN, PROT_READ));
	EXPECT_EQ(-ENXIO, touch_write(self->map, 1));
	EXPECT_MARKS(self->map);
	ASSERT_EQ(0, mprotect((void *)self->map, MAP_LEN,
			      PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, touch_write(&self->map[1], 4711));
	EXPECT_EQ(4711, self->witness[1]);
}

/* Newer kernels refuse it for the files of groups, before the driver is asked. */
TEST_F(mmap_lifecycle, executable_mapping_is_refused)
{
	void *exec = mmap(NULL, self->page, PROT_READ | PROT_EXEC, MAP_SHARED,
			  self->gpu.device,
			  (off_t)self->gpu.region[variant->region].offset);

	EXPECT_EQ(MAP_FAILED, exec);
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, mprotect((void *)self->map, self->page,
			       PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	EXPECT_MARKS(self->witness);
}

TEST_F(mmap_lifecycle, unmapping_the_middle_keeps_both_ends)
{
	char *map = (char *)(uintptr_t)self->map;
	uint64_t value;

	/* Cuts a huge page in two: the hole starts and ends inside one. */
	ASSERT_EQ(0, munmap(map + MIB(1), MIB(5)));
	EXPECT_EQ(-ENXIO, touch_read(map + MIB(1), &value));
	EXPECT_EQ(-ENXIO, touch_read(map + MIB(6) - 8, &value));
	EXPECT_TRUE(marks_right((void *)map, self->seed, self->page, 0, MIB(1)));
	EXPECT_TRUE(marks_right((void *)(map + MIB(6)), self->seed, self->page,
				MIB(6), MIB(8)));
	EXPECT_MARKS(self->witness);
}

TEST_F(mmap_lifecycle, unmapping_one_page_keeps_its_neighbours)
{
	char *map = (char *)(uintptr_t)self->map;
	uint64_t value;

	ASSERT_EQ(0, munmap(map + self->page, self->page));
	EXPECT_EQ(0, touch_read(map, &value));
	EXPECT_EQ(-ENXIO, touch_read(map + self->page, &value));
	EXPECT_EQ(0, touch_read(map + 2 * self->page, &value));
	EXPECT_TRUE(marks_right((void *)(map + MIB(1)), self->seed, self->page,
				MIB(1), MIB(8)));
}

TEST_F(mmap_lifecycle, hole_can_be_mapped_again)
{
	char *map = (char *)(uintptr_t)self->map;

	ASSERT_EQ(0, munmap(map + MIB(2), MIB(2)));
	ASSERT_EQ(map + MIB(2),
		  gpu_map_fixed(&self->gpu, variant->region, MIB(2), MIB(2),
				PROT_READ | PROT_WRITE, map + MIB(2)));
	EXPECT_MARKS(self->map);
}

TEST_F(mmap_lifecycle, part_of_a_huge_page_can_be_protected)
{
	char *map = (char *)(uintptr_t)self->map;

	ASSERT_EQ(0, mprotect(map + MIB(1), self->page, PROT_READ));
	EXPECT_EQ(-ENXIO, touch_write(map + MIB(1), 1));
	EXPECT_EQ(0, touch_write(map + MIB(1) + self->page + 8, 1));
	EXPECT_MARKS(self->map);
}

TEST_F(mmap_lifecycle, moved_mapping_shows_the_same_bytes)
{
	void *moved, *where = reserve_aligned(MAP_LEN, MIB(2));

	moved = mremap((void *)self->map, MAP_LEN, MAP_LEN,
		       MREMAP_MAYMOVE | MREMAP_FIXED, where);
	ASSERT_EQ(where, moved);
	self->map = moved;
	EXPECT_MARKS(self->map);
	EXPECT_EQ(0, touch_write(&self->map[1], 99));
	EXPECT_EQ(99, self->witness[1]);
}

TEST_F(mmap_lifecycle, mapping_moved_to_an_odd_address_shows_the_same_bytes)
{
	char *where = reserve_aligned(MAP_LEN + MIB(2), MIB(2));
	void *moved;

	moved = mremap((void *)self->map, MAP_LEN, MAP_LEN,
		       MREMAP_MAYMOVE | MREMAP_FIXED, where + self->page);
	ASSERT_EQ(where + self->page, moved);
	self->map = moved;
	EXPECT_MARKS(self->map);
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	mark(self->map, self->seed, self->page);
	EXPECT_MARKS(self->witness);
}

TEST_F(mmap_lifecycle, growing_a_mapping_is_refused)
{
	void *grown = mremap((void *)self->map, MAP_LEN, 2 * MAP_LEN,
			     MREMAP_MAYMOVE);

	EXPECT_EQ(MAP_FAILED, grown);
	EXPECT_EQ(EFAULT, errno);
	EXPECT_MARKS(self->map);
}

TEST_F(mmap_lifecycle, shrinking_a_mapping_keeps_the_rest)
{
	uint64_t value;

	ASSERT_EQ(self->map, mremap((void *)self->map, MAP_LEN, MIB(3), 0));
	EXPECT_TRUE(marks_right(self->map, self->seed, self->page, 0, MIB(3)));
	EXPECT_EQ(-ENXIO, touch_read((char *)(uintptr_t)self->map + MIB(3),
				     &value));
	EXPECT_MARKS(self->witness);
}

TEST_F(mmap_lifecycle, child_shares_the_memory)
{
	pid_t child = fork();
	int status;

	ASSERT_GE(child, 0);
	if (!child) {
		if (!marks_right(self->map, self->seed, self->page, 0, MAP_LEN))
			_exit(2);
		self->map[3] = 0x600df00d;
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0x600df00d, self->witness[3]);
	EXPECT_MARKS(self->map);
}

TEST_F(mmap_lifecycle, child_keeps_the_mapping_when_the_parent_drops_it)
{
	int gate[2], status;
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(gate));
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) != 0)
			_exit(3);
		_exit(marks_right(self->map, self->seed, self->page, 0, MAP_LEN) ?
		      0 : 2);
	}
	munmap((void *)self->map, MAP_LEN);
	munmap((void *)self->witness, MAP_LEN);
	gpu_close(&self->gpu);
	close(gate[0]);
	close(gate[1]);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(mmap_lifecycle, memory_can_be_locked_and_unlocked)
{
	EXPECT_EQ(0, mlock((void *)self->map, MAP_LEN));
	EXPECT_MARKS(self->map);
	EXPECT_EQ(0, munlock((void *)self->map, MAP_LEN));
	EXPECT_MARKS(self->witness);
}

/* Whatever advice is given or refused, the bytes stay what they are. */
TEST_F(mmap_lifecycle, no_advice_disturbs_the_mapping)
{
	int advice;

	for (advice = 0; advice <= 25; advice++)
		madvise((void *)self->map, MAP_LEN, advice);
	EXPECT_MARKS(self->map);
	EXPECT_MARKS(self->witness);
}

TEST_F(mmap_lifecycle, dropping_the_pages_is_refused)
{
	EXPECT_EQ(-1, madvise((void *)self->map, MAP_LEN, MADV_DONTNEED));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, madvise((void *)self->map, MAP_LEN, MADV_FREE));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(mmap_lifecycle, another_process_cannot_read_it_through_proc)
{
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	uint64_t value;

	ASSERT_GE(mem, 0);
	EXPECT_EQ(-1, pread(mem, &value, 8, (off_t)(uintptr_t)self->map));
	EXPECT_EQ(EIO, errno);
	close(mem);
	EXPECT_MARKS(self->map);
}

/* Copying system calls read the mapping like any memory. */
TEST_F(mmap_lifecycle, system_calls_copy_from_the_mapping)
{
	uint64_t words[512];
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(4096, write(ends[1], (void *)self->map, 4096));
	ASSERT_EQ(4096, read(ends[0], words, 4096));
	EXPECT_EQ(pattern_word(self->seed, 0), words[0]);
	ASSERT_EQ(8, write(ends[1], "12345678", 8));
	ASSERT_EQ(8, read(ends[0], (void *)&self->map[9], 8));
	EXPECT_EQ(0, memcmp((void *)&self->witness[9], "12345678", 8));
}

TEST_F(mmap_lifecycle, vma_flags_are_those_of_coherent_device_memory)
{
	static const char *const wanted[] = { "sh", "io", "pf", "de", "dd" };
	static const char *const banned[] = { "mm", "ht", "dc" };
	char flags[256], word[8];
	unsigned int i;

	ASSERT_EQ(0, vm_flags_of((void *)self->map, flags, sizeof(flags)));
	TH_LOG("VmFlags:%s", flags);
	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		snprintf(word, sizeof(word), " %s ", wanted[i]);
		EXPECT_NE(NULL, strstr(flags, word))
			TH_LOG("missing %s", wanted[i]);
	}
	for (i = 0; i < ARRAY_SIZE(banned); i++) {
		snprintf(word, sizeof(word), " %s ", banned[i]);
		EXPECT_NULL(strstr(flags, word))
			TH_LOG("unwanted %s", banned[i]);
	}
}

/* Normal memory allows it; a Device mapping would end here with SIGBUS. */
TEST_F(mmap_lifecycle, unaligned_access_works)
{
	char *map = (char *)(uintptr_t)self->map;
	unsigned int shift;
	uint64_t value;

	for (shift = 1; shift < 8; shift++) {
		ASSERT_EQ(0, touch_write(map + 64 + shift, 0x0102030405060708ull));
		ASSERT_EQ(0, touch_read(map + 64 + shift, &value));
		EXPECT_EQ(0x0102030405060708ull, value);
	}
	/* Across a page and across a huge page. */
	ASSERT_EQ(0, touch_write(map + self->page - 3, 0x1122334455667788ull));
	ASSERT_EQ(0, touch_read(map + self->page - 3, &value));
	EXPECT_EQ(0x1122334455667788ull, value);
	ASSERT_EQ(0, touch_write(map + MIB(2) - 5, 0x99aabbccddeeff00ull));
	ASSERT_EQ(0, touch_read(map + MIB(2) - 5, &value));
	EXPECT_EQ(0x99aabbccddeeff00ull, value);
}

TEST_F(mmap_lifecycle, block_zeroing_works)
{
	memset((void *)self->map, 0, MIB(1));
	EXPECT_EQ(0, self->witness[2]);
	EXPECT_EQ(0, self->witness[MIB(1) / 8 - 1]);
	EXPECT_TRUE(marks_right(self->map + MIB(1) / 8, self->seed, self->page,
				MIB(1), MIB(8)));
}

/* Only USEMEM is cacheable, so only there the architecture promises atomics. */
FIXTURE(mmap_cacheable) {
	struct gpu gpu;
	uint64_t *map;
};

FIXTURE_VARIANT(mmap_cacheable) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(mmap_cacheable);

FIXTURE_SETUP(mmap_cacheable)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, page_size(),
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(mmap_cacheable)
{
	gpu_close(&self->gpu);
}

TEST_F(mmap_cacheable, atomics_work)
{
	uint64_t seen = 0;

	self->map[2] = 40;
	EXPECT_EQ(40, __atomic_fetch_add(&self->map[2], 2, __ATOMIC_SEQ_CST));
	EXPECT_EQ(42, __atomic_exchange_n(&self->map[2], 7, __ATOMIC_SEQ_CST));
	ASSERT_EQ(8, gpu_read(&self->gpu, GPU_USEMEM, 16, &seen, 8));
	EXPECT_EQ(7, seen);
}

TEST_HARNESS_MAIN
