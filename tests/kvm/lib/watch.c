// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places in guest memory that vCPUs watch; see watch.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <stddef.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "guest_code.h"
#include "watch.h"

#define PATIENCE_S	10
#define SEED		0x9b05688c2b3e6c1fULL

struct place *watch_place(const struct watched *watched, unsigned int place)
{
	return (void *)(watched->start + place * watched->stride);
}

uint64_t watch_word(unsigned int memory, unsigned int place)
{
	return SEED * (memory + 1) + place;
}

void watch_prepare(const struct watched *watched, unsigned int memory)
{
	unsigned int i, vcpu;
	struct place *place;

	for (i = 0; i < WATCH_PLACES; i++) {
		place = watch_place(watched, i);
		place->word = watch_word(memory, i);
		for (vcpu = 0; vcpu < WATCH_VCPUS; vcpu++)
			place->round[vcpu] = 0;
	}
}

uint64_t watch_rounds(const struct watched *watched)
{
	unsigned int i, vcpu;
	uint64_t sum = 0;

	for (i = 0; i < WATCH_PLACES; i++)
		for (vcpu = 0; vcpu < WATCH_VCPUS; vcpu++)
			sum += watch_place(watched, i)->round[vcpu];
	return sum;
}

int watch_wait(const struct watched *watched)
{
	uint64_t before = watch_rounds(watched);
	time_t end = time(NULL) + PATIENCE_S;

	while (watch_rounds(watched) == before) {
		if (time(NULL) > end)
			return -1;
		usleep(1000);
	}
	return 0;
}

int watch_start(struct vm *vm, struct vcpu_job jobs[WATCH_VCPUS],
		uint64_t stride, unsigned int memory)
{
	unsigned int i;

	vm->retry_faults = true;
	vm->shared->expected = watch_word(memory, 0);
	for (i = 0; i < WATCH_VCPUS; i++)
		jobs[i] = (struct vcpu_job){
			.vm = vm,
			.index = i,
			.routine = guest_watch,
			.args = { VM_WINDOW_GPA, offsetof(struct place, round[i]),
				  stride, WATCH_PLACES },
		};
	return vcpus_start(jobs, WATCH_VCPUS);
}

void watch_change_begins(struct vm *vm)
{
	vm->shared->epoch++;
}

void watch_change_ends(struct vm *vm, unsigned int memory)
{
	vm->shared->expected = watch_word(memory, 0);
	vm->shared->epoch++;
}

unsigned int watch_times(unsigned int usually)
{
	const char *rounds = getenv("ROUNDS");

	return rounds ? (unsigned int)strtoul(rounds, NULL, 0) : usually;
}

void watch_stop(struct vm *vm, struct vcpu_job jobs[WATCH_VCPUS])
{
	vm->shared->stop = 1;
	vcpus_wait(jobs, WATCH_VCPUS);
}
