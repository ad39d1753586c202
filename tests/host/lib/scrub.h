/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Zeroing of the memory between two users of a GPU: what an administrator sets and
 * sees of it, and a tenant, who leaves his data everywhere and is then killed.
 */
#ifndef HOST_SCRUB_H
#define HOST_SCRUB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "gpu.h"

#define SCRUB_MS	60000	/* more than all memory takes */

/* The policy of GPUs that are bound later on, a parameter of the module. */
#define SCRUB_DEFAULT_POLICY "/sys/module/nvgrace_gpu_vfio_pci/parameters/scrub"

/* 0 or -errno. */
int scrub_set_policy(const char *bdf, const char *policy);

bool scrub_state_is(const char *bdf, const char *state);

/* Waits for a state: 0, or -ETIMEDOUT. */
int scrub_wait(const char *bdf, const char *state, unsigned int timeout_ms);

/* No more scrubbing, also none that has begun, and no bad pages: 0 or -errno. */
int scrub_and_poison_off(const char *bdf);

/* Waits until it has zeroed something and goes on: 0, or -ETIMEDOUT. */
int scrub_wait_begun(const char *bdf);

uint64_t scrub_bytes_done(const char *bdf);

/* Bytes done and bytes in all: 0 or -errno. */
int scrub_progress(const char *bdf, uint64_t *done, uint64_t *total);

/* All regions of memory, mapped by one process; @resmem is NULL where there is none. */
struct tenant {
	struct gpu gpu;
	void *usemem;
	void *resmem;
};

/* What there is to scrub. */
uint64_t memory_bytes(const struct gpu *gpu);

/* 0 or -errno; to be closed in either case. */
int tenant_open(struct tenant *tenant, const char *bdf);
void tenant_close(struct tenant *tenant);

/* Opens the GPU and fills all of its memory with that byte: 0 or -errno; likewise. */
int tenant_move_in(struct tenant *tenant, const char *bdf, uint8_t byte);

/*
 * A process that opens the GPU, fills all of its memory with bytes that are not
 * zero, part of it by DMA, and keeps it open. Its pid once it is through, or -errno.
 */
pid_t tenant_moves_in(const char *bdf, uint8_t byte);

/*
 * A process that opens the GPU, which only its end closes, and ends with status 0 if it
 * could. Its pid, once it begins.
 */
pid_t tenant_opens(const char *bdf);

/* kill -9, and wait for the end of it. */
void tenant_dies(pid_t pid);

/* Bytes that are not zero, looked for through the mappings or by read(). */
uint64_t tenant_finds(const struct tenant *tenant);
uint64_t tenant_reads(const struct tenant *tenant);

#endif
