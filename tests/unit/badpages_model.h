/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of the list of bad pages: one flag per page of a small memory.
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
	bool bad[PAGES];
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
	bool was_new = !model->bad[page] && !model_full(model);
	bool added = nvgrace_gpu_badpages_add(list, model->base + page);

	expect(added == was_new, "%d for page %llu of %u", added, page,
	       model->count);
	model->bad[page] = true;
	model->count += was_new;
	expect(list->full == model_full(model), "%d with %u pages", list->full,
	       model->count);
}

static inline void expect_first(const struct nvgrace_gpu_badpages *list,
				const struct model *model, u64 start, u64 end)
{
	u64 want = start, got;

	while (want < end && !model->bad[want] && !model_full(model))
		want++;
	got = nvgrace_gpu_badpages_first(list, model->base + start,
					 model->base + end);
	expect(got - model->base == want, "%lld for [%llu, %llu), not %llu",
	       got - model->base, start, end, want);
}

#endif
