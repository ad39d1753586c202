// SPDX-License-Identifier: GPL-2.0-only
/*
 * The list of bad pages as administrators and their programs meet it: a file in sysfs that is
 * read, waited for and written, and uevents.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "gpu.h"
#include "poison.h"
#include "sysfs.h"
#include "touch.h"
#include "uevent.h"
#include "variants.h"

FIXTURE(poison_list) {
	struct gpu gpu;
	uint64_t page, address;
};

FIXTURE_VARIANT(poison_list) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(poison_list);

FIXTURE_SETUP(poison_list)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->page = page_size();
	self->address = poison_address(&self->gpu, variant->region, 16 * self->page);
	ASSERT_NE(0, self->address);
}

FIXTURE_TEARDOWN(poison_list)
{
	poison_clear(gpu_bdf(variant->gpu));
	gpu_close(&self->gpu);
}

static int add(const FIXTURE_DATA(poison_list) *self, uint64_t address)
{
	char text[40];

	snprintf(text, sizeof(text), "add %#llx", (unsigned long long)address);
	return pci_attribute_write(self->gpu.bdf, "nvgrace_gpu/bad_pages", text);
}

/* Waits for a change since the list was read last, and reads it. */
static bool changes(int list, unsigned int timeout_ms)
{
	struct pollfd wanted = { .fd = list, .events = POLLPRI };
	bool changed = poll(&wanted, 1, timeout_ms) == 1 && wanted.revents & POLLPRI;
	char text[8192];

	return pread(list, text, sizeof(text), 0) >= 0 && changed;
}

TEST_F(poison_list, can_be_polled)
{
	char path[128];
	int list;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/nvgrace_gpu/bad_pages",
		 self->gpu.bdf);
	list = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(list, 0);
	changes(list, 0);
	EXPECT_FALSE(changes(list, 0));
	ASSERT_EQ(0, poison_elsewhere(self->address));
	EXPECT_TRUE(changes(list, 3000));
	EXPECT_FALSE(changes(list, 100));
	ASSERT_EQ(0, poison_clear(self->gpu.bdf));
	EXPECT_TRUE(changes(list, 3000));
	close(list);
}

TEST_F(poison_list, nothing_but_pages_of_this_gpu_is_added)
{
	unsigned int last = gpu_has_resmem(&self->gpu) ? GPU_RESMEM : GPU_USEMEM;
	uint64_t end = poison_address(&self->gpu, last, 0) + self->gpu.region[last].real;
	static const char *const texts[] = { "add", "add ", "add x", "add -1", "add 0x",
		"add 0x2000000000 0x2000001000", "add 0x10000000000000000", "more", "0x2000000000" };
	unsigned int i;

	EXPECT_EQ(-EINVAL, add(self, self->address + 1));
	EXPECT_EQ(-EINVAL, add(self, 0));
	EXPECT_EQ(-EINVAL, add(self, end));
	EXPECT_EQ(-EINVAL, add(self, (uint64_t)-1 / self->page * self->page));
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		TH_LOG("'%s'", texts[i]);
		EXPECT_EQ(-EINVAL, pci_attribute_write(self->gpu.bdf,
						       "nvgrace_gpu/bad_pages", texts[i]));
	}
	EXPECT_EQ(0, gpu_attribute_number(self->gpu.bdf, "bad_page_count"));
}

TEST_F(poison_list, is_for_administrators)
{
	struct stat st;
	char path[128];

	snprintf(path, sizeof(path),
		 "/sys/bus/pci/devices/%s/nvgrace_gpu/bad_pages", self->gpu.bdf);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(0600, st.st_mode & 07777);
}

/* Waits for the event with this count. */
static bool hears_of(int events, unsigned long long count, struct uevent *event)
{
	do {
		if (uevent_wait(events, "NVGRACE_GPU_BAD_PAGE_COUNT", event))
			return false;
	} while (uevent_number(event, "NVGRACE_GPU_BAD_PAGE_COUNT") != count);
	return true;
}

/* Any local user may listen: where bad pages are is for administrators only. */
TEST_F(poison_list, sends_an_event_with_the_count_and_no_address)
{
	int events = uevent_listen();
	struct uevent event;
	char page[32];

	ASSERT_GE(events, 0);
	ASSERT_EQ(0, poison_elsewhere(self->address));
	/* Of an address in bytes, too, these are the first digits. */
	snprintf(page, sizeof(page), "%llx",
		 (unsigned long long)(self->address / self->page));
	EXPECT_TRUE(hears_of(events, 1, &event));
	EXPECT_FALSE(uevent_has(&event, page));
	close(events);
}

/* So whoever saves the list hears of it. */
TEST_F(poison_list, every_change_sends_an_event)
{
	int events = uevent_listen();
	struct uevent event;

	ASSERT_GE(events, 0);
	ASSERT_EQ(0, add(self, self->address));
	EXPECT_TRUE(hears_of(events, 1, &event));
	ASSERT_EQ(0, poison_clear(self->gpu.bdf));
	EXPECT_TRUE(hears_of(events, 0, &event));
	ASSERT_EQ(0, pci_attribute_write(self->gpu.bdf, "nvgrace_gpu/bad_pages", "add more"));
	EXPECT_TRUE(hears_of(events, 0, &event));
	close(events);
}

TEST_HARNESS_MAIN
