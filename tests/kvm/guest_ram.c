// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ordinary guest memory is what it always was: cacheable, executable, in blocks
 * as large as the host's pages, and its dirty pages can be logged.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Environment: KERNEL.
 */
#include <errno.h>
#include <stdlib.h>

#include "expect.h"
#include "ram.h"

#define VALUE	0x5be0cd19137e2179ULL

FIXTURE(ram)
{
	struct host host;
	struct mapping map;
	struct vm vm;
	uint64_t page;		/* of the host, and of an entry */
};

FIXTURE_VARIANT(ram)
{
	enum ram_kind kind;
	unsigned int pages;
};

FIXTURE_VARIANT_ADD(ram, anonymous) { .kind = RAM_PAGES, .pages = 512 };
FIXTURE_VARIANT_ADD(ram, transparent_huge) { .kind = RAM_HUGE, .pages = 4 };
FIXTURE_VARIANT_ADD(ram, memfd) { .kind = RAM_MEMFD, .pages = 512 };
FIXTURE_VARIANT_ADD(ram, hugetlb) { .kind = RAM_HUGETLB, .pages = 4 };
FIXTURE_VARIANT_ADD(ram, gigantic) { .kind = RAM_HUGETLB_GIGANTIC, .pages = 1 };

FIXTURE_SETUP(ram)
{
	uint64_t bytes;

	ASSERT_EQ(0, host_get(&self->host));
	self->page = ram_page(variant->kind);
	bytes = variant->pages * self->page;
	if (ram_map(variant->kind, bytes, &self->map)) {
		ASSERT_EQ(ENOMEM, errno);
		SKIP(return, "the host has no such huge pages free");
	}
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_set_window(&self->vm, self->map.start, bytes));
}

FIXTURE_TEARDOWN(ram)
{
	vm_destroy(&self->vm);
	map_release(&self->map);
}

static uint64_t page_gpa(uint64_t page, unsigned int number)
{
	return VM_WINDOW_GPA + number * page;
}

TEST_F(ram, host_sees_what_the_guest_writes)
{
	volatile uint64_t *host = (void *)self->map.start;
	struct vm_result result;

	result = vm_run(&self->vm, guest_store_load, VM_WINDOW_GPA, VALUE);
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_EQ(VALUE, *host);
	*host = ~VALUE;
	EXPECT_GUEST_READS(&self->vm, VM_WINDOW_GPA, ~VALUE);
}

/* Two halves of a page do where it is the only one: it is one entry. */
TEST_F(ram, is_cacheable_and_executable)
{
	uint64_t distance = variant->pages > 1 ? self->page : self->page / 2;

	EXPECT_STREQ("normal-wb", type_by_behaviour(&self->vm, VM_WINDOW_GPA,
						    distance));
}

TEST_F(ram, entry_is_as_large_as_the_page)
{
	unsigned int i;

	if (self->host.platform.tables_hidden)
		SKIP(return, "entries cannot be read");
	for (i = 0; i < variant->pages; i++) {
		uint64_t gpa = page_gpa(self->page, i);

		/* By a fetch: without DIC it is what makes it executable. */
		vm_run(&self->vm, guest_call, gpa, 0);
		EXPECT_LEAF(&self->vm, gpa, "normal-wb", self->page);
	}
}

static bool bit(const uint64_t *bitmap, uint64_t nr)
{
	return bitmap[nr / 64] >> nr % 64 & 1;
}

/* Set must be one for every so many pages, and no other. */
static uint64_t wrong_bits(const uint64_t *bitmap, uint64_t pages,
			   uint64_t every)
{
	uint64_t i, wrong = 0;

	for (i = 0; i < pages; i++)
		wrong += bit(bitmap, i) != (i % every == 0);
	return wrong;
}

/*
 * The host's pages are written to in turn with pages that are only read; every
 * other pair of them is new to the guest.
 */
TEST_F(ram, dirty_pages_are_logged_one_by_one)
{
	uint64_t pages = self->map.bytes / page_size();
	struct vm *vm = &self->vm;
	struct s2leaf leaf;
	uint64_t *bitmap;
	unsigned int i;

	bitmap = calloc(pages / 64 + 1, sizeof(uint64_t));
	ASSERT_NE(NULL, bitmap);
	for (i = 0; i < variant->pages; i++)
		if (i % 4 < 2)
			vm_run(vm, guest_load, page_gpa(self->page, i), 0);
	ASSERT_EQ(0, vm_set_slot(vm, VM_WINDOW_SLOT, VM_WINDOW_GPA,
				 self->map.start, self->map.bytes,
				 KVM_MEM_LOG_DIRTY_PAGES));
	ASSERT_EQ(0, vm_get_dirty_log(vm, VM_WINDOW_SLOT, bitmap));
	for (i = 0; i < variant->pages; i++)
		vm_run(vm, i % 2 ? guest_load : guest_store,
		       page_gpa(self->page, i), VALUE);
	ASSERT_EQ(0, vm_get_dirty_log(vm, VM_WINDOW_SLOT, bitmap));
	EXPECT_EQ(0, wrong_bits(bitmap, pages, 2 * self->page / page_size()));
	if (!self->host.platform.tables_hidden) {
		ASSERT_EQ(0, leaf_get(vm, VM_WINDOW_GPA, &leaf));
		EXPECT_EQ(page_size(), leaf.block);
	}

	ASSERT_EQ(0, vm_get_dirty_log(vm, VM_WINDOW_SLOT, bitmap));
	EXPECT_EQ(0, bit(bitmap, 0));
	free(bitmap);
}

TEST_HARNESS_MAIN
