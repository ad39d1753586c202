/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places in guest memory that vCPUs watch (guest_watch of guest_code.h): they
 * read a word there and write how often they did, again and again.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdint.h>

#include "vcpus.h"

#define WATCH_VCPUS	3
#define WATCH_PLACES	16

/**
 * struct place - what is watched
 * @word: tells which memory it is in, and which place it is
 * @round: written by each vCPU: its round
 */
struct place {
	_Atomic uint64_t word;
	_Atomic uint64_t round[WATCH_VCPUS];
};

/* WATCH_PLACES places, @stride bytes apart, in something mapped at @start. */
struct watched {
	char *start;
	uint64_t stride;
};

struct place *watch_place(const struct watched *watched, unsigned int place);

/* The word that tells memory @memory, an arbitrary number, and @place. */
uint64_t watch_word(unsigned int memory, unsigned int place);

/* Writes these words, and round 0. */
void watch_prepare(const struct watched *watched, unsigned int memory);

/* What all vCPUs have done there, in one number. */
uint64_t watch_rounds(const struct watched *watched);

/* Waits until they do more: 0, or -1 when they do not in ten seconds. */
int watch_wait(const struct watched *watched);

/*
 * Starts all vCPUs at VM_WINDOW_GPA, where the words of @memory are: 0 or an
 * errno. Faults are retried and counted, see struct vm.
 */
int watch_start(struct vm *vm, struct vcpu_job jobs[WATCH_VCPUS],
		uint64_t stride, unsigned int memory);

/* Between the two vCPUs accept any word, after them those of @memory. */
void watch_change_begins(struct vm *vm);
void watch_change_ends(struct vm *vm, unsigned int memory);

/* How often to change something under them: ROUNDS= of the environment, or @usually. */
unsigned int watch_times(unsigned int usually);

/* Ends them; each job then has its number of rounds as result. */
void watch_stop(struct vm *vm, struct vcpu_job jobs[WATCH_VCPUS]);

#endif
