// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several vCPUs that fault on the same and on neighbouring pages at once.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Every vCPU writes a word of its own into every page and then reads what the
 * others wrote, in an order of its own. What was written must be there, for
 * guest and host, and every entry must be of the right type and size.
 *
 * Environment: KERNEL; DEVMEM or GPU0 (lib/lab.h).
 */
#include <errno.h>

#include "expect.h"
#include "vcpus.h"

#define VCPUS		4
#define BLOCKS		4
#define MAX_PAGES	2048
#define SEED		0x510e527fade682d1ULL

FIXTURE(concurrent)
{
	struct scene scene;
	struct model model;
	uint64_t stride;	/* from page to page that is touched */
	uint64_t pages;
};

FIXTURE_VARIANT(concurrent)
{
	struct lab_kind kind;
};

FIXTURE_VARIANT_ADD(concurrent, write_back_blocks)
{
	.kind.type = PFNLAB_NORMAL_WB,
};

FIXTURE_VARIANT_ADD(concurrent, write_back_pages)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.populate = PFNLAB_PAGES,
};

FIXTURE_VARIANT_ADD(concurrent, write_back_notified)
{
	.kind.type = PFNLAB_NORMAL_WB, .kind.flags = PFNLAB_WRITE_NOTIFY,
};

FIXTURE_VARIANT_ADD(concurrent, uncached_pages)
{
	.kind.type = PFNLAB_NORMAL_NC, .kind.populate = PFNLAB_PAGES,
	.kind.flags = PFNLAB_ALLOW_UNCACHED,
};

FIXTURE_SETUP(concurrent)
{
	struct scene *scene = &self->scene;

	SETUP_MAPPABLE_SCENE(self, BLOCKS, VCPUS, &variant->kind);
	self->stride = page_size();
	if (scene->map.bytes / self->stride > MAX_PAGES)
		self->stride = scene->map.bytes / MAX_PAGES;
	self->pages = scene->map.bytes / self->stride;
	ASSERT_EQ(0, scene_map(scene, &variant->kind));
	ASSERT_EQ(0, scene_set_slot(scene, 0));
}

FIXTURE_TEARDOWN(concurrent)
{
	scene_close(&self->scene);
}

/* The value of vCPU @owner's word in page @page. */
static uint64_t word(unsigned int owner, uint64_t page)
{
	return SEED * (owner + 1) + page;
}

/* A job over @owner's words, upwards from page 0. */
static struct vcpu_job job(struct scene *scene, unsigned int index,
			   const char *routine, unsigned int owner,
			   uint64_t stride, uint64_t pages)
{
	return (struct vcpu_job){
		.vm = &scene->vm,
		.index = index,
		.routine = routine,
		.args = { VM_WINDOW_GPA + owner * sizeof(uint64_t),
			  word(owner, 0), stride, pages, 1 },
	};
}

#define RUN_ALL(jobs) do {						\
	unsigned int __i;						\
									\
	ASSERT_EQ(0, vcpus_start(jobs, VCPUS));				\
	vcpus_wait(jobs, VCPUS);					\
	for (__i = 0; __i < VCPUS; __i++) {				\
		EXPECT_EQ(VM_DONE, (jobs)[__i].result.outcome);		\
		EXPECT_EQ(self->pages, (jobs)[__i].result.value);	\
	}								\
} while (0)

static uint64_t wrong_words(struct scene *scene, uint64_t stride, uint64_t pages)
{
	uint64_t page, wrong = 0;
	unsigned int owner;

	for (page = 0; page < pages; page++)
		for (owner = 0; owner < VCPUS; owner++)
			wrong += ((volatile uint64_t *)(scene->map.start +
				  page * stride))[owner] != word(owner, page);
	return wrong;
}

#define EXPECT_ALL_LEAVES(bytes) do {					\
	uint64_t __page;						\
									\
	for (__page = 0; __page < self->pages; __page++)		\
		EXPECT_LEAF(&self->scene.vm,				\
			    VM_WINDOW_GPA + __page * self->stride,	\
			    self->model.type, bytes);			\
} while (0)

TEST_F_TIMEOUT(concurrent, stores_to_the_same_pages, 120)
{
	struct vcpu_job jobs[VCPUS];
	unsigned int i;

	for (i = 0; i < VCPUS; i++)
		jobs[i] = job(&self->scene, i, guest_fill, i, self->stride,
			      self->pages);
	RUN_ALL(jobs);
	for (i = 0; i < VCPUS; i++)
		jobs[i] = job(&self->scene, i, guest_check, (i + 1) % VCPUS,
			      self->stride, self->pages);
	RUN_ALL(jobs);
	EXPECT_EQ(0, wrong_words(&self->scene, self->stride, self->pages));
	EXPECT_ALL_LEAVES(lab_entry_size(&variant->kind));
}

/* From the other end. */
static void turn_around(struct vcpu_job *job)
{
	uint64_t steps = job->args[3] - 1;

	job->args[0] += steps * job->args[2];
	job->args[1] += steps * job->args[4];
	job->args[2] = -job->args[2];
	job->args[4] = -job->args[4];
}

/* Half of them meet the other half: neighbours first, then the same page. */
TEST_F_TIMEOUT(concurrent, loads_in_different_orders, 120)
{
	struct vcpu_job jobs[VCPUS];
	uint64_t page;
	unsigned int i;

	for (page = 0; page < self->pages; page++)
		*(volatile uint64_t *)(self->scene.map.start +
				       page * self->stride) = word(0, page);
	for (i = 0; i < VCPUS; i++) {
		jobs[i] = job(&self->scene, i, guest_check, 0, self->stride,
			      self->pages);
		if (i % 2)
			turn_around(&jobs[i]);
	}
	RUN_ALL(jobs);
	EXPECT_ALL_LEAVES(lab_entry_size(&variant->kind));
}

TEST_HARNESS_MAIN
