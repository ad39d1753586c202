// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM's own dump of a VM's stage 2 names the memory type that the guest has.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * For kernels with patches/linux-7.x/ptdump. The names are the dump's; the module s2leaf,
 * which reads the same entries, says which type it has to be.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "expect.h"

#define VALUE	0x3c6ef372fe94f82bULL

FIXTURE(dump)
{
	struct scene scene;
	struct model model;
};

FIXTURE_VARIANT(dump)
{
	struct lab_kind kind;
	const char *name;
};

FIXTURE_VARIANT_ADD(dump, write_back)
{
	.kind.type = PFNLAB_NORMAL_WB, .name = "NORMAL-WB (FWB)",
};

FIXTURE_VARIANT_ADD(dump, write_back_pages)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.populate = PFNLAB_PAGES,
	.name = "NORMAL-WB (FWB)",
};

FIXTURE_VARIANT_ADD(dump, uncached_allowed)
{
	.kind.type = PFNLAB_NORMAL_NC, .kind.flags = PFNLAB_ALLOW_UNCACHED,
	.name = "NORMAL-NC",
};

FIXTURE_VARIANT_ADD(dump, device)
{
	.kind.type = PFNLAB_DEVICE, .name = "DEVICE/nGnRE",
};

FIXTURE_SETUP(dump)
{
	SETUP_MAPPABLE_SCENE(self, 1, 1, &variant->kind);
	ASSERT_EQ(0, scene_map(&self->scene, &variant->kind));
	*(volatile uint64_t *)self->scene.map.start = VALUE;
	ASSERT_EQ(0, scene_set_slot(&self->scene, 0));
}

FIXTURE_TEARDOWN(dump)
{
	scene_close(&self->scene);
}

/* The line of the dump that covers @gpa, in @line of @size bytes: 0 or -errno. */
static int dump_line(const struct vm *vm, uint64_t gpa, char *line, size_t size)
{
	unsigned long long first, end;
	int ret = -ENOENT;
	char path[96];
	FILE *dump;

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/stage2_page_tables",
		 getpid(), vm->fd);
	dump = fopen(path, "r");
	if (!dump)
		return -errno;
	while (ret && fgets(line, (int)size, dump))
		if (sscanf(line, "0x%llx-0x%llx", &first, &end) == 2 &&
		    gpa >= first && gpa < end)
			ret = 0;
	fclose(dump);
	return ret;
}

TEST_F(dump, names_the_type_of_the_entry)
{
	struct vm *vm = &self->scene.vm;
	struct s2leaf leaf;
	char line[256];

	ASSERT_EQ(0, dump_line(vm, VM_WINDOW_GPA, line, sizeof(line)));
	EXPECT_EQ(NULL, strstr(line, variant->name)) TH_LOG("%s", line);
	EXPECT_GUEST_READS(vm, VM_WINDOW_GPA, VALUE);
	ASSERT_EQ(0, leaf_get(vm, VM_WINDOW_GPA, &leaf));
	EXPECT_STREQ(self->model.type, leaf_type(&leaf));
	ASSERT_EQ(0, dump_line(vm, VM_WINDOW_GPA, line, sizeof(line)));
	EXPECT_NE(NULL, strstr(line, variant->name)) TH_LOG("%s", line);
}

/* Of the guest's code, which is RAM. */
TEST_F(dump, names_that_of_ram)
{
	char line[256];

	EXPECT_GUEST_READS(&self->scene.vm, VM_WINDOW_GPA, VALUE);
	ASSERT_EQ(0, dump_line(&self->scene.vm, VM_CODE_GPA, line, sizeof(line)));
	EXPECT_NE(NULL, strstr(line, " NORMAL-WB")) TH_LOG("%s", line);
}

TEST_HARNESS_MAIN
