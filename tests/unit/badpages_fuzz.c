// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target for badpages.c: where the memory is, then pages of it that go
 * bad, singly or many, and ranges inside and around it that are looked up.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <stdint.h>

#include "badpages_model.h"
#include "fuzz.h"

enum operation {
	ADD,
	ADD_MANY,
	/* Both ends are pages of the memory. */
	LOOK_UP,
	/* Both ends are anywhere. */
	LOOK_UP_FAR,
	OPERATION_MASK = 3,
};

static u64 take_page(struct input *in)
{
	return take_bytes(in, 2) % PAGES;
}

/* Enough of these fill the list. */
static void add_many(struct input *in, struct nvgrace_gpu_badpages *list,
		     struct model *model)
{
	u64 page = take_page(in);
	u8 stride = take_byte(in);
	unsigned int count = take_byte(in);

	while (count--) {
		add_both(list, model, page);
		page = (page + stride) % PAGES;
	}
}

static void look_up(const struct nvgrace_gpu_badpages *list,
		    const struct model *model, u64 start, u64 end)
{
	expect_first_pfn(list, model, start < end ? start : end,
			 start < end ? end : start);
}

static void one_operation(struct input *in, struct nvgrace_gpu_badpages *list,
			  struct model *model)
{
	u64 start;

	switch (take_byte(in) & OPERATION_MASK) {
	case ADD:
		add_both(list, model, take_page(in));
		break;
	case ADD_MANY:
		add_many(in, list, model);
		break;
	case LOOK_UP:
		start = model->base + take_page(in);
		look_up(list, model, start, model->base + take_page(in));
		break;
	case LOOK_UP_FAR:
		start = take_number(in, 1);
		look_up(list, model, start, take_number(in, 1));
		break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	u64 base = take_number(&in, 1);
	struct nvgrace_gpu_badpages list;
	struct model model;

	/* The memory ends where PFNs end, at the latest. */
	model_init(&list, &model, base < -(u64)PAGES ? base : -(u64)PAGES);
	while (in.left)
		one_operation(&in, &list, &model);
	expect_order(&list, &model);
	no_failure_or_abort();
	return 0;
}
