// SPDX-License-Identifier: GPL-2.0-only
/* Monotonic time, and the stall witness. */

#include "clock.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS	1000000ull

#define WITNESS_CPUS	16

struct witness {
	pthread_t thread[WITNESS_CPUS];
	unsigned int cpus;
	_Atomic uint64_t stalled_at;
	_Atomic bool stop;
};

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 * NS_PER_MS + (uint64_t)ts.tv_nsec;
}

uint64_t now_ms(void)
{
	return now_ns() / NS_PER_MS;
}

void sleep_ms(unsigned int ms)
{
	struct timespec ts = {
		.tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000 * NS_PER_MS),
	};

	while (nanosleep(&ts, &ts))
		;
}

static void *witness_watch(void *arg)
{
	struct witness *witness = arg;

	while (!atomic_load(&witness->stop)) {
		uint64_t before = now_ns();

		sleep_ms(1);
		if (now_ns() - before > WITNESS_STALL_NS)
			atomic_store(&witness->stalled_at, now_ns());
	}
	return NULL;
}

static int watch_cpu(struct witness *witness, unsigned int cpu)
{
	pthread_attr_t attr;
	cpu_set_t set;
	int ret;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	ret = pthread_create(&witness->thread[cpu], &attr, witness_watch,
			     witness);
	pthread_attr_destroy(&attr);
	return ret;
}

struct witness *witness_start(void)
{
	struct witness *witness = calloc(1, sizeof(*witness));
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (!witness)
		return NULL;
	while (witness->cpus < WITNESS_CPUS && witness->cpus < cpus) {
		if (watch_cpu(witness, witness->cpus)) {
			witness_stop(witness);
			return NULL;
		}
		witness->cpus++;
	}
	return witness;
}

bool witness_stalled_since(const struct witness *witness, uint64_t since_ns)
{
	return atomic_load(&witness->stalled_at) >= since_ns;
}

void witness_stop(struct witness *witness)
{
	atomic_store(&witness->stop, true);
	while (witness->cpus)
		pthread_join(witness->thread[--witness->cpus], NULL);
	free(witness);
}
