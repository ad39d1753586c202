// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA of the GPU through the IOMMU: between its memory and user memory in both
 * directions, into its own memory through a type1 mapping of the mapping, and
 * to addresses that nobody mapped.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define IOVA	GIB(4)
#define LEN	(256 << 10)

FIXTURE(dma) {
	struct gpu gpu;
	uint8_t *user;
	uint8_t *map;
};

FIXTURE_VARIANT(dma) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(dma);

FIXTURE_SETUP(dma)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	NEEDS_TESTBLOCK(&self->gpu);
	self->user = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->user);
	self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(32),
			    PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(dma)
{
	gpu_close(&self->gpu);
}

TEST_F(dma, gpu_writes_into_user_memory)
{
	pattern_fill(self->map, LEN, 11, 0);
	ASSERT_EQ(0, gpu_dma_map(&self->gpu, self->user, IOVA, LEN));
	ASSERT_EQ(TB_DMA_OK, testblock_dma(&self->gpu, TB_DMA_TO_IOVA, 0, IOVA,
					   LEN, -1));
	EXPECT_EQ(LEN, pattern_check(self->user, LEN, 11, 0));
}

TEST_F(dma, gpu_reads_from_user_memory)
{
	pattern_fill(self->user, LEN, 12, 0);
	ASSERT_EQ(0, gpu_dma_map(&self->gpu, self->user, IOVA, LEN));
	ASSERT_EQ(TB_DMA_OK, testblock_dma(&self->gpu, TB_DMA_FROM_IOVA, MIB(3),
					   IOVA, LEN, -1));
	EXPECT_EQ(LEN, pattern_check(self->map + MIB(3), LEN, 12, 0));
}

TEST_F(dma, completion_interrupt_follows_the_data)
{
	int fd = gpu_eventfd(&self->gpu, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1);

	ASSERT_GE(fd, 0);
	pattern_fill(self->map, 4096, 13, 0);
	ASSERT_EQ(0, gpu_dma_map(&self->gpu, self->user, IOVA, LEN));
	ASSERT_EQ(TB_DMA_OK, testblock_dma(&self->gpu, TB_DMA_TO_IOVA, 0, IOVA,
					   4096, 0));
	EXPECT_EQ(0, eventfd_wait(fd, 2000));
	EXPECT_EQ(4096, pattern_check(self->user, 4096, 13, 0));
	close(fd);
}

TEST_F(dma, odd_places_and_lengths_move_exactly_their_bytes)
{
	pattern_fill(self->map, LEN, 14, 0);
	memset(self->user, 0x5e, LEN);
	ASSERT_EQ(0, gpu_dma_map(&self->gpu, self->user, IOVA, LEN));
	ASSERT_EQ(TB_DMA_OK, testblock_dma(&self->gpu, TB_DMA_TO_IOVA, 7,
					   IOVA + 4093, 9001, -1));
	EXPECT_EQ(0x5e, self->user[4092]);
	EXPECT_EQ(9001, pattern_check(self->user + 4093, 9001, 14, 7));
	EXPECT_EQ(0x5e, self->user[4093 + 9001]);
}

TEST_F(dma, unmapped_address_is_an_error_and_changes_nothing)
{
	memset(self->map, 0x21, LEN);
	EXPECT_EQ(TB_DMA_ERROR, testblock_dma(&self->gpu, TB_DMA_FROM_IOVA, 0,
					      IOVA, LEN, -1));
	EXPECT_EQ(0x21, self->map[0]);
	EXPECT_EQ(0x21, self->map[LEN - 1]);
	EXPECT_EQ(TB_DMA_ERROR, testblock_dma(&self->gpu, TB_DMA_TO_IOVA, 0,
					      IOVA, LEN, -1));
}

TEST_F(dma, unmapping_ends_access)
{
	memset(self->user, 0x33, LEN);
	pattern_fill(self->map, LEN, 15, 0);
	ASSERT_EQ(0, gpu_dma_map(&self->gpu, self->user, IOVA, LEN));
	ASSERT_EQ(0, gpu_dma_unmap(&self->gpu, IOVA, LEN));
	EXPECT_EQ(TB_DMA_ERROR, testblock_dma(&self->gpu, TB_DMA_TO_IOVA, 0,
					      IOVA, LEN, -1));
	EXPECT_EQ(0x33, self->user[0]);
}

TEST_F(dma, without_bus_mastering_nothing_moves)
{
	ASSERT_EQ(0, gpu_dma_map(&self->gpu, self->user, IOVA, LEN));
	ASSERT_EQ(0, gpu_command(&self->gpu, 0, 4));
	EXPECT_EQ(TB_DMA_ERROR, testblock_dma(&self->gpu, TB_DMA_TO_IOVA, 0,
					      IOVA, 4096, -1));
	ASSERT_EQ(0, gpu_command(&self->gpu, 4, 0));
	EXPECT_EQ(TB_DMA_OK, testblock_dma(&self->gpu, TB_DMA_TO_IOVA, 0, IOVA,
					   4096, -1));
}

/* What QEMU does with every RAM-like region: it becomes DMA-able too. */
TEST_F(dma, memory_itself_can_be_dma_mapped)
{
	pattern_fill(self->map, LEN, 16, 0);
	ASSERT_EQ(0, gpu_dma_map(&self->gpu, self->map, IOVA, MIB(32)));
	ASSERT_EQ(TB_DMA_OK, testblock_dma(&self->gpu, TB_DMA_TO_IOVA, 0,
					   IOVA + MIB(16), LEN, -1));
	EXPECT_EQ(LEN, pattern_check(self->map + MIB(16), LEN, 16, 0));
	EXPECT_EQ(0, gpu_dma_unmap(&self->gpu, IOVA, MIB(32)));
}

TEST_F(dma, resmem_can_be_dma_mapped)
{
	void *map;

	if (!gpu_has_resmem(&self->gpu))
		SKIP(return, "GPU%u has no RESMEM", variant->gpu);
	map = gpu_map(&self->gpu, GPU_RESMEM, 0, MIB(16), PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, map);
	pattern_fill(self->map, LEN, 17, 0);
	ASSERT_EQ(0, gpu_dma_map(&self->gpu, map, IOVA, MIB(16)));
	ASSERT_EQ(TB_DMA_OK, testblock_dma(&self->gpu, TB_DMA_TO_IOVA, 0,
					   IOVA + MIB(8), LEN, -1));
	EXPECT_EQ(LEN, pattern_check((char *)map + MIB(8), LEN, 17, 0));
}

static int dma_map_memory(void *arg)
{
	FIXTURE_DATA(dma) *self = arg;

	return gpu_dma_map(&self->gpu, self->map, IOVA, MIB(4));
}

TEST_F(dma, mapping_memory_waits_for_a_device_that_is_late)
{
	struct worker mapper;

	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, 1200));
	ASSERT_EQ(0, worker_start(&mapper, dma_map_memory, self));
	EXPECT_EQ(0, worker_wait(&mapper, 6000));
	EXPECT_EQ(0, testblock_read(&self->gpu, TB_EARLY));
	/* The device model lets its own DMA through only after the first touch. */
	ASSERT_EQ(0, touch_every(self->map, 8, 8));
	ASSERT_EQ(0, gpu_command(&self->gpu, 6, 0));
	EXPECT_EQ(TB_DMA_OK, testblock_dma(&self->gpu, TB_DMA_TO_IOVA, MIB(8),
					   IOVA, 4096, -1));
}

TEST_F(dma, mapping_memory_of_a_dead_device_fails_at_once)
{
	struct worker mapper;

	ASSERT_EQ(0, testblock_write(&self->gpu, TB_FAULTS, TB_FAULT_ALL_ONES));
	ASSERT_EQ(0, testblock_reset_unready(&self->gpu, TB_NEVER));
	ASSERT_EQ(0, worker_start(&mapper, dma_map_memory, self));
	EXPECT_GT(0, worker_wait(&mapper, 3000));
	EXPECT_TRUE(worker_done(&mapper));
}

/* A user that dies while the mapping waits must be reaped, not stuck. */
TEST_F(dma, killed_while_mapping_memory_frees_the_device)
{
	uint64_t deadline;
	pid_t child;
	int status;

	gpu_close(&self->gpu);
	munmap(self->map, MIB(32));
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		if (gpu_open(&self->gpu, gpu_bdf(variant->gpu)))
			_exit(2);
		self->map = gpu_map(&self->gpu, GPU_USEMEM, 0, MIB(4),
				    PROT_READ | PROT_WRITE);
		if (testblock_reset_unready(&self->gpu, TB_NEVER))
			_exit(3);
		_exit(dma_map_memory(self) ? 4 : 5);
	}
	sleep_ms(1500);
	ASSERT_EQ(0, kill(child, SIGKILL));
	for (deadline = now_ms() + 4000; now_ms() < deadline; sleep_ms(10))
		if (waitpid(child, &status, WNOHANG) == child)
			break;
	ASSERT_LT(now_ms(), deadline);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
}

/*
 * What is not promised, see the threat model: type1 keeps what one GPU of a container
 * may reach of another's memory until the last of them has left the container, whoever
 * has that memory by then. No driver of a device can prevent it.
 */
TEST_F(dma, memory_stays_reachable_for_a_gpu_of_the_same_container)
{
	const char *other = gpu_bdf(variant->gpu ? 0 : 1);
	struct gpu keeper;
	uint8_t byte;

	ASSERT_NE(NULL, other);
	ASSERT_EQ(0, gpu_open_beside(&keeper, other, &self->gpu));
	ASSERT_EQ(0, gpu_dma_map(&keeper, self->map, IOVA, MIB(32)));
	munmap(self->map, MIB(32));
	gpu_close(&self->gpu);
	/* The next tenant, in a container of his own. */
	ASSERT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
	byte = 0;
	ASSERT_EQ(1, gpu_write(&self->gpu, GPU_USEMEM, 0, &byte, 1));

	byte = 0x77;
	ASSERT_EQ(1, gpu_write(&keeper, GPU_USEMEM, 0, &byte, 1));
	EXPECT_EQ(TB_DMA_OK, testblock_dma(&keeper, TB_DMA_TO_IOVA, 0, IOVA, 1, -1));
	byte = 0;
	ASSERT_EQ(1, gpu_read(&self->gpu, GPU_USEMEM, 0, &byte, 1));
	EXPECT_EQ(0x77, byte);
	gpu_close(&keeper);
}

TEST_HARNESS_MAIN
