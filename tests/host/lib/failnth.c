// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's fault injection; see failnth.h. */

#include "failnth.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gpu.h"
#include "sysfs.h"

#define DEBUGFS		"/sys/kernel/debug/"
#define OBJECT_MIN	64u
#define EVERYWHERE	"0xffffffffffffffff"

/* All allocations may fail, those that can sleep too, and none does by chance. */
static const char * const settings[][2] = {
	{ "failslab/probability", "0" },
	{ "failslab/ignore-gfp-wait", "N" },
	{ "failslab/cache-filter", "N" },
	{ "failslab/task-filter", "N" },
	{ "failslab/interval", "1" },
	{ "failslab/space", "0" },
	{ "failslab/verbose", "0" },
	{ "failslab/require-start", "0" },
	{ "failslab/require-end", EVERYWHERE },
	{ "failslab/reject-start", "0" },
	{ "failslab/reject-end", "0" },
	{ "fail_page_alloc/probability", "0" },
	{ "fail_page_alloc/ignore-gfp-wait", "N" },
	{ "fail_page_alloc/ignore-gfp-highmem", "N" },
	{ "fail_page_alloc/min-order", "0" },
	{ "fail_page_alloc/verbose", "0" },
	{ "fail_page_alloc/reject-start", "0" },
	{ "fail_page_alloc/reject-end", "0" },
};

static int set(const char *name, const char *value)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEBUGFS "%s", name);
	return file_write(path, value);
}

static int set_number(const char *name, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%#llx", (unsigned long long)value);
	return set(name, text);
}

static int apply_settings(void)
{
	size_t i;
	int ret;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		ret = set(settings[i][0], settings[i][1]);
		if (ret)
			return ret;
	}
	return 0;
}

int sweep_begin(struct sweep *sweep)
{
	int ret = apply_settings();

	*sweep = (struct sweep){ .fd = -1 };
	if (ret)
		return ret;
	sweep->fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return sweep->fd < 0 ? -errno : 0;
}

void sweep_end(struct sweep *sweep)
{
	if (sweep->fd >= 0)
		close(sweep->fd);
	sweep->fd = -1;
}

/* Neither this nor reading it back allocates. */
static void arm(const struct sweep *sweep, unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(sweep->fd, text, (size_t)len, 0) != len)
		abort();
}

/* What is left of the count: 0 when it has been used up. */
static unsigned int remaining(const struct sweep *sweep)
{
	char text[16] = "";

	if (pread(sweep->fd, text, sizeof(text) - 1, 0) <= 0)
		abort();
	return (unsigned int)strtoul(text, NULL, 10);
}

bool sweep_step(struct sweep *sweep, int (*call)(void *arg), void *arg)
{
	unsigned int left;

	arm(sweep, ++sweep->nth);
	sweep->result = call(arg);
	left = remaining(sweep);
	arm(sweep, 0);
	if (left)
		return false;
	sweep->failed++;
	sweep->refused += sweep->result < 0;
	return true;
}

/* Calls @take for every function of the kernel and its modules. */
static void for_each_function(void (*take)(uint64_t at, const char *name,
					   const char *module, void *arg),
			      void *arg)
{
	char *text = file_slurp("/proc/kallsyms"), *save, *line;
	char type, name[128], module[64];
	uint64_t at;
	int n;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		n = sscanf(line, "%lx %c %127s %63s", &at, &type, name, module);
		if (n >= 3 && strchr("tT", type))
			take(at, name, n == 4 ? module : "", arg);
	}
	free(text);
}

struct range {
	const char *name;
	uint64_t start, end;
};

static void take_start(uint64_t at, const char *name, const char *module,
		       void *arg)
{
	struct range *range = arg;

	(void)module;
	if (!strcmp(name, range->name))
		range->start = at;
}

static void take_next(uint64_t at, const char *name, const char *module,
		      void *arg)
{
	struct range *range = arg;

	(void)name;
	(void)module;
	if (at > range->start && at < range->end)
		range->end = at;
}

int sweep_spare(const char *function)
{
	struct range range = { .name = function, .end = UINT64_MAX };
	int ret;

	for_each_function(take_start, &range);
	if (!range.start)
		return -ENOENT;
	for_each_function(take_next, &range);
	ret = set_number("failslab/reject-start", range.start);
	if (!ret)
		ret = set_number("failslab/reject-end", range.end);
	if (!ret)
		ret = set_number("fail_page_alloc/reject-start", range.start);
	return ret ? ret : set_number("fail_page_alloc/reject-end", range.end);
}

static void take_module(uint64_t at, const char *name, const char *module,
			void *arg)
{
	struct range *range = arg;

	(void)name;
	if (strcmp(module, range->name))
		return;
	range->start = at < range->start ? at : range->start;
	range->end = at > range->end ? at : range->end;
}

/* The pages that hold the driver's functions. */
static struct range driver_text(void)
{
	char module[66];
	struct range range = { .name = module, .start = UINT64_MAX };

	snprintf(module, sizeof(module), "[%.60s]", driver_name());
	for_each_function(take_module, &range);
	range.end = (range.end | (page_size() - 1)) + 1;
	return range;
}

/* From then on one allocation fails, the one that takes the sum to over @bytes. */
static int away_arm(uint64_t bytes)
{
	static struct range text;
	int ret;

	if (!text.end)
		text = driver_text();
	ret = set_number("failslab/require-start", text.start);
	if (!ret)
		ret = set_number("failslab/require-end", text.end);
	if (!ret)
		ret = set_number("failslab/space", bytes);
	if (!ret)
		ret = set("failslab/times", "1");
	return ret ? ret : set("failslab/probability", "100");
}

/* Whether it did. */
static bool away_disarm(void)
{
	char *times = file_slurp(DEBUGFS "failslab/times");
	bool failed = times && !strcmp(times, "0\n");

	free(times);
	if (apply_settings())
		abort();
	return failed;
}

bool away_step(struct sweep *sweep, int (*call)(void *arg), void *arg)
{
	if (away_arm(OBJECT_MIN * sweep->nth++))
		abort();
	sweep->result = call(arg);
	if (!away_disarm())
		return false;
	sweep->failed++;
	sweep->refused += sweep->result < 0;
	return true;
}
