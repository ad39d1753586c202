// SPDX-License-Identifier: GPL-2.0-only
/*
 * What read() of the memory costs when several threads do it at once: each reads pieces
 * of 1 MiB, one behind the other, or scattered, all of them together as much. In
 * instructions of the whole machine; with UNIT=us, on a machine whose clock tells the
 * time, in microseconds. Threads begin at once, and each has a part of the memory.
 *
 * Environment: GPU0, with 97 GiB of memory; READERS = how many, one word each; TOTAL = MiB
 * that they read.
 */

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "gpu.h"
#include "row.h"

#define PIECE		MIB(1)
#define READERS_MAX	64

struct reader {
	const struct gpu *gpu;
	pthread_barrier_t *ready, *go;
	pthread_t thread;
	uint64_t at, stride, pieces;
};

static char *buffer(void)
{
	char *at = mmap(NULL, PIECE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	must(at != MAP_FAILED, "buffer");
	return at;
}

static void *read_pieces(void *arg)
{
	const struct reader *r = arg;
	char *to = buffer();
	uint64_t i;

	pthread_barrier_wait(r->ready);
	pthread_barrier_wait(r->go);
	for (i = 0; i < r->pieces; i++)
		must(gpu_read(r->gpu, GPU_USEMEM, r->at + i * r->stride, to, PIECE) == PIECE,
		     "read");
	munmap(to, PIECE);
	return NULL;
}

static bool by_time(void)
{
	const char *unit = getenv("UNIT");

	return unit && !strcmp(unit, "us");
}

static uint64_t spent(void)
{
	return by_time() ? now_ns() / 1000 : instructions_of_all();
}

static uint64_t read_by(struct reader *readers, unsigned int count)
{
	uint64_t before;
	unsigned int i;

	for (i = 0; i < count; i++)
		must(!pthread_create(&readers[i].thread, NULL, read_pieces, &readers[i]),
		     "thread");
	pthread_barrier_wait(readers->ready);
	before = spent();
	pthread_barrier_wait(readers->go);
	for (i = 0; i < count; i++)
		pthread_join(readers[i].thread, NULL);
	return spent() - before;
}

static struct row new_row(const char *name, unsigned int count)
{
	if (by_time())
		return row_of("us", 0, "readers.%s.%u-on-%ld-cpus", name, count,
			      sysconf(_SC_NPROCESSORS_ONLN));
	return row_of("instructions", 0, "readers.%s.%u", name, count);
}

/* Each has a part of the memory of its own. */
static void row_of_readers(const struct gpu *gpu, unsigned int count, uint64_t total,
			   const char *name, uint64_t stride)
{
	uint64_t pieces = total / PIECE / count;
	struct row row = new_row(name, count);
	struct reader readers[READERS_MAX];
	pthread_barrier_t ready, go;
	unsigned int i;
	int round;

	pthread_barrier_init(&ready, NULL, count + 1);
	pthread_barrier_init(&go, NULL, count + 1);
	for (i = 0; i < count; i++)
		readers[i] = (struct reader){
			.gpu = gpu, .ready = &ready, .go = &go,
			.at = i * pieces * stride, .stride = stride, .pieces = pieces,
		};
	for (round = 0; round < ROUNDS; round++)
		row_add(&row, read_by(readers, count));
	row_print(&row);
	pthread_barrier_destroy(&go);
	pthread_barrier_destroy(&ready);
}

int main(void)
{
	uint64_t total = MIB(strtoull(getenv("TOTAL") ?: "64", NULL, 10));
	char *word, *words = strdup(getenv("READERS") ?: "1 2 4 16");
	struct gpu gpu = GPU_CLOSED;
	unsigned int count;

	errno = -gpu_open(&gpu, gpu_bdf(0));
	must(!errno, "GPU0");
	for (word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		count = (unsigned int)atoi(word);
		must(count && count <= READERS_MAX, "READERS");
		row_of_readers(&gpu, count, total, "in-order", PIECE);
		row_of_readers(&gpu, count, total, "scattered", MIB(16));
	}
	gpu_close(&gpu);
	free(words);
	return 0;
}
