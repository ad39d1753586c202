// SPDX-License-Identifier: GPL-2.0-only
/*
 * What most tests of stage 2 need; see scene.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <errno.h>
#include <stdio.h>

#include "scene.h"

int scene_open(struct scene *scene, unsigned int blocks, unsigned int vcpus)
{
	uint64_t bytes = blocks * block_size();

	*scene = (struct scene){};
	if (host_get(&scene->host) || lab_open(&scene->lab))
		return -1;
	if (scene->lab.bytes < bytes) {
		fprintf(stderr, "# %#llx bytes of device memory are too few, %#llx are needed\n",
			(unsigned long long)scene->lab.bytes,
			(unsigned long long)bytes);
		return -1;
	}
	if (map_reserve(&scene->map, bytes))
		return -1;
	return vm_create_smp(&scene->vm, vcpus);
}

void scene_close(struct scene *scene)
{
	vm_destroy(&scene->vm);
	map_release(&scene->map);
	lab_close(&scene->lab);
}

int scene_map(struct scene *scene, const struct lab_kind *kind)
{
	return lab_map(&scene->lab, kind, 0, &scene->map, 0, scene->map.bytes);
}

int scene_map_anonymous(struct scene *scene)
{
	return map_replace_anonymous(&scene->map, 0, scene->map.bytes);
}

static int set_slot_at(struct scene *scene, uint64_t gpa, uint32_t flags)
{
	return vm_set_slot(&scene->vm, VM_WINDOW_SLOT, gpa, scene->map.start,
			   scene->map.bytes, flags) ? errno : 0;
}

int scene_set_slot(struct scene *scene, uint32_t flags)
{
	return set_slot_at(scene, VM_WINDOW_GPA, flags);
}

int scene_move_slot(struct scene *scene)
{
	return set_slot_at(scene, SCENE_MOVED_GPA, 0);
}

uint64_t scene_gpa(unsigned int block, unsigned int page)
{
	return VM_WINDOW_GPA + block * block_size() + page * page_size();
}
