// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several vCPUs at once; see vcpus.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include "vcpus.h"

static void *run(void *arg)
{
	struct vcpu_job *job = arg;

	pthread_barrier_wait(job->barrier);
	job->result = vm_run_vcpu(job->vm, job->index, job->routine, job->args);
	return NULL;
}

int vcpus_start(struct vcpu_job *jobs, unsigned int count)
{
	static pthread_barrier_t barrier;
	unsigned int i;
	int error;

	error = pthread_barrier_init(&barrier, NULL, count);
	for (i = 0; i < count && !error; i++) {
		jobs[i].barrier = &barrier;
		error = pthread_create(&jobs[i].thread, NULL, run, &jobs[i]);
	}
	return error;
}

void vcpus_wait(struct vcpu_job *jobs, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		pthread_join(jobs[i].thread, NULL);
}
