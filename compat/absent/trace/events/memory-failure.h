/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events of memory_failure() used to be among those of RAS.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <ras/ras_event.h>
