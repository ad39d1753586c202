// SPDX-License-Identifier: GPL-2.0-only
/* Choosing operations, and telling what went wrong; see fuzzer.h. */

#include "fuzzer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"
#include "touch.h"

#define LONGEST_MS	10000	/* nothing may take longer */

/* Shares of a run; the dear ones (a reset takes 100 ms) are rare. */
static const struct {
	void (*run)(struct fuzzer *f);
	unsigned int weight;
} operations[] = {
	{ fuzz_read,		4000 },
	{ fuzz_write,		4000 },
	{ fuzz_load,		4000 },
	{ fuzz_store,		4000 },
	{ fuzz_bars_read,	1000 },
	{ fuzz_bars_write,	1000 },
	{ fuzz_config_read,	400 },
	{ fuzz_stray_access,	600 },
	{ fuzz_map,		400 },
	{ fuzz_unmap,		100 },
	{ fuzz_remap,		100 },
	{ fuzz_advise,		100 },
	{ fuzz_region_info,	1000 },
	{ fuzz_device_info,	300 },
	{ fuzz_irq_info,	300 },
	{ fuzz_set_irqs,	200 },
	{ fuzz_ioctl,		600 },
	{ fuzz_hot_reset,	100 },
	{ fuzz_feature,		200 },
	{ fuzz_decode,		60 },
	{ fuzz_fork,		5 },
	{ fuzz_power,		2 },
	{ fuzz_config_write,	10 },
	{ fuzz_reset,		1 },
};

#define NR_OPERATIONS	(sizeof(operations) / sizeof(*operations))

uint64_t wanted(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

void figure(const char *fixture, uint64_t number, const char *what)
{
	printf("# figure: %s %llu %s\n", fixture, (unsigned long long)number, what);
	fflush(stdout);
}

uint64_t pick(struct fuzzer *f, uint64_t below)
{
	return below ? next_random(&f->random) % below : 0;
}

bool one_in(struct fuzzer *f, uint64_t of)
{
	return !pick(f, of);
}

/* Powers of two and their neighbours, small numbers, and anything. */
uint64_t pick_odd(struct fuzzer *f)
{
	switch (pick(f, 4)) {
	case 0:
		return pick(f, 300);
	case 1:
		return (1ull << pick(f, 64)) + pick(f, 3) - 1;
	case 2:
		return -pick(f, 300);
	default:
		return next_random(&f->random);
	}
}

void complain(struct fuzzer *f, const char *format, ...)
{
	va_list args;

	if (*f->complaint)
		return;
	va_start(args, format);
	vsnprintf(f->complaint, sizeof(f->complaint), format, args);
	va_end(args);
}

long note(struct fuzzer *f, const char *what, uint64_t a, uint64_t b, uint64_t c,
	  long result)
{
	f->recent[f->done % RECENT] = (struct record){ what, a, b, c, result };
	return result;
}

static void report(const struct fuzzer *f)
{
	const struct record *r;
	uint64_t i;

	for (i = f->done > RECENT ? f->done - RECENT : 0; i < f->done; i++) {
		r = &f->recent[i % RECENT];
		printf("# %llu: %s 0x%llx 0x%llx 0x%llx: %ld\n",
		       (unsigned long long)i + 1, r->what ? r->what : "",
		       (unsigned long long)r->a, (unsigned long long)r->b,
		       (unsigned long long)r->c, r->result);
	}
	printf("# operation %llu: %s\n", (unsigned long long)f->done,
	       f->complaint);
	fflush(stdout);
}

static unsigned int pick_operation(struct fuzzer *f)
{
	unsigned int total = 0, ticket, i;

	for (i = 0; i < NR_OPERATIONS; i++)
		total += operations[i].weight;
	ticket = (unsigned int)pick(f, total);
	for (i = 0; ticket >= operations[i].weight; i++)
		ticket -= operations[i].weight;
	return i;
}

static void one_operation(struct fuzzer *f)
{
	uint64_t began = now_ms(), took;

	note(f, "nothing", 0, 0, 0, 0);
	operations[pick_operation(f)].run(f);
	f->done++;
	/* Not for long: hardly anything else can be seen then. */
	if ((!f->decode || f->low_power) && one_in(f, 32))
		make_accessible(f);
	took = now_ms() - began;
	if (took > LONGEST_MS)
		complain(f, "took %llu ms", (unsigned long long)took);
}

int fuzzer_try(struct fuzzer *f, uint64_t count)
{
	while (count-- && !*f->complaint)
		one_operation(f);
	return *f->complaint ? -1 : 0;
}

int fuzzer_run(struct fuzzer *f, uint64_t count)
{
	int ret = fuzzer_try(f, count);

	if (ret)
		report(f);
	return ret;
}

static uint8_t *memory_before_nothing(size_t len)
{
	uint8_t *memory = mmap(NULL, len + page_size(), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	mprotect(memory + len, page_size(), PROT_NONE);
	return memory;
}

static void free_before_nothing(uint8_t *memory)
{
	if (memory)
		munmap(memory, BUFFER_LEN + page_size());
}

int fuzzer_init(struct fuzzer *f, const struct gpu *gpu, unsigned int nr,
		uint64_t seed, unsigned int slice, unsigned int slices)
{
	struct gpu_layout layout;
	int ret = gpu_expected_layout(nr, &layout);

	if (ret)
		return ret;
	*f = (struct fuzzer){
		.gpu = gpu,
		/* Zero would stay zero. */
		.random = (seed + slice + 1) * 0x9e3779b97f4a7c15ull | 1,
		.slice = slice,
		.slices = slices,
		.decode = true,
		.memory = {
			{ GPU_USEMEM, layout.usemem, layout.usemem_bar, shadow_new() },
			{ GPU_RESMEM, layout.resmem, layout.resmem_bar, shadow_new() },
		},
		.buffer = memory_before_nothing(BUFFER_LEN),
		.fresh = memory_before_nothing(BUFFER_LEN),
		.scratch = memory_before_nothing(BUFFER_LEN),
	};
	if (!f->buffer || !f->fresh || !f->scratch || !f->memory[0].shadow ||
	    !f->memory[1].shadow)
		return -ENOMEM;
	bars_learn(f);
	return 0;
}

void fuzzer_done(struct fuzzer *f)
{
	unmap_all(f);
	shadow_free(f->memory[0].shadow);
	shadow_free(f->memory[1].shadow);
	free_before_nothing(f->buffer);
	free_before_nothing(f->fresh);
	free_before_nothing(f->scratch);
}
