// SPDX-License-Identifier: GPL-2.0-only
/* Threads with a time limit; see worker.h. */

#include "worker.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

static void *run(void *arg)
{
	struct worker *worker = arg;
	uint64_t start = now_ns();

	atomic_store(&worker->tid, gettid());
	worker->result = worker->work(worker->arg);
	worker->took_ns = now_ns() - start;
	atomic_store(&worker->done, true);
	return NULL;
}

int worker_start(struct worker *worker, int (*work)(void *arg), void *arg)
{
	*worker = (struct worker){ .work = work, .arg = arg };
	return -pthread_create(&worker->thread, NULL, run, worker);
}

int worker_wait(struct worker *worker, unsigned int timeout_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	if (pthread_clockjoin_np(worker->thread, NULL, CLOCK_MONOTONIC, &until))
		return -ETIMEDOUT;
	return worker->result;
}

bool worker_done(const struct worker *worker)
{
	return atomic_load(&worker->done);
}

int run_on_cpu(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

int child_status(pid_t pid, unsigned int timeout_ms)
{
	uint64_t deadline = now_ms() + timeout_ms;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (now_ms() > deadline)
			return -ETIMEDOUT;
		sleep_ms(2);
	}
	return status;
}

int child_wait(pid_t pid, unsigned int timeout_ms)
{
	int status = child_status(pid, timeout_ms);

	if (status < 0)
		return status;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
