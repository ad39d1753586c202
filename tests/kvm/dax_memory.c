// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory that has struct pages and that its driver shows in a VMA without VM_PFNMAP
 * and VM_MIXEDMAP: the kernel maps it, and so the guest's is write-back on every host, with
 * cache maintenance where that is needed (modules/cache_guard sees that it can be done).
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Environment: KERNEL; DAX, a device DAX, whose first block is overwritten.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "expect.h"

#define VALUE	0x9b05688c2b3e6c1fULL

FIXTURE(dax)
{
	struct host host;
	struct mapping map;
	struct vm vm;
	struct model model;
};

FIXTURE_SETUP(dax)
{
	const char *path = getenv("DAX") ?: "";
	int fd = open(path, O_RDWR | O_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, host_get(&self->host));
	self->model = model_of_dax(&self->host);
	ASSERT_EQ(0, map_aligned(&self->map, fd, 0, block_size()));
	close(fd);
	ASSERT_EQ(0, vm_create(&self->vm));
	ASSERT_EQ(0, vm_set_window(&self->vm, self->map.start, self->map.bytes));
}

FIXTURE_TEARDOWN(dax)
{
	vm_destroy(&self->vm);
	map_release(&self->map);
}

TEST_F(dax, host_sees_what_the_guest_writes)
{
	volatile uint64_t *host = (void *)self->map.start;
	struct vm_result result;

	*host = VALUE;
	if (self->model.fault) {
		EXPECT_RUN_FAILS(&self->vm, guest_load, VM_WINDOW_GPA, self->model.fault);
		return;
	}
	EXPECT_GUEST_READS(&self->vm, VM_WINDOW_GPA, VALUE);
	result = vm_run(&self->vm, guest_store_load, VM_WINDOW_GPA, ~VALUE);
	EXPECT_EQ(VM_DONE, result.outcome);
	EXPECT_EQ(~VALUE, *host);
}

TEST_F(dax, guest_has_it_as_the_host_has_it)
{
	EXPECT_STREQ(self->model.type,
		     type_by_behaviour(&self->vm, VM_WINDOW_GPA, self->map.bytes / 2));
}

TEST_F(dax, entry_says_so)
{
	if (self->host.platform.tables_hidden) {
		EXPECT_RUN_FAILS(&self->vm, guest_store, VM_WINDOW_GPA, self->model.fault);
		return;
	}
	/* By a fetch: without DIC it is what makes it executable. */
	vm_run(&self->vm, self->model.executable ? guest_call : guest_load, VM_WINDOW_GPA, 0);
	EXPECT_LEAF(&self->vm, VM_WINDOW_GPA, self->model.type, block_size());
}

TEST_HARNESS_MAIN
