/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer of one open device: random operations, and what each must answer.
 *
 * A fuzzer knows what the device should do: which bytes of the memory hold what
 * (shadow.h), what the BARs show, whether the memory can be accessed.  A wrong
 * answer is a complaint and ends the run, as a splat does.  All choices come from
 * one random number, so that the same seed does the same again.
 *
 * Several may share a device ("racing").  What belongs to the device (BARs, power,
 * memory decode) is then anybody's, and an access may find the memory inaccessible;
 * but each has memory pages of its own, and nobody else's bytes may appear there.
 */
#ifndef FUZZ_FUZZER_H
#define FUZZ_FUZZER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gpu.h"
#include "shadow.h"

#define MAPS		8
#define RECENT		12
#define BUFFER_LEN	((size_t)128 << 10)
#define MEMORY_PAGE	4096u
#define NR_BARS		3
#define NO_LIMIT	(7 * 24 * 3600)	/* seconds; the runner has a limit of its own */

/* One of the two regions that are GPU memory; size is 0 where there is none. */
struct memory {
	unsigned int index;
	uint64_t real;
	uint64_t bar;
	struct shadow *shadow;
};

struct map {
	char *where;		/* NULL: no mapping */
	size_t len;
	int prot;
	struct memory *memory;
	uint64_t at;		/* of the memory, shown at @where */
};

/* What config space shows of the BARs: a 64-bit register each. */
struct bars {
	uint64_t stored[NR_BARS];
	uint64_t size[NR_BARS];
	uint64_t type[NR_BARS];
	bool emulated[NR_BARS];
};

struct record {
	const char *what;
	uint64_t a, b, c;
	long result;
};

struct fuzzer {
	const struct gpu *gpu;
	uint64_t random;
	uint64_t done;
	unsigned int slice, slices;	/* more than one slice: racing */
	bool administrator;		/* may use sysfs, and does */

	struct memory memory[2];
	struct map map[MAPS];
	struct bars bars;
	bool decode;			/* memory decode is on */
	bool low_power;

	uint8_t *buffer;		/* BUFFER_LEN, then a page nobody may touch */
	uint8_t *fresh;			/* BUFFER_LEN, absent before each use */
	uint8_t *scratch;		/* BUFFER_LEN of the fuzzer's own */

	struct record recent[RECENT];
	char complaint[320];
};

/* A number from the environment. */
uint64_t wanted(const char *name, uint64_t otherwise);

/* For the table of promises; see tests/testbed/promises. */
void figure(const char *fixture, uint64_t number, const char *what);

/* 0 or -errno; @nr is the GPU's number in the scenario, for what it should be. */
int fuzzer_init(struct fuzzer *f, const struct gpu *gpu, unsigned int nr,
		uint64_t seed, unsigned int slice, unsigned int slices);
void fuzzer_done(struct fuzzer *f);

/* @operations more: 0, or -1 with a complaint, which fuzzer_try() does not print. */
int fuzzer_run(struct fuzzer *f, uint64_t operations);
int fuzzer_try(struct fuzzer *f, uint64_t operations);

/* For operations: the first complaint of a run counts. */
__attribute__((format(printf, 2, 3)))
void complain(struct fuzzer *f, const char *format, ...);
long note(struct fuzzer *f, const char *what, uint64_t a, uint64_t b, uint64_t c,
	  long result);

static inline bool racing(const struct fuzzer *f)
{
	return f->slices > 1;
}

/* Whether read() and write() of the memory must succeed; while racing, they may. */
static inline bool file_works(const struct fuzzer *f)
{
	return racing(f) || f->decode;
}

/* The same of mappings, for which nothing wakes the device up. */
static inline bool mappings_work(const struct fuzzer *f)
{
	return racing(f) || (f->decode && !f->low_power);
}

/* Random choices: [0, @below), one in @of, a number that likes edges. */
uint64_t pick(struct fuzzer *f, uint64_t below);
bool one_in(struct fuzzer *f, uint64_t of);
uint64_t pick_odd(struct fuzzer *f);

/* The operations. */
void fuzz_read(struct fuzzer *f);
void fuzz_write(struct fuzzer *f);
void fuzz_stray_access(struct fuzzer *f);
void fuzz_map(struct fuzzer *f);
void fuzz_unmap(struct fuzzer *f);
void fuzz_remap(struct fuzzer *f);
void fuzz_advise(struct fuzzer *f);
void fuzz_load(struct fuzzer *f);
void fuzz_store(struct fuzzer *f);
void fuzz_fork(struct fuzzer *f);
void fuzz_bars_write(struct fuzzer *f);
void fuzz_bars_read(struct fuzzer *f);
void fuzz_config_read(struct fuzzer *f);
void fuzz_config_write(struct fuzzer *f);
void fuzz_decode(struct fuzzer *f);
void fuzz_reset(struct fuzzer *f);
void fuzz_region_info(struct fuzzer *f);
void fuzz_device_info(struct fuzzer *f);
void fuzz_irq_info(struct fuzzer *f);
void fuzz_set_irqs(struct fuzzer *f);
void fuzz_feature(struct fuzzer *f);
void fuzz_power(struct fuzzer *f);
void fuzz_hot_reset(struct fuzzer *f);
void fuzz_ioctl(struct fuzzer *f);

/* What a fuzzer needs of its operations. */
void bars_learn(struct fuzzer *f);
void make_accessible(struct fuzzer *f);
void unmap_all(struct fuzzer *f);

#endif
