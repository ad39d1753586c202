/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several vCPUs at once, a thread each.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef VCPUS_H
#define VCPUS_H

#include <pthread.h>

#include "vm.h"

/**
 * struct vcpu_job - what one vCPU does, and how it ended
 * @vm: the VM
 * @index: the vCPU
 * @routine: of guest_code.h
 * @args: its arguments
 * @barrier: set by vcpus_start()
 * @result: valid after vcpus_wait()
 */
struct vcpu_job {
	struct vm *vm;
	unsigned int index;
	const char *routine;
	uint64_t args[VM_ARGUMENTS];
	pthread_barrier_t *barrier;
	struct vm_result result;
	pthread_t thread;
};

/* Starts all, as closely together as threads can be: 0, or an errno. */
int vcpus_start(struct vcpu_job *jobs, unsigned int count);
void vcpus_wait(struct vcpu_job *jobs, unsigned int count);

#endif
