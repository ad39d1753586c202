// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracepoints' code; what they are is in trace.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */

#define CREATE_TRACE_POINTS
#include "trace.h"
