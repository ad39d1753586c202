// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions as dma-bufs: which can be had, and that an importer reaches the memory
 * by DMA, for as long as the exporter lets it.
 *
 * The exporter is GPU0, a GPU with RESMEM and a physical BAR2; the importer is an
 * address space of iommufd, and GPU1's DMA engine in it.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "iommufd.h"
#include "poison.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"

#define LEN		MIB(2)
#define DMA_LEN		KIB(256)
#define IOVA		GIB(4)
#define COMMAND_MEMORY	0x2

FIXTURE(dmabuf) {
	struct gpu gpu;
	bool has_dmabufs;
};

FIXTURE_SETUP(dmabuf)
{
	int fd;

	SETUP_GPU(&self->gpu, 0);
	if (!gpu_has_resmem(&self->gpu))
		SKIP(return, "GPU0 has no RESMEM");
	fd = gpu_dmabuf(&self->gpu, 0, 0, page_size());
	if (fd == -ENOTTY)
		SKIP(return, "this kernel has no dma-bufs of VFIO regions");
	EXPECT_GE(fd, 0);
	close(fd);
}

FIXTURE_TEARDOWN(dmabuf)
{
	poison_clear(self->gpu.bdf);
	gpu_close(&self->gpu);
}

TEST_F(dmabuf, resmem_can_be_exported)
{
	const struct gpu_region *resmem = &self->gpu.region[GPU_RESMEM];
	int fd = gpu_dmabuf(&self->gpu, GPU_RESMEM, 0, resmem->real);
	off_t end;

	ASSERT_GE(fd, 0);
	end = lseek(fd, 0, SEEK_END);
	EXPECT_EQ(resmem->real, (uint64_t)end);
	close(fd);
}

/* vfio-pci-core knows only regions that are BARs of the physical function. */
TEST_F(dmabuf, usemem_without_physical_bar_is_refused)
{
	EXPECT_EQ(-ENODEV, gpu_dmabuf(&self->gpu, GPU_USEMEM, 0, LEN));
}

TEST_F(dmabuf, ranges_outside_the_memory_are_refused)
{
	uint64_t real = self->gpu.region[GPU_RESMEM].real;

	EXPECT_EQ(-EINVAL, gpu_dmabuf(&self->gpu, GPU_RESMEM, real, page_size()));
	EXPECT_EQ(-EINVAL, gpu_dmabuf(&self->gpu, GPU_RESMEM, real - page_size(),
				      2 * page_size()));
	EXPECT_EQ(-EINVAL, gpu_dmabuf(&self->gpu, GPU_RESMEM, 0, 0));
	EXPECT_EQ(-EINVAL, gpu_dmabuf(&self->gpu, GPU_RESMEM, 512, page_size()));
	EXPECT_EQ(-EOVERFLOW, gpu_dmabuf(&self->gpu, GPU_RESMEM,
					 -(uint64_t)page_size(), page_size()));
}

TEST_F(dmabuf, range_with_a_bad_page_is_refused)
{
	uint64_t bad = poison_address(&self->gpu, GPU_RESMEM, page_size());
	int fd;

	ASSERT_NE(0, bad);
	poison_elsewhere(bad);
	ASSERT_EQ(0, poison_wait(self->gpu.bdf, 1));
	EXPECT_EQ(-EIO, gpu_dmabuf(&self->gpu, GPU_RESMEM, 0, LEN));
	fd = gpu_dmabuf(&self->gpu, GPU_RESMEM, 2 * page_size(), LEN);
	EXPECT_GE(fd, 0);
	close(fd);
}

/* In the order in which they are named. */
TEST_F(dmabuf, several_ranges_are_one_buffer)
{
	const struct vfio_region_dma_range ranges[] = {
		{ MIB(4), LEN }, { 0, page_size() }, { MIB(8), LEN },
	};
	int fd = gpu_dmabuf_of(&self->gpu, GPU_RESMEM, ranges, 3);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(2 * LEN + page_size(), (uint64_t)lseek(fd, 0, SEEK_END));
	close(fd);
}

TEST_F(dmabuf, every_range_is_looked_at)
{
	const uint64_t real = self->gpu.region[GPU_RESMEM].real;
	struct vfio_region_dma_range ranges[] = { { 0, LEN }, { real, page_size() } };

	EXPECT_EQ(-EINVAL, gpu_dmabuf_of(&self->gpu, GPU_RESMEM, ranges, 2));
	ranges[1].offset = MIB(4);
	ASSERT_EQ(0, poison_elsewhere(poison_address(&self->gpu, GPU_RESMEM, MIB(4))));
	ASSERT_EQ(0, poison_wait(self->gpu.bdf, 1));
	EXPECT_EQ(-EIO, gpu_dmabuf_of(&self->gpu, GPU_RESMEM, ranges, 2));
}

/* The importer: GPU1 in an address space with GPU0's memory in it. */
FIXTURE(dmabuf_import) {
	struct gpu exporter;
	struct gpu importer;
	int iommufd;
	uint32_t ioas;
	int dmabuf;
};

FIXTURE_SETUP(dmabuf_import)
{
	self->iommufd = ioas_new(&self->ioas);
	if (self->iommufd == -ENOENT)
		SKIP(return, "this kernel has no iommufd");
	ASSERT_GE(self->iommufd, 0);
	SETUP_GPU(&self->exporter, 0);
	ASSERT_NE(NULL, gpu_bdf(1));
	ASSERT_EQ(0, gpu_open_iommufd(&self->importer, gpu_bdf(1), self->iommufd,
				      self->ioas));
	NEEDS_TESTBLOCK(&self->importer);
	self->dmabuf = gpu_dmabuf(&self->exporter, GPU_RESMEM, 0, LEN);
	if (self->dmabuf == -ENOTTY)
		SKIP(return, "this kernel has no dma-bufs of VFIO regions");
	ASSERT_GE(self->dmabuf, 0);
	ASSERT_EQ(0, ioas_map_dmabuf(self->iommufd, self->ioas, self->dmabuf, IOVA,
				     LEN));
}

FIXTURE_TEARDOWN(dmabuf_import)
{
	close(self->dmabuf);
	gpu_close(&self->importer);
	gpu_close(&self->exporter);
	close(self->iommufd);
}

static uint32_t dma(const struct gpu *importer, uint32_t command)
{
	return testblock_dma(importer, command, 0, IOVA, DMA_LEN, -1);
}

TEST_F(dmabuf_import, importer_writes_into_the_memory)
{
	uint8_t *bytes = malloc(DMA_LEN);

	pattern_fill(bytes, DMA_LEN, 21, 0);
	ASSERT_EQ(DMA_LEN, gpu_write(&self->importer, GPU_USEMEM, 0, bytes, DMA_LEN));
	ASSERT_EQ(TB_DMA_OK, dma(&self->importer, TB_DMA_TO_IOVA));
	memset(bytes, 0, DMA_LEN);
	ASSERT_EQ(DMA_LEN, gpu_read(&self->exporter, GPU_RESMEM, 0, bytes, DMA_LEN));
	EXPECT_EQ(DMA_LEN, pattern_check(bytes, DMA_LEN, 21, 0));
	free(bytes);
}

TEST_F(dmabuf_import, importer_reads_the_memory)
{
	uint8_t *bytes = malloc(DMA_LEN);

	pattern_fill(bytes, DMA_LEN, 22, 0);
	ASSERT_EQ(DMA_LEN, gpu_write(&self->exporter, GPU_RESMEM, 0, bytes, DMA_LEN));
	ASSERT_EQ(TB_DMA_OK, dma(&self->importer, TB_DMA_FROM_IOVA));
	memset(bytes, 0, DMA_LEN);
	ASSERT_EQ(DMA_LEN, gpu_read(&self->importer, GPU_USEMEM, 0, bytes, DMA_LEN));
	EXPECT_EQ(DMA_LEN, pattern_check(bytes, DMA_LEN, 22, 0));
	free(bytes);
}

TEST_F(dmabuf_import, memory_decode_off_takes_it_away)
{
	ASSERT_EQ(0, gpu_command(&self->exporter, 0, COMMAND_MEMORY));
	EXPECT_EQ(TB_DMA_ERROR, dma(&self->importer, TB_DMA_TO_IOVA));
}

TEST_F(dmabuf_import, end_of_the_exporter_takes_it_away)
{
	gpu_close(&self->exporter);
	EXPECT_EQ(TB_DMA_ERROR, dma(&self->importer, TB_DMA_TO_IOVA));
}

TEST_HARNESS_MAIN
