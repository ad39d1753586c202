/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of the list of bad pages: a small memory, and for each of its pages when
 * it went bad.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef UNIT_BADPAGES_MODEL_H
#define UNIT_BADPAGES_MODEL_H

#include "badpages.h"
#include "ktap.h"

#define PAGES	1024

struct model {
	u64 base;
	/* 1 is the first page that went bad, 0 is a good one. */
	unsigned int nth[PAGES];
	unsigned int count;
};

static inline void model_init(struct nvgrace_gpu_badpages *list,
			      struct model *model, u64 base)
{
	memset(list, 0, sizeof(*list));
	memset(model, 0, sizeof(*model));
	model->base = base;
}

static inline bool model_full(const struct model *model)
{
	return model->count > NVGRACE_GPU_BADPAGES_MAX;
}

/* Adds to both, and holds the answers against each other. */
static inline void add_both(struct nvgrace_gpu_badpages *list,
			    struct model *model, u64 page)
{
	bool was_new = !model->nth[page] && !model_full(model);
	bool added = nvgrace_gpu_badpages_add(list, model->base + page);

	expect(added == was_new, "%d for page %llu of %u", added, page,
	       model->count);
	if (was_new)
		model->nth[page] = ++model->count;
	expect(list->full == model_full(model), "%d with %u pages", list->full,
	       model->count);
}

static inline u64 model_first(const struct model *model, u64 start, u64 end)
{
	u64 page = start > model->base ? start - model->base : 0;

	if (model_full(model))
		return start;
	for (; page < PAGES && model->base + page < end; page++)
		if (model->nth[page])
			return model->base + page;
	return end;
}

/* PFNs, anywhere; @start is not above @end. */
static inline void expect_first_pfn(const struct nvgrace_gpu_badpages *list,
				    const struct model *model, u64 start, u64 end)
{
	u64 got = nvgrace_gpu_badpages_first(list, start, end);
	u64 want = model_first(model, start, end);

	expect(got == want, "0x%llx for [0x%llx, 0x%llx), not 0x%llx", got,
	       start, end, want);
}

/* The same with pages of the memory. */
static inline void expect_first(const struct nvgrace_gpu_badpages *list,
				const struct model *model, u64 start, u64 end)
{
	expect_first_pfn(list, model, model->base + start, model->base + end);
}

/* The list has the pages in the order in which they went bad, each once. */
static inline void expect_order(const struct nvgrace_gpu_badpages *list,
				const struct model *model)
{
	unsigned int nth, listed = 0;
	u64 page;

	for (page = 0; page < PAGES; page++) {
		nth = model->nth[page];
		if (!nth || nth > NVGRACE_GPU_BADPAGES_MAX)
			continue;
		listed++;
		expect(list->pfn[nth - 1] == model->base + page,
		       "0x%llx as number %u, not 0x%llx", list->pfn[nth - 1],
		       nth, model->base + page);
	}
	expect(list->count == listed, "%u, not %u", list->count, listed);
}

#endif
