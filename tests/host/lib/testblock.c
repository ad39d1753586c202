// SPDX-License-Identifier: GPL-2.0-only
/* The device model's test block, by pread()/pwrite() of region 0. */

#include "testblock.h"

#include <errno.h>

uint32_t testblock_read(const struct gpu *gpu, enum testblock_register reg)
{
	uint32_t value = ~0u;

	gpu_read(gpu, 0, TB_AT + reg, &value, sizeof(value));
	return value;
}

uint64_t testblock_read64(const struct gpu *gpu, enum testblock_register reg)
{
	uint64_t value = ~0ull;

	gpu_read(gpu, 0, TB_AT + reg, &value, sizeof(value));
	return value;
}

int testblock_write(const struct gpu *gpu, enum testblock_register reg,
		    uint32_t value)
{
	ssize_t n = gpu_write(gpu, 0, TB_AT + reg, &value, sizeof(value));

	return n == sizeof(value) ? 0 : n < 0 ? (int)n : -EIO;
}

int testblock_write64(const struct gpu *gpu, enum testblock_register reg,
		      uint64_t value)
{
	ssize_t n = gpu_write(gpu, 0, TB_AT + reg, &value, sizeof(value));

	return n == sizeof(value) ? 0 : n < 0 ? (int)n : -EIO;
}

bool testblock_present(const struct gpu *gpu)
{
	return testblock_read(gpu, TB_MAGIC) == TB_MAGIC_VALUE;
}

int testblock_reset_unready(const struct gpu *gpu, uint32_t ms)
{
	int ret = testblock_write(gpu, TB_READY_DELAY_MS, ms);

	return ret ? ret : gpu_reset(gpu);
}

int testblock_make_ready(const struct gpu *gpu)
{
	int ret = testblock_write(gpu, TB_FAULTS, 0);

	return ret ? ret : testblock_write(gpu, TB_UNREADY_MS, 1);
}

int testblock_poison(const struct gpu *gpu, uint64_t mem)
{
	int ret = testblock_write64(gpu, TB_POISON_MEM, mem);

	return ret ? ret : testblock_write(gpu, TB_POISON_CMD, TB_POISON);
}

int testblock_heal(const struct gpu *gpu)
{
	return testblock_write(gpu, TB_POISON_CMD, TB_HEAL);
}

int testblock_rest(const struct gpu *gpu)
{
	bool disturbed;
	int ret;

	if (!testblock_present(gpu))
		return 0;
	disturbed = testblock_read(gpu, TB_READY_DELAY_MS) ||
		    testblock_read(gpu, TB_FAULTS) ||
		    !testblock_read64(gpu, TB_READY_NS);
	ret = testblock_write(gpu, TB_FAULTS, 0);
	if (!ret)
		ret = testblock_heal(gpu);
	if (!ret && disturbed)
		ret = testblock_reset_unready(gpu, 0);
	if (!ret)
		ret = testblock_write(gpu, TB_EARLY, 0);
	return ret;
}

int testblock_dma(const struct gpu *gpu, uint32_t command, uint64_t mem,
		  uint64_t iova, uint32_t len, int vector)
{
	uint32_t doorbell = command | TB_DMA_VECTOR(vector);

	if (testblock_write64(gpu, TB_DMA_IOVA, iova) ||
	    testblock_write64(gpu, TB_DMA_MEM, mem) ||
	    testblock_write(gpu, TB_DMA_LEN, len) ||
	    testblock_write(gpu, TB_DMA_CMD, doorbell))
		return -EIO;
	return (int)testblock_read(gpu, TB_DMA_STATUS);
}
