// SPDX-License-Identifier: GPL-2.0-only
/*
 * What mm itself does about a failure in memory without struct pages that a driver is in
 * charge of: with the patches it tells the driver, and removes the page from every mapping
 * that shows it, before anybody can consume the poison once more. Stock kernels signal.
 *
 * The driver is the module pfn_owner, which does nothing of its own. Its memory need not
 * exist: an access to what is mapped ends in an external abort then, and one to what is
 * not in a page fault that nobody handles. Each has its own code of SIGBUS.
 *
 * Environment: OWNED = the physical address of its memory, bytes.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "poison.h"
#include "sysfs.h"
#include "touch.h"

#define PAGES		4
#define BAD		2

FIXTURE(poison_owner) {
	char *map;		/* PAGES of the memory */
	char *around;		/* the two pages in front of the bad one */
	uint64_t bad;		/* physical address */
	int told;		/* how often the driver was told before; -1: this kernel does not */
	int fd;
};

static char *map_pages(int fd, unsigned int pages)
{
	return mmap(NULL, pages * page_size(), PROT_READ, MAP_SHARED, fd, 0);
}

FIXTURE_SETUP(poison_owner)
{
	const char *owned = getenv("OWNED");

	ASSERT_NE(NULL, owned);
	self->bad = strtoull(owned, NULL, 0) + BAD * page_size();
	self->fd = open("/dev/pfn_owner", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->map = map_pages(self->fd, PAGES);
	self->around = map_pages(self->fd, BAD);
	ASSERT_NE(MAP_FAILED, (void *)self->map);
	ASSERT_NE(MAP_FAILED, (void *)self->around);
	self->told = module_parameter("pfn_owner", "told");
}

FIXTURE_TEARDOWN(poison_owner)
{
	munmap(self->map, PAGES * page_size());
	munmap(self->around, BAD * page_size());
	close(self->fd);
}

static bool is_mapped(const char *at)
{
	uint64_t value;

	return !touch_read(at, &value) || touch_signal()->si_code != BUS_ADRERR;
}

TEST_F(poison_owner, finds_its_page_unmapped)
{
	bool stays = self->told < 0;
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		ASSERT_TRUE(is_mapped(self->map + i * page_size()));
	ASSERT_EQ(0, poison_elsewhere(self->bad));
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(i != BAD || stays, is_mapped(self->map + i * page_size()));
	for (i = 0; i < BAD; i++)
		EXPECT_TRUE(is_mapped(self->around + i * page_size()));
}

TEST_F(poison_owner, is_told_once_of_each)
{
	int each = self->told < 0 ? 0 : 1;

	ASSERT_EQ(0, poison_elsewhere(self->bad));
	EXPECT_EQ(self->told + each, (int)module_parameter("pfn_owner", "told"));
	ASSERT_EQ(0, poison_elsewhere(self->bad - page_size()));
	EXPECT_EQ(self->told + 2 * each, (int)module_parameter("pfn_owner", "told"));
}

TEST_HARNESS_MAIN
