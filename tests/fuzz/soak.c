// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once: users who come, use the GPU with several threads, and go or are
 * killed, while the host resets it, takes it away and gives it back, finds bad pages,
 * has its memory scrubbed, reads its attributes, and is short of memory itself.
 * Afterwards all is as before.
 *
 * Users have no part in sysfs: one who resets the device there while it is being unbound
 * waits for the lock of the one who waits for him.
 *
 *   SEED=n    whom and what chance begins with
 *   ROUNDS=n  how often: users in the first test, binds and opens in the others
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "aftermath.h"
#include "clock.h"
#include "fuzzer.h"
#include "poison.h"
#include "scrub.h"
#include "sysfs.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define THREADS		3
#define USER_OPERATIONS	2000	/* of each thread, unless the user is killed */
#define LONGEST_STAY_MS	400
#define IN_A_HURRY	4	/* one in so many is killed before he got anywhere */
#define LONGEST_WAY_IN_MS 60000	/* a scrub, on a slow machine */
#define LAST_BREATH_MS	60000	/* from SIGKILL to the end, scrub included */
#define MOST_BAD_PAGES	100	/* of the 256 that close the memory */
#define KEEP_FREE_KIB	(256 << 10)

FIXTURE(soak) {
	const char *bdf;
	struct gpu gpu;		/* closed again: what it is, not a user */
	uint64_t seed;
	uint64_t rounds;
	struct footprint before;
};

FIXTURE_VARIANT(soak) {
	unsigned int gpu;
};

FIXTURE_VARIANT_ADD_ALL_GPUS(soak);

FIXTURE_SETUP(soak)
{
	SETUP_GPU(&self->gpu, variant->gpu);
	gpu_close(&self->gpu);
	self->bdf = gpu_bdf(variant->gpu);
	self->seed = test_seed();
	self->rounds = wanted("ROUNDS", 50);
	footprint_take(&self->before);
}

FIXTURE_TEARDOWN(soak)
{
	if (!driver_is_bound(self->bdf))
		EXPECT_EQ(0, driver_bind(self->bdf));
	EXPECT_EQ(0, scrub_and_poison_off(self->bdf));
	footprint_free(&self->before);
}

/* One user, in memory shared with the process that is him. */
struct user {
	struct fuzzer fuzzer[THREADS];
	struct worker worker[THREADS];
	_Atomic bool in;		/* he has opened the GPU */
	_Atomic bool may_go;
	int refused;			/* why he was turned away: -errno */
};

enum end { CAME_AND_WENT, COMPLAINED, TURNED_AWAY };

static int use(void *arg)
{
	return fuzzer_run(arg, USER_OPERATIONS);
}

/* It may be bound to nobody, or be reset just now, or lose a page while it is scrubbed. */
static int open_at_last(struct gpu *gpu, const char *bdf)
{
	uint64_t deadline = now_ms() + LONGEST_WAY_IN_MS / 2;
	int ret;

	while ((ret = gpu_open(gpu, bdf)) && now_ms() < deadline)
		sleep_ms(20);
	return ret;
}

static enum end be_user(struct user *user, unsigned int nr, uint64_t seed)
{
	enum end end = CAME_AND_WENT;
	struct gpu gpu;
	unsigned int i;

	user->refused = open_at_last(&gpu, gpu_bdf(nr));
	if (user->refused)
		return TURNED_AWAY;
	for (i = 0; i < THREADS; i++)
		if (fuzzer_init(&user->fuzzer[i], &gpu, nr, seed, i, THREADS) ||
		    worker_start(&user->worker[i], use, &user->fuzzer[i]))
			return COMPLAINED;
	atomic_store(&user->in, true);
	for (i = 0; i < THREADS; i++)
		if (worker_wait(&user->worker[i], NO_LIMIT * 1000u))
			end = COMPLAINED;
	while (!atomic_load(&user->may_go))
		sleep_ms(1);
	return end;
}

/* Until he is in, or has come to his end: his status then, or -ETIMEDOUT. */
static int await_way_in(const struct user *user, pid_t pid)
{
	uint64_t deadline = now_ms() + LONGEST_WAY_IN_MS;
	int status = -ETIMEDOUT;

	while (!atomic_load(&user->in) && status == -ETIMEDOUT && now_ms() < deadline)
		status = child_status(pid, 5);
	return status;
}

/*
 * The PCI core saves and restores the configuration of a device in one place, without
 * a lock: a reset by sysfs while vfio-pci-core opens or closes the device can lose it.
 * So the host resets only a device whose user is in, and none goes meanwhile.
 */
static pthread_mutex_t attendance = PTHREAD_MUTEX_INITIALIZER;
static bool attended;

/*
 * Held for an unbind. It waits for the user, and a reset would wait for it: one that
 * kept the user from going meanwhile would wait for ever.
 */
static pthread_mutex_t unbinding = PTHREAD_MUTEX_INITIALIZER;

static void attend(bool in)
{
	pthread_mutex_lock(&attendance);
	attended = in;
	pthread_mutex_unlock(&attendance);
}

/* His end, which must come soon; if it does not, the kernel's log tells who sits where. */
static int await_end(pid_t pid)
{
	int status = child_status(pid, LAST_BREATH_MS);

	if (status == -ETIMEDOUT)
		file_write("/proc/sysrq-trigger", "w");
	return status;
}

/* His stay: he goes by himself, or is killed. */
static int stay(struct user *user, pid_t pid, unsigned int ms)
{
	int status;

	attend(true);
	status = child_status(pid, ms);
	attend(false);
	atomic_store(&user->may_go, ms % 2);
	if (status != -ETIMEDOUT)
		return status;
	if (ms % 2 == 0)
		kill(pid, SIGKILL);
	return await_end(pid);
}

/* One user from his coming to his end: enum end, or -errno. */
static int one_user(struct user *user, unsigned int nr, uint64_t *random)
{
	unsigned int ms = (unsigned int)(next_random(random) % LONGEST_STAY_MS);
	bool hurry = next_random(random) % IN_A_HURRY == 0;
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(be_user(user, nr, *random));
	status = hurry ? child_status(pid, ms) : await_way_in(user, pid);
	if (status == -ETIMEDOUT && atomic_load(&user->in)) {
		status = stay(user, pid, ms);
	} else if (status == -ETIMEDOUT) {
		kill(pid, SIGKILL);
		status = await_end(pid);
	}
	if (status < 0)
		return status;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? CAME_AND_WENT : -EINTR;
	return WEXITSTATUS(status);
}

static uint64_t operations_of(const struct user *user)
{
	uint64_t done = 0;
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		done += user->fuzzer[i].done;
	return done;
}

/* What the host does meanwhile. Each returns the first error that must not be. */
struct host {
	const struct gpu *gpu;
	uint64_t random;
	_Atomic bool stop;
	_Atomic uint64_t resets, poisoned, binds, scrubs, reads;
};

static bool goes_on(struct host *host, unsigned int pause_ms)
{
	sleep_ms((unsigned int)(next_random(&host->random) % pause_ms));
	return !atomic_load(&host->stop);
}

static int resets(void *arg)
{
	struct host *host = arg;

	while (goes_on(host, 100)) {
		if (pthread_mutex_trylock(&unbinding))
			continue;
		pthread_mutex_lock(&attendance);
		if (attended && !gpu_reset_by_sysfs(host->gpu->bdf))
			atomic_fetch_add(&host->resets, 1);
		pthread_mutex_unlock(&attendance);
		pthread_mutex_unlock(&unbinding);
	}
	return 0;
}

static int bad_pages(void *arg)
{
	struct host *host = arg;
	uint64_t base = poison_address(host->gpu, GPU_USEMEM, 0);
	unsigned int bad = 0;
	uint64_t at;

	while (goes_on(host, 100)) {
		/* Refused as long as a user has scrubbed memory. */
		if (bad == MOST_BAD_PAGES && !poison_clear(host->gpu->bdf))
			bad = 0;
		if (bad == MOST_BAD_PAGES)
			continue;
		at = next_random(&host->random) % host->gpu->region[GPU_USEMEM].real;
		poison_here(base + at);
		bad++;
		atomic_fetch_add(&host->poisoned, 1);
	}
	return 0;
}

static int takes_away_and_gives_back(void *arg)
{
	struct host *host = arg;
	int ret = 0;

	while (!ret && goes_on(host, 5000)) {
		pthread_mutex_lock(&unbinding);
		ret = driver_unbind(host->gpu->bdf);
		if (!ret)
			ret = driver_bind(host->gpu->bdf);
		pthread_mutex_unlock(&unbinding);
		atomic_fetch_add(&host->binds, 1);
	}
	return ret;
}

static int changes_policy(void *arg)
{
	static const char *const policies[] = { "off", "on-close", "on-open" };
	struct host *host = arg;

	while (goes_on(host, 1000))
		if (!scrub_set_policy(host->gpu->bdf,
				      policies[next_random(&host->random) % 3]))
			atomic_fetch_add(&host->scrubs, 1);
	return 0;
}

static int reads_attributes(void *arg)
{
	static const char *const names[] = {
		"ready", "bad_page_count", "scrub_state", "scrub_progress", "verdict",
	};
	struct host *host = arg;
	unsigned int i;
	char text[64];

	while (goes_on(host, 20))
		for (i = 0; i < ARRAY_SIZE(names); i++)
			if (gpu_attribute(host->gpu->bdf, names[i], text,
					  sizeof(text)) > 0)
				atomic_fetch_add(&host->reads, 1);
	return 0;
}

static uint64_t free_kib(void)
{
	char *text = file_slurp("/proc/meminfo");
	char *line = text ? strstr(text, "MemAvailable:") : NULL;
	uint64_t kib = line ? strtoull(line + strlen("MemAvailable:"), NULL, 10) : 0;

	free(text);
	return kib;
}

/*
 * In huge pages: a debug kernel takes a minute to give so many small ones back. Not for
 * users, who are born meanwhile and would have to give theirs back too.
 */
static void *take(size_t len)
{
	void *all = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (all == MAP_FAILED)
		return NULL;
	madvise(all, len, MADV_DONTFORK);
	madvise(all, len, MADV_HUGEPAGE);
	madvise(all, len, MADV_POPULATE_WRITE);
	return all;
}

/* Takes what memory there is, keeps it a moment, and lets go. */
static int takes_memory(void *arg)
{
	struct host *host = arg;
	size_t len;
	void *all;

	while (goes_on(host, 4000)) {
		len = free_kib();
		if (len <= KEEP_FREE_KIB)
			continue;
		len = (len - KEEP_FREE_KIB) << 10;
		all = take(len);
		if (!all)
			continue;
		goes_on(host, 500);
		munmap(all, len);
	}
	return 0;
}

static int (*const doings[])(void *) = {
	resets, bad_pages, takes_away_and_gives_back, changes_policy, reads_attributes,
	takes_memory,
};

#define DOINGS ARRAY_SIZE(doings)

TEST_F_TIMEOUT(soak, users_come_and_go_while_the_host_interferes, NO_LIMIT)
{
	struct host host = { .gpu = &self->gpu, .random = self->seed | 1 };
	uint64_t random = self->seed | 1, operations = 0, i;
	unsigned int ends[3] = { 0 }, d;
	struct worker workers[DOINGS];
	struct user *user;
	int end;

	user = mmap(NULL, sizeof(*user), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, user);
	for (d = 0; d < DOINGS; d++)
		ASSERT_EQ(0, worker_start(&workers[d], doings[d], &host));
	for (i = 0; i < self->rounds; i++) {
		memset(user, 0, sizeof(*user));
		end = one_user(user, variant->gpu, &random);
		operations += operations_of(user);
		if (i % 10 == 9) {
			printf("# %llu users\n", (unsigned long long)i + 1);
			fflush(stdout);
		}
		EXPECT_GE(end, 0);
		EXPECT_NE(COMPLAINED, end);
		if (end < 0 || end == COMPLAINED)
			break;
		ends[end]++;
		if (end == TURNED_AWAY)
			printf("# turned away: %d\n", user->refused);
	}
	atomic_store(&host.stop, true);
	for (d = 0; d < DOINGS; d++)
		EXPECT_EQ(0, worker_wait(&workers[d], LAST_BREATH_MS));
	printf("# %u users, %u turned away, %llu operations, %llu resets, %llu bad pages, %llu binds, %llu policies, %llu attributes\n",
	       ends[CAME_AND_WENT], ends[TURNED_AWAY], (unsigned long long)operations,
	       (unsigned long long)host.resets, (unsigned long long)host.poisoned,
	       (unsigned long long)host.binds, (unsigned long long)host.scrubs,
	       (unsigned long long)host.reads);
	figure("soak", ends[CAME_AND_WENT], "users");
	figure("soak", operations, "operations");
	/* Few wait in vain. */
	EXPECT_LT(ends[TURNED_AWAY], self->rounds / 2 + 1);
	EXPECT_LT(0, operations);
	ASSERT_EQ(0, scrub_and_poison_off(self->bdf));
	EXPECT_EQ(0, next_user(self->bdf));
	munmap(user, sizeof(*user));
}

TEST_F_TIMEOUT(soak, binding_over_and_over_leaves_nothing_behind, NO_LIMIT)
{
	uint64_t i;

	for (i = 0; i < self->rounds; i++) {
		ASSERT_EQ(0, driver_unbind(self->bdf));
		ASSERT_EQ(0, driver_bind(self->bdf));
	}
	EXPECT_EQ(0, next_user(self->bdf));
	EXPECT_TRUE(footprint_is_back(&self->before));
	figure("soak", self->rounds, "binds");
}

TEST_F_TIMEOUT(soak, opening_over_and_over_leaves_nothing_behind, NO_LIMIT)
{
	uint64_t i;

	for (i = 0; i < self->rounds; i++)
		ASSERT_EQ(0, next_user(self->bdf));
	EXPECT_TRUE(footprint_is_back(&self->before));
	figure("soak", self->rounds, "opens");
}

TEST_HARNESS_MAIN
