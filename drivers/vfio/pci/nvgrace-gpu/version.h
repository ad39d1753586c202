/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The version: out of the kernel's tree that of the file VERSION, in the kernel the kernel's.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef NVGRACE_GPU_VERSION
#include <generated/utsrelease.h>
#define NVGRACE_GPU_VERSION UTS_RELEASE
#endif
