/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fixture variants: which GPU of the scenario, and which of its regions.
 *
 * A scenario has as many GPUs as it has, so every fixture is declared for all
 * of them and skips those that are missing; a scenario names the variants it
 * wants with the harness's own -v, e.g. `-v gpu0_usemem -v gpu0_resmem`.
 */
#ifndef HOST_VARIANTS_H
#define HOST_VARIANTS_H

#include "gpu.h"

/* For fixtures whose variant struct is { unsigned int gpu; unsigned int region; } */
#define FIXTURE_VARIANT_ADD_REGIONS_OF(fixture, nr)			\
	FIXTURE_VARIANT_ADD(fixture, gpu##nr##_usemem)			\
	{ .gpu = nr, .region = GPU_USEMEM };				\
	FIXTURE_VARIANT_ADD(fixture, gpu##nr##_resmem)			\
	{ .gpu = nr, .region = GPU_RESMEM }

#define FIXTURE_VARIANT_ADD_ALL_REGIONS(fixture)			\
	FIXTURE_VARIANT_ADD_REGIONS_OF(fixture, 0);			\
	FIXTURE_VARIANT_ADD_REGIONS_OF(fixture, 1);			\
	FIXTURE_VARIANT_ADD_REGIONS_OF(fixture, 2);			\
	FIXTURE_VARIANT_ADD_REGIONS_OF(fixture, 3);			\
	FIXTURE_VARIANT_ADD_REGIONS_OF(fixture, 4);			\
	FIXTURE_VARIANT_ADD_REGIONS_OF(fixture, 5)

/* For fixtures whose variant struct is { unsigned int gpu; } */
#define FIXTURE_VARIANT_ADD_ALL_GPUS(fixture)				\
	FIXTURE_VARIANT_ADD(fixture, gpu0) { .gpu = 0 };		\
	FIXTURE_VARIANT_ADD(fixture, gpu1) { .gpu = 1 };		\
	FIXTURE_VARIANT_ADD(fixture, gpu2) { .gpu = 2 };		\
	FIXTURE_VARIANT_ADD(fixture, gpu3) { .gpu = 3 };		\
	FIXTURE_VARIANT_ADD(fixture, gpu4) { .gpu = 4 };		\
	FIXTURE_VARIANT_ADD(fixture, gpu5) { .gpu = 5 }

/* The address of GPU @nr for a fixture, which is skipped where the scenario has none. */
#define SETUP_BDF(bdf, nr) do {						\
	(bdf) = gpu_bdf(nr);						\
	if (!(bdf))							\
		SKIP(return, "this scenario has no GPU%u", (nr));	\
} while (0)

/* Opens it, too. */
#define SETUP_GPU(gpu, nr) do {						\
	const char *bdf_of_gpu;						\
									\
	SETUP_BDF(bdf_of_gpu, nr);					\
	ASSERT_EQ(0, gpu_open((gpu), bdf_of_gpu));			\
} while (0)

/* The same, for a region that only some GPUs have. */
#define SETUP_REGION(gpu, nr, index) do {				\
	SETUP_GPU(gpu, nr);						\
	if ((index) == GPU_RESMEM && !gpu_has_resmem(gpu))		\
		SKIP(return, "GPU%u has no RESMEM", (nr));		\
} while (0)

#define NEEDS_TESTBLOCK(gpu) do {					\
	if (!testblock_present(gpu))					\
		SKIP(return, "needs the device model's test block");	\
} while (0)

/* The real BAR1 of a GPU sits at region 2 too, but has no sparse area. */
static inline bool gpu_has_resmem(const struct gpu *gpu)
{
	return gpu->region[GPU_RESMEM].flags & VFIO_REGION_INFO_FLAG_CAPS;
}

#endif
