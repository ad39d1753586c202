// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poison in memory that has no struct pages, reported by firmware: the kernel's
 * memory_failure() learns of it, and whoever consumed it is killed for it.
 *
 * A kernel that lets guests have this memory cacheable owes them that; capability
 * 243 tells which kind of kernel this is. Others drop the report, and say that the
 * firmware is wrong.
 *
 * Consuming poison is played: firmware's record names a page of the GPU's memory,
 * and the abort comes from an address with nothing behind it. No driver has the
 * GPU, so that /dev/mem can map it. Every test has a page of its own, since the
 * kernel does not look at a record that equals a recent one.
 *
 * Environment: GPU0_BASE = the physical address of the GPU's memory.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "error_source.h"
#include "gpu.h"
#include "kmsg.h"
#include "touch.h"

#define HANDLED_MS	10000

/* What the kernel says of an address; memory_failure() begins all it says so. */
#define DROPPED		"Invalid address in generic error data"
#define PASSED_ON	"Memory failure: "
#define RECOVERED	"recovery action for"
#define NOBODY_TOOK_IT	"synchronous unrecoverable error"

FIXTURE(poison_report) {
	struct error_source source;
	struct kmsg log;
	uint64_t base;
	int passed_on;
};

/* 1 or 0, or -errno. */
static int guests_get_it_cacheable(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	int ret;

	if (vm < 0)
		return -errno;
	ret = ioctl(vm, KVM_CHECK_EXTENSION,
		    KVM_CAP_ARM_CACHEABLE_PFNMAP_SUPPORTED);
	close(vm);
	close(kvm);
	return ret < 0 ? -errno : ret;
}

FIXTURE_SETUP(poison_report)
{
	const char *base = getenv("GPU0_BASE");

	ASSERT_NE(NULL, base);
	self->base = strtoull(base, NULL, 0);
	self->passed_on = guests_get_it_cacheable();
	ASSERT_LE(0, self->passed_on);
	ASSERT_EQ(0, error_source_open(&self->source));
	ASSERT_EQ(0, kmsg_mark(&self->log));
}

FIXTURE_TEARDOWN(poison_report)
{
	kmsg_close(&self->log);
}

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	_exit(info->si_code);
}

/* Reports @address and takes the abort: exits with the signal's code, 0 without. */
static void __attribute__((noreturn))
die_of_poison(const FIXTURE_DATA(poison_report) *self, uint64_t address)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO,
	};
	volatile uint64_t *nothing;

	nothing = physical_map(self->base - page_size(), page_size());
	if (nothing && !sigaction(SIGBUS, &action, NULL) &&
	    !error_source_report(&self->source, address))
		(void)*nothing;
	_exit(0);
}

static int exit_code(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int consume(const FIXTURE_DATA(poison_report) *self, uint64_t address)
{
	pid_t child = fork();

	if (!child)
		die_of_poison(self, address);
	return exit_code(child);
}

/* How often the kernel said @what of a page, once it had the time to. */
static unsigned int said(FIXTURE_DATA(poison_report) *self, const char *what,
			 uint64_t address)
{
	char page[32];

	snprintf(page, sizeof(page), "%#llx: ",
		 (unsigned long long)(address / page_size()));
	kmsg_wait(&self->log, KMSG_WARN, what, page, 1, HANDLED_MS);
	return kmsg_count(&self->log, KMSG_WARN, what, page);
}

TEST_F_TIMEOUT(poison_report, reaches_memory_failure, 60)
{
	uint64_t address = self->base;

	EXPECT_LT(0, consume(self, address));
	if (self->passed_on)
		EXPECT_EQ(1, said(self, PASSED_ON, address));
	EXPECT_EQ(self->passed_on,
		  (int)kmsg_count(&self->log, KMSG_WARN, PASSED_ON, NULL));
	EXPECT_EQ(!self->passed_on,
		  (int)kmsg_count(&self->log, KMSG_WARN, DROPPED, NULL));
}

/*
 * Not by the abort itself, which has BUS_OBJERR: that would be a second one, met
 * by the same load after a report that was taken but killed nobody.
 */
TEST_F_TIMEOUT(poison_report, kills_its_consumer_at_once, 60)
{
	EXPECT_EQ(SI_KERNEL, consume(self, self->base + page_size()));
}

TEST_F_TIMEOUT(poison_report, spares_others_who_map_the_page, 60)
{
	uint64_t address = self->base + 2 * page_size(), value = 0;
	volatile uint64_t *map = physical_map(address, page_size());

	ASSERT_NE(NULL, map);
	ASSERT_EQ(0, touch_write(map, 0x900d));
	EXPECT_LT(0, consume(self, address));
	if (self->passed_on)
		EXPECT_EQ(1, said(self, PASSED_ON, address));
	EXPECT_EQ(0, touch_read(map, &value));
	EXPECT_EQ(0x900d, value);
}

TEST_F_TIMEOUT(poison_report, makes_room_for_the_next, 60)
{
	unsigned int i;

	for (i = 3; i < 6; i++) {
		EXPECT_EQ(SI_KERNEL,
			  consume(self, self->base + i * page_size()));
		EXPECT_TRUE(error_source_is_read(&self->source));
	}
}

/* The physical address of a page of the caller's own, or 0. */
static uint64_t own_page(void)
{
	uint64_t *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (page == MAP_FAILED || fd < 0)
		return 0;
	*page = 1;
	if (pread(fd, &entry, 8, (off_t)((uintptr_t)page / page_size() * 8)) != 8)
		entry = 0;
	close(fd);
	return (entry & ((1ull << 55) - 1)) * page_size();
}

/* The counterpart: memory that has struct pages is handled as ever. */
TEST_F_TIMEOUT(poison_report, of_ram_is_taken_by_memory_failure, 60)
{
	int address[2];
	uint64_t page = 0;
	pid_t child;

	ASSERT_EQ(0, pipe(address));
	child = fork();
	if (!child) {
		page = own_page();
		if (!page || write(address[1], &page, 8) != 8)
			_exit(0);
		die_of_poison(self, page);
	}
	ASSERT_EQ(8, read(address[0], &page, 8));
	EXPECT_LT(0, exit_code(child));
	EXPECT_EQ(1, said(self, RECOVERED, page));
	EXPECT_EQ(0, kmsg_count(&self->log, KMSG_WARN, NOBODY_TOOK_IT, NULL));
}

TEST_HARNESS_MAIN
