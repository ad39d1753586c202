// SPDX-License-Identifier: GPL-2.0-only
/*
 * A poisoned page of GPU memory is given to nobody (W6): it goes from every
 * mapping, read() and write() stop in front of it, and it stays on the list over
 * close, open, reset and while the device is unbound, until an administrator clears it.
 * Everything around it goes on working.
 */

#include <errno.h>
#include <string.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "kmsg.h"
#include "poison.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define PAGES		8
#define BAD		4	/* the bad one of them */
#define LISTED		256	/* pages the driver's list has room for */
#define SAID_MS		10000	/* more than the log needs, after the event */

FIXTURE(poison_memory) {
	struct gpu gpu;
	struct kmsg log;
	uint64_t page, start, bad, seed, address;
};

FIXTURE_VARIANT(poison_memory) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(poison_memory);

static void fill(FIXTURE_DATA(poison_memory) *self, unsigned int region)
{
	char bytes[65536];
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		pattern_fill(bytes, self->page, self->seed, i * self->page);
		gpu_write(&self->gpu, region, self->start + i * self->page,
			  bytes, self->page);
	}
}

FIXTURE_SETUP(poison_memory)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->page = page_size();
	self->seed = test_seed();
	self->start = pmd_size() + 16 * self->page;
	self->bad = self->start + BAD * self->page;
	self->address = poison_address(&self->gpu, variant->region, self->bad);
	ASSERT_NE(0, self->address);
	ASSERT_EQ(0, kmsg_mark(&self->log));
	fill(self, variant->region);
}

FIXTURE_TEARDOWN(poison_memory)
{
	poison_clear(gpu_bdf(variant->gpu));
	kmsg_close(&self->log);
	gpu_close(&self->gpu);
}

static int poison_it(const FIXTURE_DATA(poison_memory) *self)
{
	int ret = poison_elsewhere(self->address);

	return ret ? ret : poison_wait(self->gpu.bdf, 1);
}

TEST_F(poison_memory, page_goes_from_mappings_and_its_neighbours_stay)
{
	uint64_t value;
	unsigned int i;
	char *map;

	map = gpu_map(&self->gpu, variant->region, self->start,
		      PAGES * self->page, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, (void *)map);
	ASSERT_EQ(0, touch_every(map, PAGES * self->page, self->page));
	ASSERT_EQ(0, poison_it(self));
	EXPECT_EQ(0, poison_wait_withdrawn(map + BAD * self->page));
	for (i = 0; i < PAGES; i++) {
		if (i == BAD)
			continue;
		EXPECT_EQ(0, touch_read(map + i * self->page, &value));
		EXPECT_EQ(pattern_word(self->seed, i * self->page / 8), value);
	}
	EXPECT_EQ(-EFAULT, touch_read(map + BAD * self->page, &value));
	EXPECT_EQ(BUS_MCEERR_AR, touch_signal()->si_code);
}

/* A huge page that shows it goes as a whole, and comes back in pages without it. */
TEST_F(poison_memory, huge_page_is_shown_again_without_it)
{
	uint64_t huge = pmd_size(), first = self->bad / huge * huge, value;
	uint64_t faults, at;
	char *map;

	if (huge > MIB(32))
		SKIP(return, "walks a huge page by pages");
	map = gpu_map(&self->gpu, variant->region, first, huge, PROT_READ);
	ASSERT_NE(MAP_FAILED, (void *)map);
	ASSERT_EQ(0, touch_every(map, huge, self->page));
	ASSERT_EQ(0, poison_it(self));
	ASSERT_EQ(0, poison_wait_withdrawn(map + self->bad - first));
	faults = minor_faults();
	for (at = 0; at < huge; at += self->page)
		ASSERT_EQ(first + at == self->bad ? -EFAULT : 0,
			  touch_read(map + at, &value));
	faults = minor_faults() - faults;
	TH_LOG("faults=%llu for %llu pages", (unsigned long long)faults,
	       (unsigned long long)(huge / self->page));
	EXPECT_LE(huge / self->page - 2, faults);
}

/* One fault maps all blocks of a table; not the one with the page, but those after it. */
TEST_F(poison_memory, fault_beside_it_passes_over_its_block)
{
	uint64_t huge = pmd_size(), block = self->bad / huge * huge, faults, value;
	char *map;

	if (huge > MIB(32))
		SKIP(return, "wants three huge pages in a row");
	map = gpu_map(&self->gpu, variant->region, block - huge, 3 * huge, PROT_READ);
	ASSERT_NE(MAP_FAILED, (void *)map);
	ASSERT_EQ(0, poison_it(self));
	ASSERT_EQ(0, touch_read(map, &value));
	faults = minor_faults();
	EXPECT_EQ(0, touch_read(map + 2 * huge, &value));
	EXPECT_EQ(faults, minor_faults());
	map += huge + self->bad - block;
	EXPECT_EQ(-EFAULT, touch_read(map, &value));
	EXPECT_EQ(0, touch_read(map + self->page, &value));
	EXPECT_EQ(pattern_word(self->seed, (BAD + 1) * self->page / 8), value);
}

/* What read() goes through is not of pages: all of it goes, and comes back without it. */
TEST_F(poison_memory, kernels_own_view_goes_with_it)
{
	uint64_t before, now, value, deadline;

	/* From an open without one. */
	gpu_close(&self->gpu);
	ASSERT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
	physical_mappings(&before);
	ASSERT_EQ(8, gpu_read(&self->gpu, variant->region, self->start, &value, 8));
	physical_mappings(&now);
	ASSERT_GT(now, before);
	ASSERT_EQ(0, poison_it(self));
	/* A work item takes it away, a moment after the page is on the list. */
	deadline = now_ms() + 3000;
	do {
		sleep_ms(10);
		physical_mappings(&now);
	} while (now > before && now_ms() < deadline);
	EXPECT_EQ(before, now);
	EXPECT_EQ(8, gpu_read(&self->gpu, variant->region, self->start, &value, 8));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, variant->region, self->bad, &value, 8));
}

TEST_F(poison_memory, read_gives_what_is_before_it_then_eio)
{
	char bytes[PAGES * 65536];

	ASSERT_EQ(0, poison_it(self));
	EXPECT_EQ((ssize_t)(BAD * self->page),
		  gpu_read(&self->gpu, variant->region, self->start, bytes,
			   PAGES * self->page));
	EXPECT_EQ(BAD * self->page, pattern_check(bytes, BAD * self->page,
						  self->seed, 0));
	EXPECT_EQ(3, gpu_read(&self->gpu, variant->region, self->bad - 3,
			      bytes, 8));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, variant->region, self->bad,
				 bytes, 1));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, variant->region,
				 self->bad + self->page - 1, bytes, 8));
	EXPECT_EQ(8, gpu_read(&self->gpu, variant->region,
			      self->bad + self->page, bytes, 8));
	EXPECT_EQ(8, pattern_check(bytes, 8, self->seed,
				   (BAD + 1) * self->page));
}

TEST_F(poison_memory, write_stops_before_it_then_eio)
{
	char bytes[PAGES * 65536];

	ASSERT_EQ(0, poison_it(self));
	pattern_fill(bytes, PAGES * self->page, self->seed + 1, 0);
	EXPECT_EQ((ssize_t)(BAD * self->page),
		  gpu_write(&self->gpu, variant->region, self->start, bytes,
			    PAGES * self->page));
	EXPECT_EQ(-EIO, gpu_write(&self->gpu, variant->region, self->bad,
				  bytes, 8));
	EXPECT_EQ(8, gpu_read(&self->gpu, variant->region,
			      self->bad + self->page, bytes, 8));
	EXPECT_EQ(8, pattern_check(bytes, 8, self->seed,
				   (BAD + 1) * self->page));
	poison_clear(self->gpu.bdf);
	EXPECT_EQ(8, gpu_read(&self->gpu, variant->region, self->bad, bytes, 8));
	EXPECT_EQ(8, pattern_check(bytes, 8, self->seed, BAD * self->page));
}

/* Text of the driver's list, or "". */
static const char *listed(const char *bdf)
{
	static char text[8192];

	if (gpu_attribute(bdf, "bad_pages", text, sizeof(text)) < 0)
		return "?";
	return text;
}

#define EXPECT_REFUSED(self, region) do {				\
	char byte_, address_[32];					\
	uint64_t value_;						\
	char *map_ = gpu_map(&(self)->gpu, region, (self)->bad,		\
			     (self)->page, PROT_READ);			\
	snprintf(address_, sizeof(address_), "%#llx",			\
		 (unsigned long long)(self)->address);			\
	EXPECT_STREQ(address_, listed((self)->gpu.bdf));		\
	ASSERT_NE(MAP_FAILED, (void *)map_);				\
	EXPECT_EQ(-EFAULT, touch_read(map_, &value_));			\
	EXPECT_EQ(-EIO, gpu_read(&(self)->gpu, region, (self)->bad,	\
				 &byte_, 1));				\
	munmap(map_, (self)->page);					\
} while (0)

/*
 * The two of W6 go on where the driver has no list: that such a driver gives the page
 * away is to be seen, too.
 */
TEST_F(poison_memory, is_remembered_over_close_and_open)	/* W6 */
{
	EXPECT_EQ(0, poison_it(self));
	EXPECT_REFUSED(self, variant->region);
	gpu_close(&self->gpu);
	EXPECT_EQ(1, gpu_attribute_number(gpu_bdf(variant->gpu),
					  "bad_page_count"));
	ASSERT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
	EXPECT_REFUSED(self, variant->region);
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, self->gpu.bdf,
				"opened with 1 bad page"));
}

TEST_F(poison_memory, opening_over_and_over_does_not_fill_the_log)
{
	const char *bdf = gpu_bdf(variant->gpu);
	unsigned int i, lines;
	uint64_t began = now_ms();

	ASSERT_EQ(0, poison_it(self));
	for (i = 0; i < KMSG_FLOOD; i++) {
		gpu_close(&self->gpu);
		ASSERT_EQ(0, gpu_open_raw(&self->gpu, bdf));
	}
	lines = kmsg_count(&self->log, KMSG_WARN, bdf, "opened with 1 bad page");
	EXPECT_LE(1, lines);
	EXPECT_GE(kmsg_limit(now_ms() - began), lines);
}

TEST_F(poison_memory, is_remembered_over_a_reset)
{
	ASSERT_EQ(0, poison_it(self));
	ASSERT_EQ(0, gpu_reset(&self->gpu));
	EXPECT_REFUSED(self, variant->region);
}

TEST_F(poison_memory, is_noticed_while_nobody_has_the_device_open)	/* W6 */
{
	gpu_close(&self->gpu);
	EXPECT_EQ(0, poison_elsewhere(self->address));
	EXPECT_EQ(0, poison_wait(gpu_bdf(variant->gpu), 1));
	ASSERT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
	EXPECT_REFUSED(self, variant->region);
}

TEST_F(poison_memory, is_forgotten_when_an_administrator_clears_it)
{
	char byte;

	ASSERT_EQ(0, poison_it(self));
	EXPECT_EQ(-EINVAL, pci_attribute_write(self->gpu.bdf,
					       "nvgrace_gpu/bad_pages", "0"));
	EXPECT_REFUSED(self, variant->region);
	EXPECT_EQ(0, poison_clear(self->gpu.bdf));
	EXPECT_STREQ("", listed(self->gpu.bdf));
	EXPECT_EQ(1, gpu_read(&self->gpu, variant->region, self->bad, &byte, 1));
	EXPECT_EQ(0, poison_it(self));
	EXPECT_REFUSED(self, variant->region);
}

/* As libvirt does after each guest: what is bad, and goes bad meanwhile, stays bad. */
TEST_F(poison_memory, is_remembered_and_noticed_while_the_device_is_unbound)	/* W6 */
{
	const char *bdf = gpu_bdf(variant->gpu);
	uint64_t next = self->bad + self->page;
	char byte;

	EXPECT_EQ(0, poison_it(self));
	EXPECT_EQ(0, kmsg_wait(&self->log, KMSG_WARN, bdf, "is poisoned", 1, SAID_MS));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, driver_unbind(bdf));
	EXPECT_EQ(0, poison_elsewhere(self->address + self->page));
	EXPECT_EQ(0, kmsg_wait(&self->log, KMSG_WARN, bdf, "the GPU is not bound", 1, SAID_MS));
	ASSERT_EQ(0, driver_bind(bdf));
	EXPECT_EQ(2, gpu_attribute_number(bdf, "bad_page_count"));
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, bdf, "the GPU is not bound"));
	EXPECT_EQ(1, kmsg_count(&self->log, KMSG_WARN, bdf,
				"2 bad pages are known from before"));
	ASSERT_EQ(0, gpu_open(&self->gpu, bdf));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, variant->region, self->bad, &byte, 1));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, variant->region, next, &byte, 1));
	EXPECT_EQ(0, poison_clear(bdf));
	EXPECT_EQ(1, gpu_read(&self->gpu, variant->region, self->bad, &byte, 1));
}

/* The next mappings are of a device that was not there when mm was told where to look. */
TEST_F(poison_memory, goes_from_mappings_of_a_device_that_was_bound_anew)
{
	const char *bdf = gpu_bdf(variant->gpu);
	char *map;

	gpu_close(&self->gpu);
	ASSERT_EQ(0, driver_unbind(bdf));
	ASSERT_EQ(0, driver_bind(bdf));
	ASSERT_EQ(0, gpu_open(&self->gpu, bdf));
	map = gpu_map(&self->gpu, variant->region, self->bad, self->page, PROT_READ);
	ASSERT_NE(MAP_FAILED, (void *)map);
	ASSERT_EQ(0, touch_every(map, self->page, self->page));
	ASSERT_EQ(0, poison_it(self));
	EXPECT_EQ(0, poison_wait_withdrawn(map));
	EXPECT_REFUSED(self, variant->region);
}

/* Another driver may be in charge of the memory: it is told then, and not this one. */
TEST_F(poison_memory, is_left_to_another_driver_that_gets_the_device)
{
	const char *bdf = gpu_bdf(variant->gpu);

	ASSERT_EQ(0, poison_it(self));
	gpu_close(&self->gpu);
	ASSERT_EQ(0, driver_unbind(bdf));
	ASSERT_EQ(0, pci_attribute_write(bdf, "driver_override", "vfio-pci"));
	ASSERT_EQ(0, file_write("/sys/bus/pci/drivers/vfio-pci/bind", bdf));
	EXPECT_NE(0, poison_elsewhere(self->address + self->page));
	ASSERT_EQ(0, file_write("/sys/bus/pci/drivers/vfio-pci/unbind", bdf));
	ASSERT_EQ(0, driver_bind(bdf));
	ASSERT_EQ(0, gpu_open(&self->gpu, bdf));
	EXPECT_REFUSED(self, variant->region);
	EXPECT_EQ(0, poison_elsewhere(self->address + self->page));
	EXPECT_EQ(0, poison_wait(bdf, 2));
}

static int add(const FIXTURE_DATA(poison_memory) *self, uint64_t address)
{
	char text[40];

	snprintf(text, sizeof(text), "add %#llx", (unsigned long long)address);
	return pci_attribute_write(self->gpu.bdf, "nvgrace_gpu/bad_pages", text);
}

TEST_F(poison_memory, list_can_be_written_back)
{
	uint64_t value;
	char *map;

	map = gpu_map(&self->gpu, variant->region, self->bad, self->page, PROT_READ);
	ASSERT_NE(MAP_FAILED, (void *)map);
	ASSERT_EQ(0, touch_every(map, self->page, self->page));
	ASSERT_EQ(0, add(self, self->address));
	EXPECT_EQ(-EFAULT, touch_read(map, &value));
	EXPECT_EQ(0, add(self, self->address));
	EXPECT_REFUSED(self, variant->region);
}

TEST_F(poison_memory, memory_with_too_many_bad_pages_can_be_closed_anew)
{
	const char *bdf = gpu_bdf(variant->gpu);
	unsigned int said;

	gpu_close(&self->gpu);
	ASSERT_EQ(0, pci_attribute_write(bdf, "nvgrace_gpu/bad_pages", "add more"));
	EXPECT_STREQ("more", listed(bdf));
	EXPECT_EQ(-EIO, gpu_open(&self->gpu, bdf));
	ASSERT_EQ(0, driver_unbind(bdf));
	said = kmsg_count(&self->log, KMSG_WARN, bdf, "has more than 256 bad pages");
	ASSERT_EQ(0, driver_bind(bdf));
	EXPECT_EQ(said + 1, kmsg_count(&self->log, KMSG_WARN, bdf, "has more than 256 bad pages"));
	EXPECT_EQ(-EIO, gpu_open(&self->gpu, bdf));
	EXPECT_EQ(0, poison_clear(bdf));
	ASSERT_EQ(0, gpu_open(&self->gpu, bdf));
}

TEST_F(poison_memory, page_is_listed_and_logged_once)
{
	ASSERT_EQ(0, poison_it(self));
	ASSERT_EQ(0, poison_elsewhere(self->address));
	ASSERT_EQ(0, poison_elsewhere(self->address + self->page));
	ASSERT_EQ(0, kmsg_wait(&self->log, KMSG_WARN, self->gpu.bdf, "is poisoned", 2, SAID_MS));
	sleep_ms(100);
	EXPECT_EQ(2, gpu_attribute_number(self->gpu.bdf, "bad_page_count"));
	EXPECT_EQ(2, kmsg_count(&self->log, KMSG_WARN, self->gpu.bdf,
				"is poisoned"));
}

TEST_F(poison_memory, stays_with_its_own_gpu)
{
	unsigned int other = variant->gpu ? 0 : 1;

	if (!gpu_bdf(other))
		SKIP(return, "this scenario has one GPU");
	ASSERT_EQ(0, poison_it(self));
	EXPECT_EQ(0, gpu_attribute_number(gpu_bdf(other), "bad_page_count"));
}

/* The memory of the second GPU begins where that of the first one ends. */
TEST_F(poison_memory, page_at_the_border_stays_with_its_own_gpu)
{
	uint64_t at = variant->gpu ? 0 : self->gpu.region[variant->region].real - self->page;
	unsigned int other = variant->gpu ? 0 : 1;

	if (!gpu_bdf(other))
		SKIP(return, "this scenario has one GPU");
	ASSERT_EQ(0, poison_elsewhere(poison_address(&self->gpu, variant->region, at)));
	EXPECT_EQ(0, poison_wait(self->gpu.bdf, 1));
	EXPECT_EQ(0, gpu_attribute_number(gpu_bdf(other), "bad_page_count"));
}

static int unbind_and_bind(void *bdf)
{
	return driver_unbind(bdf) ?: driver_bind(bdf);
}

/* Heard in every instant: nobody is called who is not there, and no page is taken for another. */
TEST_F_TIMEOUT(poison_memory, may_come_in_the_instant_of_unbinding, 120)
{
	const char *bdf = gpu_bdf(variant->gpu);
	struct worker unbinder;
	unsigned int i;

	gpu_close(&self->gpu);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, worker_start(&unbinder, unbind_and_bind, (void *)bdf));
		while (!worker_done(&unbinder))
			poison_elsewhere(self->address);
		ASSERT_EQ(0, worker_wait(&unbinder, 8000));
		EXPECT_EQ(1, gpu_attribute_number(bdf, "bad_page_count"));
	}
	poison_clear(bdf);
	ASSERT_EQ(0, gpu_open(&self->gpu, bdf));
}

/* A memory with more bad pages than anyone repairs is not to be used at all. */
TEST_F_TIMEOUT(poison_memory, too_many_bad_pages_close_the_memory, 120)
{
	unsigned int i, lines;
	uint64_t value, began;
	char *map;

	map = gpu_map(&self->gpu, variant->region, 0, self->page, PROT_READ);
	ASSERT_NE(MAP_FAILED, (void *)map);
	for (i = 0; i < LISTED; i++)
		ASSERT_EQ(0, poison_here(self->address + i * self->page));
	ASSERT_EQ(0, poison_wait(self->gpu.bdf, LISTED));
	EXPECT_EQ(0, touch_read(map, &value));
	EXPECT_EQ(NULL, strstr(listed(self->gpu.bdf), "more"));
	ASSERT_EQ(0, poison_here(self->address + i * self->page));
	EXPECT_EQ(0, poison_wait_withdrawn(map));
	EXPECT_NE(NULL, strstr(listed(self->gpu.bdf), "more"));
	EXPECT_EQ(-EIO, gpu_read(&self->gpu, variant->region, 0, &value, 8));
	munmap(map, self->page);
	gpu_close(&self->gpu);
	began = now_ms();
	for (i = 0; i < KMSG_FLOOD; i++)
		EXPECT_EQ(-EIO, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
	lines = kmsg_count(&self->log, KMSG_WARN, "more than 256 bad pages",
			   "replace the GPU");
	EXPECT_LE(2, lines);
	EXPECT_GE(1 + kmsg_limit(now_ms() - began), lines);
	EXPECT_EQ(0, poison_clear(gpu_bdf(variant->gpu)));
	EXPECT_EQ(0, gpu_open(&self->gpu, gpu_bdf(variant->gpu)));
}

TEST_HARNESS_MAIN
