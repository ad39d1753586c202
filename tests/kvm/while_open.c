// SPDX-License-Identifier: GPL-2.0-only
/*
 * while_open <command>...: runs it while a GPU is open and its memory ready.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Programs that map a GPU's memory past its driver (lib/lab.h) must not find it
 * asleep, which it may be while nobody has it open; on real hardware that could end
 * in an abort that nothing catches. Not for programs that open the GPU themselves.
 *
 * Environment: GPU0 = the GPU's PCI address. The exit status is the command's; 125
 * says that the GPU could not be opened.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "region.h"

#define NOT_OPEN	125
#define NOT_FOUND	127

static int complain(const char *what)
{
	fprintf(stderr, "# %s: %s\n", what, strerror(errno));
	return NOT_OPEN;
}

/* The first touch waits until the memory is ready. */
static int open_and_touch(struct gpu *gpu, struct mapping *map)
{
	const char *bdf = getenv("GPU0");

	if (!bdf) {
		errno = EINVAL;
		return complain("GPU0 must name a GPU");
	}
	errno = -gpu_open(gpu, bdf);
	if (errno)
		return complain(bdf);
	if (map_region(map, gpu, GPU_USEMEM))
		return complain("memory of the GPU");
	(void)*(volatile uint64_t *)map->start;
	return 0;
}

static int run(char **command)
{
	pid_t child = fork();
	int status;

	if (!child) {
		execvp(command[0], command);
		perror(command[0]);
		_exit(NOT_FOUND);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return complain("the command");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct gpu gpu = GPU_CLOSED;
	struct mapping map;
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: while_open <command>...\n");
		return NOT_OPEN;
	}
	status = open_and_touch(&gpu, &map);
	if (!status)
		status = run(argv + 1);
	gpu_close(&gpu);
	return status;
}
