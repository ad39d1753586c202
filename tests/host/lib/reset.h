/* SPDX-License-Identifier: GPL-2.0-only */
/* The four ways a device gets reset, as fixture variants choose among them. */
#ifndef HOST_RESET_H
#define HOST_RESET_H

#include "gpu.h"

enum reset_kind { RESET_BY_IOCTL, RESET_BY_CONFIG, RESET_HOT, RESET_BY_SYSFS };

/* 0 or -errno; a config-space FLR reports no errors of its own. */
int gpu_reset_by(const struct gpu *gpu, enum reset_kind kind);

/*
 * For fixtures whose variant struct is { enum reset_kind kind; unsigned int gpu; }
 * Linux never resets the bus of a Hopper part, so the hot reset is tried on GPU1,
 * which should be another; NEEDS_RESET leaves it out where that is Hopper too.
 */
#define FIXTURE_VARIANT_ADD_ALL_RESETS(fixture)				\
	FIXTURE_VARIANT_ADD(fixture, by_ioctl) { .kind = RESET_BY_IOCTL }; \
	FIXTURE_VARIANT_ADD(fixture, by_config) { .kind = RESET_BY_CONFIG }; \
	FIXTURE_VARIANT_ADD(fixture, by_sysfs) { .kind = RESET_BY_SYSFS }; \
	FIXTURE_VARIANT_ADD(fixture, hot) { .kind = RESET_HOT, .gpu = 1 }

/* In a fixture's setup, once the GPU is open. */
#define NEEDS_RESET(gpu, kind) do {					\
	if ((kind) == RESET_HOT && gpu_is_hopper(gpu))			\
		SKIP(return, "Linux resets no bus that a Hopper part is on"); \
} while (0)

#endif
