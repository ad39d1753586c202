// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much sooner the memory is zeroed by two CPUs than by one: measured a few times in
 * turn, in one run, by the trace event's own time; the ratio of the least, in percent.
 * Only this driver does it; with another one there is no row.
 *
 * Environment: GPU0. The machine has two CPUs, and a clock that tells the time.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "gpu.h"
#include "row.h"
#include "scrub.h"
#include "sysfs.h"

#define SCRUBBED "nvgrace_gpu/nvgrace_gpu_scrub"
#define SECOND_CPU "/sys/devices/system/cpu/cpu1/online"

static uint64_t scrub_once(struct gpu *gpu)
{
	char *text, *ns;
	uint64_t time;

	close(gpu->device);
	events_forget();
	events_begin(SCRUBBED, "0");
	gpu->device = gpu_device_again(gpu);
	must(gpu->device >= 0, "open");
	events_end(SCRUBBED);
	text = events_text();
	ns = strstr(text, " ns=");
	must(ns && strstr(text, "result=0"), "scrub");
	time = strtoull(ns + 4, NULL, 10);
	free(text);
	return time;
}

/* "0": one CPU, "1": both */
static void scrub_with(struct gpu *gpu, const char *online, uint64_t *least)
{
	uint64_t time;

	must(!file_write(SECOND_CPU, online), "the second CPU");
	time = scrub_once(gpu);
	if (time < *least)
		*least = time;
}

int main(void)
{
	uint64_t one = UINT64_MAX, both = UINT64_MAX;
	struct gpu gpu = GPU_CLOSED;
	int round;

	if (scrub_set_policy(gpu_bdf(0), "off"))
		return 0;
	errno = -gpu_open(&gpu, gpu_bdf(0));
	must(!errno, "GPU0");
	must(!scrub_set_policy(gpu.bdf, "on-open"), "scrub_policy");
	for (round = 0; round < ROUNDS; round++) {
		scrub_with(&gpu, "0", &one);
		scrub_with(&gpu, "1", &both);
	}
	scrub_set_policy(gpu.bdf, "off");
	gpu_close(&gpu);
	row_of_one(one * 100 / both, "percent", 200, "scrub-speed.2-cpus");
	return 0;
}
