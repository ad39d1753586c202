/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A region of an open GPU, as memory for a guest. How a GPU is opened is tests/host/lib.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef REGION_H
#define REGION_H

#include "gpu.h"
#include "mapping.h"

/* Maps what may be mapped of it: 0, or -1 with errno; ENODEV: there is no such region. */
int map_region(struct mapping *map, const struct gpu *gpu, unsigned int region);

#endif
