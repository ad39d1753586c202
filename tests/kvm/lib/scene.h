/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What most tests of stage 2 need: the host's facts, its device memory, address
 * space in whole blocks, and a VM that has none of it yet.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#ifndef SCENE_H
#define SCENE_H

#include "lab.h"
#include "mapping.h"
#include "platform.h"
#include "vm.h"

struct scene {
	struct host host;
	struct lab lab;
	struct mapping map;
	struct vm vm;
};

/* 0, or -1 with a line on stderr saying what is missing. */
int scene_open(struct scene *scene, unsigned int blocks, unsigned int vcpus);
void scene_close(struct scene *scene);

/* Device memory of that kind over all of the address space: 0, or -1. */
int scene_map(struct scene *scene, const struct lab_kind *kind);

/* New memory over all of it: 0, or -1. */
int scene_map_anonymous(struct scene *scene);

/* All of it becomes guest memory at VM_WINDOW_GPA: 0, or the errno. */
int scene_set_slot(struct scene *scene, uint32_t flags);

/* The same for a slot that exists, at another guest address. */
#define SCENE_MOVED_GPA	(VM_WINDOW_GPA + 0x1000000000ULL)
int scene_move_slot(struct scene *scene);

/* Guest address of block @block and page @page of it. */
uint64_t scene_gpa(unsigned int block, unsigned int page);

#endif
