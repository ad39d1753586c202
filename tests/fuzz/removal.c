// SPDX-License-Identifier: GPL-2.0-only
/*
 * A GPU is torn out under a user in full swing, whose threads go on with what they did;
 * it is put back into its slot, and the next user finds it as any other. Again and again,
 * with another GPU in use all the time. What one removal does to whom is for
 * surprise_removal. The memory of the emulated GPU keeps its content meanwhile, so that a
 * scrub policy has something to do.
 *
 *   SEED=n    what chance begins with
 *   ROUNDS=n  a removal for every fifth
 */

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "aftermath.h"
#include "clock.h"
#include "fuzzer.h"
#include "scrub.h"
#include "sysfs.h"
#include "testblock.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

#define VICTIM		1
#define NEIGHBOUR	0
#define THREADS		3
#define BEFORE_MS	300	/* at most, until it is torn out */
#define AFTERWARDS	300	/* operations of each thread on what is gone */
#define VANISHED_MS	60000
#define LAST_BREATH_MS	60000
/*
 * Linux waits a second after it switched the slot off, and puts its light out. To QEMU
 * a card that is there then has been taken out for good.
 */
#define LIGHTS_OUT_MS	3000
#define PATTERN		0x0ddba11

FIXTURE(torn_out) {
	const char *bdf;
	struct gpu neighbour;
	volatile uint64_t *map;		/* of the neighbour */
	uint64_t random;
	uint64_t rounds;
};

FIXTURE_SETUP(torn_out)
{
	SETUP_GPU(&self->neighbour, NEIGHBOUR);
	NEEDS_TESTBLOCK(&self->neighbour);
	self->bdf = gpu_bdf(VICTIM);
	ASSERT_NE(NULL, self->bdf);
	self->random = test_seed() | 1;
	self->rounds = (wanted("ROUNDS", 15) + 4) / 5;
	self->map = gpu_map(&self->neighbour, GPU_USEMEM, 0, MIB(4), PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->map);
	self->map[0] = PATTERN;
}

FIXTURE_TEARDOWN(torn_out)
{
	gpu_close(&self->neighbour);
}

static _Atomic bool torn;

/* Complaints count as long as there is a GPU to complain of. */
static int use(void *arg)
{
	struct fuzzer *f = arg;
	unsigned int i;

	while (!atomic_load(&torn))
		if (fuzzer_try(f, 1) && !atomic_load(&torn))
			return fuzzer_run(f, 0);
	for (i = 0; i < AFTERWARDS; i++) {
		*f->complaint = '\0';
		fuzzer_try(f, 1);
	}
	return 0;
}

/* His own threads may have put it to sleep, or its registers out of reach. */
static int tear_out(struct gpu *gpu)
{
	uint64_t deadline = now_ms() + LAST_BREATH_MS;
	int ret;

	do {
		gpu_command(gpu, PCI_COMMAND_MEMORY, 0);
		ret = testblock_write(gpu, TB_SURPRISE, 1);
	} while (ret && now_ms() < deadline);
	return ret;
}

/* The user, a process of his own: 0, or which step went wrong. */
static int be_user(const char *bdf, uint64_t seed)
{
	struct fuzzer fuzzer[THREADS];
	struct worker worker[THREADS];
	struct gpu gpu;
	unsigned int i;
	int status = 0;

	if (gpu_open(&gpu, bdf))
		return 1;
	for (i = 0; i < THREADS; i++)
		if (fuzzer_init(&fuzzer[i], &gpu, VICTIM, seed, i, THREADS) ||
		    worker_start(&worker[i], use, &fuzzer[i]))
			return 2;
	sleep_ms((unsigned int)(seed % BEFORE_MS));
	atomic_store(&torn, true);
	if (tear_out(&gpu))
		return 3;
	for (i = 0; i < THREADS; i++)
		if (worker_wait(&worker[i], LAST_BREATH_MS))
			status = 4;
	return status;
}

/*
 * A new device is seen before the bus lets drivers have it, and once it is wanted the
 * bus binds it too: then somebody else was first, and it is bound all the same.
 */
static int bind_at_last(const char *bdf)
{
	uint64_t deadline = now_ms() + VANISHED_MS;
	int ret;

	while ((ret = driver_bind(bdf)) == -ENODEV && now_ms() < deadline)
		sleep_ms(20);
	return ret == -EBUSY && driver_is_bound(bdf) ? 0 : ret;
}

/* Waits until the device is gone, puts it back, and binds it: 0 or -errno. */
static int put_back(const char *bdf, const struct gpu *neighbour)
{
	int ret;

	if (!pci_vanishes(bdf, VANISHED_MS) || !pci_slot_goes_off(bdf, VANISHED_MS))
		return -ETIMEDOUT;
	sleep_ms(LIGHTS_OUT_MS);
	ret = testblock_write(neighbour, TB_INSERT, 1);
	if (ret)
		return ret;
	return pci_appears(bdf, VANISHED_MS) ? bind_at_last(bdf) : -ETIMEDOUT;
}

TEST_F_TIMEOUT(torn_out, time_and_again_is_as_new, NO_LIMIT)
{
	uint64_t i, value;
	pid_t pid;

	for (i = 0; i < self->rounds; i++) {
		next_random(&self->random);
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			_exit(be_user(self->bdf, self->random >> 8));
		ASSERT_EQ(0, child_wait(pid, 2 * LAST_BREATH_MS));
		ASSERT_EQ(0, put_back(self->bdf, &self->neighbour));
		ASSERT_EQ(0, next_user(self->bdf));
		ASSERT_EQ(0, touch_read(self->map, &value));
		ASSERT_EQ(PATTERN, value);
	}
	figure("torn_out", self->rounds, "removals");
}

/* Leaves the memory full of its bytes, and takes the GPU along: 0, or which step went wrong. */
static int be_tenant(const char *bdf)
{
	struct tenant tenant;

	if (tenant_move_in(&tenant, bdf, 0xa5))
		return 1;
	return testblock_write(&tenant.gpu, TB_SURPRISE, 1) ? 2 : 0;
}

/* One goes with the GPU, which then comes back under @policy; the next one is in. */
static int change_tenants(FIXTURE_DATA(torn_out) *self, const char *policy, struct tenant *next)
{
	int ret = scrub_set_policy(self->bdf, "default");
	pid_t pid;

	if (ret)
		return ret;
	pid = fork();
	if (!pid)
		_exit(be_tenant(self->bdf));
	ret = pid < 0 ? -errno : child_wait(pid, LAST_BREATH_MS);
	if (!ret)
		ret = file_write(SCRUB_DEFAULT_POLICY, policy);
	if (!ret)
		ret = put_back(self->bdf, &self->neighbour);
	file_write(SCRUB_DEFAULT_POLICY, "off");
	return ret ? ret : tenant_open(next, self->bdf);
}

TEST_F_TIMEOUT(torn_out, next_tenant_finds_nothing_with_a_policy, NO_LIMIT)
{
	struct tenant next = { .gpu = GPU_CLOSED };

	ASSERT_EQ(0, change_tenants(self, "on-open", &next));
	EXPECT_EQ(0, tenant_finds(&next));
	tenant_close(&next);
}

/* Which shows that there was something to find. */
TEST_F_TIMEOUT(torn_out, next_tenant_finds_all_without_a_policy, NO_LIMIT)
{
	struct tenant next = { .gpu = GPU_CLOSED };

	ASSERT_EQ(0, change_tenants(self, "off", &next));
	EXPECT_EQ(memory_bytes(&next.gpu), tenant_finds(&next));
	tenant_close(&next);
}

TEST_HARNESS_MAIN
