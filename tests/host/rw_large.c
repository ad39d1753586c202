// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large and random transfers: requests of 2 GiB and more, a signal in the
 * middle of one, and equality with the mmap() view at random places.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "clock.h"
#include "gpu.h"
#include "touch.h"
#include "variants.h"
#include "worker.h"

/* The kernel moves at most this much per call. */
#define CALL_MAX	0x7ffff000ull
#define CHUNK		MIB(4)

FIXTURE(rw_large) {
	struct gpu gpu;
	uint64_t real;
	uint64_t bar;
};

FIXTURE_VARIANT(rw_large) {
	unsigned int gpu;
	unsigned int region;
};

FIXTURE_VARIANT_ADD_ALL_REGIONS(rw_large);

FIXTURE_SETUP(rw_large)
{
	SETUP_REGION(&self->gpu, variant->gpu, variant->region);
	self->real = self->gpu.region[variant->region].real;
	self->bar = self->gpu.region[variant->region].size;
}

FIXTURE_TEARDOWN(rw_large)
{
	gpu_close(&self->gpu);
}

/* @len bytes of address space that are CHUNK bytes of memory over and over. */
static uint8_t *folded_buffer(size_t len)
{
	uint8_t *base = reserve_aligned(len, CHUNK);
	int fd = memfd_create("folded", MFD_CLOEXEC);
	size_t at;

	if (base == MAP_FAILED || fd < 0 || ftruncate(fd, CHUNK))
		return NULL;
	for (at = 0; at < len; at += CHUNK)
		if (mmap(base + at, CHUNK, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
			return NULL;
	close(fd);
	return base;
}

TEST_F_TIMEOUT(rw_large, request_of_two_gib_is_served_or_clipped, 480)
{
	uint64_t want = self->bar < CALL_MAX ? self->bar : CALL_MAX;
	uint64_t start = now_ms(), done = 0;
	uint8_t *buf = folded_buffer(GIB(2));
	ssize_t n;

	ASSERT_NE(NULL, buf);
	while (done < want) {
		n = gpu_read(&self->gpu, variant->region, done, buf,
			     GIB(2));
		ASSERT_GT(n, 0);
		ASSERT_LE((uint64_t)n, want);
		done += (uint64_t)n;
	}
	TH_LOG("%llu MiB in %llu ms", (unsigned long long)(done >> 20),
	       (unsigned long long)(now_ms() - start));
}

TEST_F_TIMEOUT(rw_large, request_beyond_the_end_is_clipped_to_the_bar, 60)
{
	uint8_t *buf = folded_buffer(GIB(2));
	uint64_t at = self->bar - MIB(8);

	ASSERT_NE(NULL, buf);
	EXPECT_EQ((ssize_t)MIB(8), gpu_read(&self->gpu, variant->region, at,
					    buf, GIB(2)));
	EXPECT_EQ((ssize_t)MIB(8), gpu_write(&self->gpu, variant->region, at,
					     buf, GIB(2)));
}

struct large_read {
	const struct gpu *gpu;
	unsigned int region;
	uint8_t *buf;
	ssize_t result;
};

static int large_read(void *arg)
{
	struct large_read *job = arg;

	job->result = gpu_read(job->gpu, job->region, 0, job->buf, GIB(2));
	return 0;
}

static void on_signal(int signo)
{
	(void)signo;
}

/* A signal ends a long transfer soon, and what was moved is counted. */
TEST_F_TIMEOUT(rw_large, signal_ends_a_long_read_with_a_partial_count, 60)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct large_read job = {
		.gpu = &self->gpu, .region = variant->region,
		.buf = folded_buffer(GIB(2)),
	};
	struct worker reader;
	uint64_t start;

	ASSERT_NE(NULL, job.buf);
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, worker_start(&reader, large_read, &job));
	sleep_ms(100);
	start = now_ms();
	while (!worker_done(&reader) && now_ms() - start < 5000) {
		syscall(SYS_tgkill, getpid(), atomic_load(&reader.tid), SIGUSR1);
		sleep_ms(10);
	}
	EXPECT_LT(now_ms() - start, 1000);
	ASSERT_EQ(0, worker_wait(&reader, 10000));
	TH_LOG("result %zd", job.result);
	EXPECT_TRUE(job.result == -EINTR || job.result > 0);
	EXPECT_LT(job.result, (ssize_t)CALL_MAX);
}

TEST_F_TIMEOUT(rw_large, random_pieces_equal_the_mapping, 120)
{
	uint64_t seed = test_seed(), random = seed | 1, at;
	uint8_t *buf = malloc(CHUNK);
	unsigned int i;
	uint8_t *map;
	size_t len;

	map = gpu_map(&self->gpu, variant->region, 0, self->real,
		      PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < 200; i++) {
		len = next_random(&random) % 20000 + 1;
		at = next_random(&random) % (self->real - len);
		pattern_fill(buf, len, seed + i, at);
		ASSERT_EQ((ssize_t)len, gpu_write(&self->gpu, variant->region,
						  at, buf, len));
		ASSERT_EQ(0, memcmp(buf, map + at, len))
			TH_LOG("written %zu bytes at 0x%llx", len,
			       (unsigned long long)at);
		pattern_fill(map + at, len, seed - i, at);
		ASSERT_EQ((ssize_t)len, gpu_read(&self->gpu, variant->region,
						 at, buf, len));
		ASSERT_EQ(0, memcmp(buf, map + at, len))
			TH_LOG("read %zu bytes at 0x%llx", len,
			       (unsigned long long)at);
	}
	free(buf);
}

/* Neighbours of what is written must not change, whatever the copy width. */
TEST_F(rw_large, writes_touch_only_their_own_bytes)
{
	uint8_t around[96], want[96], piece[64];
	size_t len, shift;

	memset(piece, 0xc3, sizeof(piece));
	for (len = 1; len <= 33; len += 4) {
		for (shift = 0; shift < 17; shift++) {
			memset(want, 0x11, sizeof(want));
			ASSERT_EQ(96, gpu_write(&self->gpu, variant->region,
						MIB(5), want, 96));
			ASSERT_EQ((ssize_t)len,
				  gpu_write(&self->gpu, variant->region,
					    MIB(5) + 16 + shift, piece, len));
			memset(want + 16 + shift, 0xc3, len);
			ASSERT_EQ(96, gpu_read(&self->gpu, variant->region,
					       MIB(5), around, 96));
			ASSERT_EQ(0, memcmp(want, around, 96));
		}
	}
}

TEST_HARNESS_MAIN
