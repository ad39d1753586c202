// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is told that a page of GPU memory is poisoned (W5): every process that maps
 * it, touched or not, in whichever of its mappings; with the page's own address,
 * and nobody else.
 *
 * A process is told at once if it met the poison itself, or if it asked for early
 * signals (PR_MCE_KILL), as VMMs do.
 */

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "poison.h"
#include "touch.h"
#include "variants.h"

#define TOLD_MS		3000
#define WINDOW		MIB(4)
#define WINDOWS		3

FIXTURE(poison_signal) {
	struct gpu gpu;
	uint64_t page;		/* in bytes; offset 5 pages into the second window */
	uint64_t at;
};

FIXTURE_VARIANT(poison_signal) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(poison_signal);

FIXTURE_SETUP(poison_signal)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->page = page_size();
	self->at = WINDOW + 5 * self->page;
}

FIXTURE_TEARDOWN(poison_signal)
{
	poison_clear(self->gpu.bdf);
	gpu_close(&self->gpu);
}

static siginfo_t caught;

static void on_sigbus(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	if (!caught.si_signo)
		caught = *info;
}

static void catch_sigbus(void)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO,
	};

	caught.si_signo = 0;
	sigaction(SIGBUS, &action, NULL);
}

static void *map_window(const FIXTURE_DATA(poison_signal) *self,
			unsigned int region, unsigned int window)
{
	return gpu_map(&self->gpu, region, window * WINDOW, WINDOW,
		       PROT_READ | PROT_WRITE);
}

#define EXPECT_TOLD(info, code, address) do {				\
	EXPECT_EQ(SIGBUS, (info)->si_signo);				\
	EXPECT_EQ(code, (info)->si_code);				\
	EXPECT_EQ((void *)(address), (info)->si_addr);			\
	EXPECT_EQ(self->page, 1ull << (info)->si_addr_lsb);		\
} while (0)

TEST_F(poison_signal, names_the_page_in_the_second_of_two_mappings)	/* W5 */
{
	char *first = map_window(self, variant->region, 0);
	char *second = map_window(self, variant->region, 1);

	ASSERT_NE(MAP_FAILED, (void *)first);
	ASSERT_NE(MAP_FAILED, (void *)second);
	catch_sigbus();
	ASSERT_EQ(0, poison_here(poison_address(&self->gpu, variant->region,
						self->at)));
	EXPECT_TOLD(&caught, BUS_MCEERR_AR, second + 5 * self->page);
}

TEST_F(poison_signal, names_the_page_in_a_mapping_from_its_middle)	/* W5 */
{
	char *map = gpu_map(&self->gpu, variant->region, WINDOW + self->page,
			    WINDOW, PROT_READ | PROT_WRITE);

	ASSERT_NE(MAP_FAILED, (void *)map);
	ASSERT_EQ(0, touch_write(map + 4 * self->page, 1));
	catch_sigbus();
	ASSERT_EQ(0, poison_here(poison_address(&self->gpu, variant->region,
						self->at)));
	EXPECT_TOLD(&caught, BUS_MCEERR_AR, map + 4 * self->page);
}

/* The pages around it, the first and the last of a mapping, each its own. */
TEST_F(poison_signal, spares_mappings_that_end_next_to_the_page)	/* W5 */
{
	char *before, *after;

	before = gpu_map(&self->gpu, variant->region, 0, self->at, PROT_READ);
	after = gpu_map(&self->gpu, variant->region, self->at + self->page,
			WINDOW, PROT_READ);
	ASSERT_NE(MAP_FAILED, (void *)before);
	ASSERT_NE(MAP_FAILED, (void *)after);
	catch_sigbus();
	ASSERT_EQ(0, poison_here(poison_address(&self->gpu, variant->region,
						self->at)));
	EXPECT_EQ(0, caught.si_signo);
	ASSERT_EQ(0, poison_here(poison_address(&self->gpu, variant->region,
						self->at - self->page)));
	EXPECT_TOLD(&caught, BUS_MCEERR_AR, before + self->at - self->page);
	caught.si_signo = 0;
	ASSERT_EQ(0, poison_here(poison_address(&self->gpu, variant->region,
						self->at + self->page)));
	EXPECT_TOLD(&caught, BUS_MCEERR_AR, after);
}

/* The same offset in the other region is other memory. */
TEST_F(poison_signal, spares_mappings_of_the_other_region)
{
	unsigned int other = variant->region == GPU_USEMEM ? GPU_RESMEM : GPU_USEMEM;
	void *map;

	if (!gpu_has_resmem(&self->gpu))
		SKIP(return, "this GPU has one region");
	map = map_window(self, other, 1);
	ASSERT_NE(MAP_FAILED, map);
	catch_sigbus();
	ASSERT_EQ(0, poison_here(poison_address(&self->gpu, variant->region,
						self->at)));
	EXPECT_EQ(0, caught.si_signo);
}

/* One of many processes: which windows it maps, and what it was told. */
struct bystander {
	bool maps[WINDOWS];
	bool touches;
	char *seen_at;
	siginfo_t told;
	pid_t pid;
	int ready[2], report[2];
};

static void __attribute__((noreturn))
stand_by(const FIXTURE_DATA(poison_signal) *self, unsigned int region,
	 struct bystander *one)
{
	const struct timespec patience = { .tv_sec = TOLD_MS / 1000 };
	char *map, byte = 0;
	sigset_t sigbus;
	unsigned int i;

	sigemptyset(&sigbus);
	sigaddset(&sigbus, SIGBUS);
	sigprocmask(SIG_BLOCK, &sigbus, NULL);
	prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
	for (i = 0; i < WINDOWS; i++) {
		map = one->maps[i] ? map_window(self, region, i) : NULL;
		if (map && one->touches)
			touch_write(map + 5 * self->page, i);
		if (map && i == 1)
			one->seen_at = map + 5 * self->page;
	}
	if (write(one->ready[1], &byte, 1) != 1)
		_exit(1);
	if (sigtimedwait(&sigbus, &one->told, &patience) < 0)
		one->told.si_signo = 0;
	_exit(write(one->report[1], one, sizeof(*one)) != sizeof(*one));
}

static int start_bystander(const FIXTURE_DATA(poison_signal) *self,
			   unsigned int region, struct bystander *one)
{
	char byte;

	if (pipe(one->ready) || pipe(one->report))
		return -errno;
	one->pid = fork();
	if (!one->pid)
		stand_by(self, region, one);
	return read(one->ready[0], &byte, 1) == 1 ? 0 : -EIO;
}

static int hear_bystander(struct bystander *one)
{
	ssize_t n = read(one->report[0], one, sizeof(*one));

	waitpid(one->pid, NULL, 0);
	return n == sizeof(*one) ? 0 : -EIO;
}

TEST_F_TIMEOUT(poison_signal, tells_every_process_that_maps_the_page, 60) /* W5 */
{
	struct bystander all[] = {
		{ .maps = { false, true, false } },
		{ .maps = { true, true, true }, .touches = true },
		{ .maps = { true, true, false } },
		{ .maps = { true, false, true }, .touches = true },
		{ .maps = { false, false, false } },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		ASSERT_EQ(0, start_bystander(self, variant->region, &all[i]));
	ASSERT_EQ(0, poison_elsewhere(poison_address(&self->gpu, variant->region,
						     self->at)));
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		ASSERT_EQ(0, hear_bystander(&all[i]));
		if (all[i].maps[1])
			EXPECT_TOLD(&all[i].told, BUS_MCEERR_AO, all[i].seen_at);
		else
			EXPECT_EQ(0, all[i].told.si_signo);
	}
}

/* Whoever comes later, or asked for no early signal, is told when it gets there. */
TEST_F(poison_signal, tells_whoever_touches_the_page_later)
{
	char *map;

	ASSERT_EQ(0, poison_elsewhere(poison_address(&self->gpu, variant->region,
						     self->at)));
	ASSERT_EQ(0, poison_wait(self->gpu.bdf, 1));
	map = map_window(self, variant->region, 1);
	ASSERT_NE(MAP_FAILED, (void *)map);
	EXPECT_EQ(0, touch_write(map + 4 * self->page, 1));
	EXPECT_EQ(0, touch_write(map + 6 * self->page, 1));
	EXPECT_EQ(-EFAULT, touch_write(map + 5 * self->page + 8, 1));
	EXPECT_EQ(BUS_MCEERR_AR, touch_signal()->si_code);
	EXPECT_EQ((void *)(map + 5 * self->page + 8), touch_signal()->si_addr);
	EXPECT_EQ(self->page, 1ull << touch_signal()->si_addr_lsb);
}

TEST_HARNESS_MAIN
