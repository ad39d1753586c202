/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks that several tests make; each says which one failed and where.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * For use in tests of kselftest_harness.h, which names the variable that the
 * macros of the harness want.
 */
#ifndef EXPECT_H
#define EXPECT_H

#include <stdint.h>
#include <string.h>

#include "kselftest_harness.h"

#include "guest_code.h"
#include "leaf.h"
#include "model.h"
#include "scene.h"

/*
 * For fixtures with a @scene and a @model of what KVM makes of memory of that kind: opens the
 * scene, and skips where KVM maps no such memory.
 */
#define SETUP_MAPPABLE_SCENE(self, blocks, vcpus, kind) do {		\
	ASSERT_EQ(0, scene_open(&(self)->scene, blocks, vcpus));	\
	(self)->model = model_of(&(self)->scene.host, kind);		\
	if ((self)->model.fault)					\
		SKIP(return, "this host maps no such memory");		\
} while (0)

/* The guest reads @value at @gpa. */
#define EXPECT_GUEST_READS(vm, gpa, expected) do {			\
	struct vm_result __result = vm_run(vm, guest_load, gpa, 0);	\
									\
	EXPECT_EQ(VM_DONE, __result.outcome);				\
	EXPECT_EQ((uint64_t)(expected), __result.value);		\
} while (0)

/* The guest's access with @routine ends KVM_RUN with @error. */
#define EXPECT_RUN_FAILS(vm, routine, gpa, error) do {			\
	struct vm_result __result = vm_run(vm, routine, gpa, 0);	\
									\
	EXPECT_EQ(VM_RUN_FAILED, __result.outcome);			\
	EXPECT_EQ(error, (int)__result.value);				\
} while (0)

#define EXPECT_NO_LEAF(vm, gpa) do {					\
	struct s2leaf __leaf;						\
									\
	EXPECT_EQ(-1, leaf_get(vm, gpa, &__leaf));			\
	EXPECT_EQ(ENOENT, errno);					\
} while (0)

/* The entry for @gpa is of that type and size. */
#define EXPECT_LEAF(vm, gpa, type, bytes) do {				\
	struct s2leaf __leaf;						\
									\
	ASSERT_EQ(0, leaf_get(vm, gpa, &__leaf));			\
	EXPECT_STREQ(type, leaf_type(&__leaf));				\
	EXPECT_EQ(!strcmp(type, "normal-wb"),				\
		  leaf_is_executable(&__leaf));				\
	EXPECT_EQ((uint64_t)(bytes), (uint64_t)__leaf.block);		\
} while (0)

/*
 * The guest's first access to @gpa ends as the model has it; what is mapped, is
 * mapped in entries of @bytes.
 */
#define EXPECT_MODEL(vm, gpa, expected, bytes) do {			\
	const struct model *__model = (expected);			\
									\
	if (__model->fault) {						\
		EXPECT_RUN_FAILS(vm, guest_load, gpa, __model->fault);	\
	} else {							\
		EXPECT_EQ(VM_DONE, vm_run(vm, guest_load, gpa, 0).outcome); \
		EXPECT_LEAF(vm, gpa, __model->type, bytes);		\
	}								\
} while (0)

#endif
