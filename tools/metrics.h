/* SPDX-License-Identifier: GPL-2.0-only */
/* For Prometheus. */
#ifndef NVGRACE_METRICS_H
#define NVGRACE_METRICS_H

#include "report.h"

void report_print_metrics(const struct report *report, FILE *out);

/* Into a file, whole or not at all: 0 or -1 with errno. */
int report_write_metrics(const struct report *report, const char *path);

#endif
