// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings that are taken away, and what they show changed, under running vCPUs.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * All vCPUs read all pages again and again (guest_watch). The host makes the file
 * show other memory; when that call returns nobody may reach the old memory any
 * more: not read from it, which the vCPUs tell, nor write to it, which the rounds
 * they write there tell. Then the entries are of what is shown now.
 *
 * No zap ends KVM_RUN; on stock kernels it does now and then, which is counted.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h); ROUNDS = how often.
 */
#include <errno.h>

#include "expect.h"
#include "watch.h"

#define BLOCKS		2
#define ROUNDS		60			/* usually */
#define NO_LIMIT	(7 * 24 * 3600)		/* the runner has its own */

FIXTURE(zap)
{
	struct scene scene;
	struct model model;
	struct lab witness;	/* sees both memories all the time */
	struct mapping both;
	struct watched memory[2];
	struct watched shown;	/* as the guest sees it */
	struct vcpu_job jobs[WATCH_VCPUS];
};

FIXTURE_VARIANT(zap)
{
	struct lab_kind kind;
	bool kernel_memory;	/* is the other memory */
	bool remap;		/* make the mapping anew, in blocks or pages */
};

FIXTURE_VARIANT_ADD(zap, write_back_blocks)
{
	.kind.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(zap, write_back_pages)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.populate = PFNLAB_PAGES,
};

FIXTURE_VARIANT_ADD(zap, write_back_blocks_or_pages)
{
	.kind.type = PFNLAB_NORMAL_WB, .remap = true,
};

FIXTURE_VARIANT_ADD(zap, write_back_and_kernel_memory)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.populate = PFNLAB_PAGES,
	.kernel_memory = true,
};

FIXTURE_VARIANT_ADD(zap, uncached_blocks)
{
	.kind.type = PFNLAB_NORMAL_NC, .kind.flags = PFNLAB_ALLOW_UNCACHED,
};

_Static_assert(WATCH_PLACES <= PFNLAB_RAM_PAGES, "one page of RAM for each place");

/* The two memories follow each other. */
static uint64_t physical(const struct scene *scene, unsigned int memory)
{
	return scene->lab.base + memory * scene->map.bytes;
}

FIXTURE_SETUP(zap)
{
	struct lab_kind pages = variant->kind;
	struct scene *scene = &self->scene;
	uint64_t stride;

	SETUP_MAPPABLE_SCENE(self, BLOCKS, WATCH_VCPUS, &variant->kind);
	ASSERT_GE(scene->lab.bytes, 2 * scene->map.bytes);

	pages.populate = PFNLAB_PAGES;
	ASSERT_EQ(0, lab_open(&self->witness));
	ASSERT_EQ(0, map_reserve(&self->both, 2 * scene->map.bytes));
	ASSERT_EQ(0, lab_map(&self->witness, &pages, 0, &self->both, 0,
			     self->both.bytes));
	stride = variant->kernel_memory ? page_size() :
					  scene->map.bytes / WATCH_PLACES;
	self->shown = (struct watched){ scene->map.start, stride };
	self->memory[0] = (struct watched){ self->both.start, stride };
	self->memory[1] = (struct watched){ self->both.start + scene->map.bytes,
					    stride };
	watch_prepare(&self->memory[0], 0);
	watch_prepare(&self->memory[1], 1);

	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	if (variant->kernel_memory) {
		ASSERT_EQ(0, lab_show(&scene->lab, PFNLAB_RAM));
		watch_prepare(&self->shown, 1);
		ASSERT_EQ(0, lab_show(&scene->lab, physical(scene, 0)));
	}
	ASSERT_EQ(0, scene_set_slot(scene, 0));
}

FIXTURE_TEARDOWN(zap)
{
	map_release(&self->both);
	lab_close(&self->witness);
	scene_close(&self->scene);
}

#define STOP_WATCHING() do {						\
	unsigned int __i;						\
									\
	watch_stop(&self->scene.vm, self->jobs);			\
	printf("# figure: zap %u rounds, %lu failures of KVM_RUN\n",	\
	       rounds, self->scene.vm.retried);				\
	fflush(stdout);							\
	if (self->scene.host.kvm->looks_again)				\
		EXPECT_EQ(0, self->scene.vm.retried);			\
	for (__i = 0; __i < WATCH_VCPUS; __i++) {			\
		EXPECT_EQ(VM_DONE, self->jobs[__i].result.outcome)	\
			TH_LOG("vCPU %u: %#llx", __i, (unsigned long long) \
			       self->jobs[__i].result.value);		\
		EXPECT_LT(0, self->jobs[__i].result.value);		\
	}								\
} while (0)

/* Once a table is there, mm does not go back to blocks: for that, map anew. */
static int map_anew(struct scene *scene, const struct lab_kind *kind,
		    unsigned int round)
{
	struct lab_kind other = *kind;

	other.populate = round % 2 ? PFNLAB_PAGES : PFNLAB_BLOCKS;
	return scene_map(scene, &other);
}

static int show_memory(struct scene *scene, unsigned int memory, bool kernel)
{
	return lab_show(&scene->lab, memory && kernel ? PFNLAB_RAM :
						physical(scene, memory));
}

TEST_F_TIMEOUT(zap, nobody_reaches_memory_that_is_no_longer_shown, NO_LIMIT)
{
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;
	unsigned int rounds = watch_times(ROUNDS), round, memory;
	struct watched *old;
	uint64_t before;

	ASSERT_EQ(0, watch_start(vm, self->jobs, self->shown.stride, 0));
	for (round = 1; round <= rounds; round++) {
		memory = round % 2;
		old = &self->memory[!memory];
		ASSERT_EQ(0, watch_wait(&self->shown)) TH_LOG("round %u", round);

		watch_change_begins(vm);
		if (variant->remap)
			ASSERT_EQ(0, map_anew(scene, &variant->kind, round));
		ASSERT_EQ(0, show_memory(scene, memory, variant->kernel_memory));
		before = watch_rounds(old);
		watch_change_ends(vm, memory);

		ASSERT_EQ(0, watch_wait(&self->shown)) TH_LOG("round %u", round);
		EXPECT_EQ(before, watch_rounds(old));
	}
	STOP_WATCHING();
}

/* The memory stays: every word must be right, and every store must arrive. */
TEST_F_TIMEOUT(zap, loses_no_store, NO_LIMIT)
{
	uint64_t stride = self->shown.stride;
	struct scene *scene = &self->scene;
	unsigned int rounds = watch_times(ROUNDS), round, vcpu, place;

	ASSERT_EQ(0, watch_start(&scene->vm, self->jobs, stride, 0));
	for (round = 0; round < rounds; round++) {
		if (variant->remap)
			ASSERT_EQ(0, map_anew(scene, &variant->kind, round));
		ASSERT_EQ(0, lab_zap(&scene->lab, round % WATCH_PLACES * stride,
				     page_size()));
		ASSERT_EQ(0, lab_zap(&scene->lab, 0, scene->map.bytes));
		ASSERT_EQ(0, watch_wait(&self->shown)) TH_LOG("round %u", round);
	}
	STOP_WATCHING();
	for (vcpu = 0; vcpu < WATCH_VCPUS; vcpu++)
		for (place = 0; place < WATCH_PLACES; place++)
			EXPECT_EQ(self->jobs[vcpu].result.value,
				  watch_place(&self->memory[0],
					      place)->round[vcpu]);
}

static uint64_t place_gpa(const struct watched *watched, unsigned int place)
{
	return VM_WINDOW_GPA + place * watched->stride;
}

TEST_F(zap, takes_entries_away_and_faults_bring_them_back)
{
	uint64_t entry = lab_entry_size(&variant->kind);
	struct watched *shown = &self->shown;
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;
	unsigned int i;

	for (i = 0; i < WATCH_PLACES; i++)
		EXPECT_GUEST_READS(vm, place_gpa(shown, i), watch_word(0, i));
	ASSERT_EQ(0, lab_zap(&scene->lab, 0, entry));
	EXPECT_NO_LEAF(vm, VM_WINDOW_GPA);
	EXPECT_LEAF(vm, place_gpa(shown, WATCH_PLACES - 1), self->model.type,
		    entry);
	ASSERT_EQ(0, lab_zap(&scene->lab, 0, scene->map.bytes));
	for (i = 0; i < WATCH_PLACES; i++)
		EXPECT_NO_LEAF(vm, place_gpa(shown, i));
	for (i = 0; i < WATCH_PLACES; i++)
		EXPECT_GUEST_READS(vm, place_gpa(shown, i), watch_word(0, i));
	EXPECT_LEAF(vm, VM_WINDOW_GPA, self->model.type, entry);
}

/* An entry is of what is shown: its place, and its size. */
TEST_F(zap, entries_follow_what_is_shown)
{
	struct scene *scene = &self->scene;
	struct vm *vm = &scene->vm;
	unsigned int round, memory;
	struct s2leaf leaf;
	bool kernel;

	for (round = 1; round <= 4; round++) {
		memory = round % 2;
		kernel = memory && variant->kernel_memory;
		if (variant->remap)
			ASSERT_EQ(0, map_anew(scene, &variant->kind, round));
		ASSERT_EQ(0, show_memory(scene, memory, variant->kernel_memory));
		EXPECT_NO_LEAF(vm, VM_WINDOW_GPA);
		EXPECT_GUEST_READS(vm, VM_WINDOW_GPA, watch_word(memory, 0));
		ASSERT_EQ(0, leaf_get(vm, VM_WINDOW_GPA, &leaf));
		EXPECT_STREQ(kernel ? "normal-wb" : self->model.type,
			     leaf_type(&leaf));
		if (!kernel)
			EXPECT_EQ(physical(scene, memory), leaf_physical(&leaf));
		if (variant->remap)
			EXPECT_EQ(round % 2 ? page_size() : block_size(),
				  leaf.block);
	}
}

TEST_HARNESS_MAIN
