// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs the kernel to withdraw a page that has become bad, from a process that
 * has all of the memory mapped and touched; the page is reported by the kernel's own
 * injector.
 *
 * Environment: SIZES = names of GPU0, GPU1, ... for the rows ("4G 96G"); GPU<n>_BASE =
 * where the memory of one begins.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gpu.h"
#include "poison.h"
#include "row.h"
#include "touch.h"

static volatile sig_atomic_t signals;

static void on_sigbus(int signo)
{
	(void)signo;
	signals++;
}

static void want_early_signals(void)
{
	struct sigaction action = { .sa_handler = on_sigbus };

	sigaction(SIGBUS, &action, NULL);
	must(!prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0), "PR_MCE_KILL");
}

/*
 * The one who meets the poison has not mapped the memory. A cost of 0: the kernel does not
 * know the page.
 */
static void injector(int addresses, int costs)
{
	uint64_t address, before;

	while (read(addresses, &address, sizeof(address)) == sizeof(address)) {
		before = instructions();
		before = poison_here(address) ? 0 : instructions() - before;
		must(write(costs, &before, sizeof(before)) == sizeof(before), "pipe");
	}
	_exit(0);
}

/* Its two ends: addresses go in, instructions come out. */
static pid_t start_injector(int *addresses, int *costs)
{
	int in[2], out[2];
	pid_t pid;

	must(!pipe(in) && !pipe(out), "pipe");
	fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	if (!pid) {
		close(in[1]);
		injector(in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	*addresses = in[1];
	*costs = out[0];
	return pid;
}

static void poison_pages(const struct gpu *gpu, const char *size, int addresses, int costs)
{
	struct row row = row_of("instructions", 0, "poison.one-page-of-%s", size);
	uint64_t real = gpu->region[GPU_USEMEM].real, address, cost;
	ssize_t n;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		signals = 0;
		address = poison_address(gpu, GPU_USEMEM,
					 (real / ROUNDS * i + page_size()) / page_size() * page_size());
		must(address != 0, "where the memory is");
		must(write(addresses, &address, sizeof(address)) == sizeof(address), "pipe");
		while ((n = read(costs, &cost, sizeof(cost))) != sizeof(cost))
			must(n < 0 && errno == EINTR, "injector");
		if (!cost)
			return;
		must(signals == 1, "SIGBUS");
		row_add(&row, cost);
	}
	row_print(&row);
}

static void tell_base(unsigned int nr)
{
	char name[16];

	snprintf(name, sizeof(name), "GPU%u_BASE", nr);
	if (getenv(name))
		setenv("GPU_MEMORY_BASE", getenv(name), 1);
}

static void with_gpu(unsigned int nr, const char *size)
{
	int addresses, costs;
	pid_t pid = start_injector(&addresses, &costs);
	struct gpu gpu = GPU_CLOSED;
	uint64_t real;
	void *map;

	tell_base(nr);
	errno = -gpu_open(&gpu, gpu_bdf(nr));
	must(!errno, size);
	real = gpu.region[GPU_USEMEM].real;
	map = gpu_map(&gpu, GPU_USEMEM, 0, real, PROT_READ | PROT_WRITE);
	must(map != MAP_FAILED && !touch_every(map, real / pmd_size() * pmd_size(), pmd_size()), "touch");
	poison_pages(&gpu, size, addresses, costs);
	close(addresses);
	close(costs);
	waitpid(pid, NULL, 0);
	munmap(map, real);
	gpu_close(&gpu);
	poison_clear(gpu.bdf);
}

int main(void)
{
	want_early_signals();
	for_sizes(with_gpu);
	return 0;
}
