// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the driver's badpages.c: the list of bad pages, against
 * badpages_model.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <stdint.h>

#include "badpages_model.h"

static void empty_list_has_no_bad_page(void)
{
	struct nvgrace_gpu_badpages list = {};

	expect(nvgrace_gpu_badpages_first(&list, 0, UINT64_MAX) == UINT64_MAX,
	       "%u pages", list.count);
	expect(nvgrace_gpu_badpages_first(&list, 7, 7) == 7, "%u pages",
	       list.count);
}

static void first_is_exact_at_both_ends(void)
{
	struct nvgrace_gpu_badpages list;
	struct model model;
	u64 start, end;

	model_init(&list, &model, 0x2000000);
	add_both(&list, &model, 9);
	add_both(&list, &model, 5);
	add_both(&list, &model, 6);
	for (start = 0; start < 12; start++)
		for (end = start; end < 12; end++)
			expect_first(&list, &model, start, end);
}

static void each_page_is_added_once(void)
{
	struct nvgrace_gpu_badpages list;
	struct model model;

	model_init(&list, &model, 0);
	add_both(&list, &model, 0);
	add_both(&list, &model, 3);
	add_both(&list, &model, 0);
	add_both(&list, &model, 3);
	expect(list.count == 2, "%u", list.count);
	expect(list.pfn[0] == 0 && list.pfn[1] == 3, "%llu, %llu", list.pfn[0],
	       list.pfn[1]);
}

static void full_list_holds_everything(void)
{
	struct nvgrace_gpu_badpages list;
	struct model model;
	u64 page;

	model_init(&list, &model, 1ULL << 36);
	for (page = 0; page < NVGRACE_GPU_BADPAGES_MAX; page++)
		add_both(&list, &model, 2 * page);
	expect_first(&list, &model, 1, 2);
	add_both(&list, &model, 4);
	expect_first(&list, &model, 1, 2);
	add_both(&list, &model, 1);
	expect_first(&list, &model, 3, 4);
	expect_first(&list, &model, 3, 3);
	expect(list.count == NVGRACE_GPU_BADPAGES_MAX, "%u", list.count);
}

static void random_pages_are_found(void)
{
	struct nvgrace_gpu_badpages list;
	unsigned int round, i;
	struct model model;
	u64 start;

	for (round = 0; round < 200; round++) {
		model_init(&list, &model, random_u64() >> 12);
		for (i = 0; i < 2 * NVGRACE_GPU_BADPAGES_MAX; i++) {
			add_both(&list, &model, random_below(PAGES));
			start = random_below(PAGES);
			expect_first(&list, &model, start,
				     start + random_below(PAGES - start + 1));
		}
	}
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
#define TEST(name) { #name, name }
		TEST(empty_list_has_no_bad_page),
		TEST(first_is_exact_at_both_ends),
		TEST(each_page_is_added_once),
		TEST(full_list_holds_everything),
		TEST(random_pages_are_found),
	};

	return run_tests(tests, sizeof(tests) / sizeof(*tests), argv + !!argc);
}
