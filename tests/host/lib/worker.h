/* SPDX-License-Identifier: GPL-2.0-only */
/* A thread that does one thing, and how long the others may wait for it. */
#ifndef HOST_WORKER_H
#define HOST_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct worker {
	int (*work)(void *arg);
	void *arg;
	pthread_t thread;
	_Atomic bool done;
	_Atomic int tid;
	int result;		/* valid once done */
	uint64_t took_ns;	/* valid once done */
};

int worker_start(struct worker *worker, int (*work)(void *arg), void *arg);

/* What @work returned, or -ETIMEDOUT (the thread then keeps running). */
int worker_wait(struct worker *worker, unsigned int timeout_ms);

bool worker_done(const struct worker *worker);

/* The calling thread runs on this CPU only: 0 or -errno. */
int run_on_cpu(unsigned int cpu);

/* What waitpid() says of the end of a process of ours, or -ETIMEDOUT if it goes on. */
int child_status(pid_t pid, unsigned int timeout_ms);

/* The exit status of a process of ours; -EINTR if it was killed, -ETIMEDOUT if it goes on. */
int child_wait(pid_t pid, unsigned int timeout_ms);

#endif
