/* SPDX-License-Identifier: GPL-2.0-only */
/* What somebody else makes depend on the report. */
#ifndef NVGRACE_REQUIRE_H
#define NVGRACE_REQUIRE_H

#include "report.h"

/*
 * Are the facts of these keys, separated by commas, all ok or info: that of the host, or that of
 * each GPU? The worst of them; LEVEL_UNKNOWN for one that is not there. Says on @out which are
 * not as they should be.
 */
enum level require_facts(const struct report *report, const char *keys, FILE *out);

#endif
