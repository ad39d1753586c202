// SPDX-License-Identifier: GPL-2.0-only
/*
 * A list of bad pages; see badpages.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */

#include <linux/kernel.h>

#include "badpages.h"

/**
 * nvgrace_gpu_badpages_add() - a page has gone bad
 * @list: the list
 * @pfn: the page
 *
 * Return: true if @list did not hold it before.
 */
bool nvgrace_gpu_badpages_add(struct nvgrace_gpu_badpages *list, u64 pfn)
{
	unsigned int i;

	if (list->full)
		return false;
	for (i = 0; i < list->count; i++) {
		if (list->pfn[i] == pfn)
			return false;
	}

	if (list->count == ARRAY_SIZE(list->pfn))
		list->full = true;
	else
		list->pfn[list->count++] = pfn;
	return true;
}

/**
 * nvgrace_gpu_badpages_first() - the first bad page of a range
 * @list: the list
 * @start: first PFN
 * @end: exclusive
 *
 * Return: the lowest bad PFN in the range, or @end if it has none.
 */
u64 nvgrace_gpu_badpages_first(const struct nvgrace_gpu_badpages *list,
			       u64 start, u64 end)
{
	unsigned int i;

	if (list->full)
		return start;
	for (i = 0; i < list->count; i++) {
		if (list->pfn[i] >= start && list->pfn[i] < end)
			end = list->pfn[i];
	}
	return end;
}
