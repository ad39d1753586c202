/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM's stage 2 makes of guest memory: its entries, and what a guest can
 * do there.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Memory types have one name everywhere: normal-wb, normal-nc, device.
 */
#ifndef LEAF_H
#define LEAF_H

#include <stdbool.h>
#include <stdint.h>

#include "s2leaf.h"
#include "vm.h"

/*
 * Reads the entry for a guest address: 0, or -1 with errno (ENOENT: none,
 * EOPNOTSUPP: this kernel cannot see it).
 */
int leaf_get(const struct vm *vm, uint64_t gpa, struct s2leaf *leaf);

const char *leaf_type(const struct s2leaf *leaf);
bool leaf_is_executable(const struct s2leaf *leaf);
bool leaf_is_writable(const struct s2leaf *leaf);
uint64_t leaf_physical(const struct s2leaf *leaf);

/*
 * The memory type of [gpa, gpa + 2 * distance) by what the guest can do there,
 * or "none" when it cannot even read: an unaligned access works on Normal memory
 * only, instructions are fetched from write-back memory only. The guest must
 * not have touched it before: once it did, an unaligned access to Device
 * memory ends differently. @distance is at least what one entry maps.
 */
const char *type_by_behaviour(struct vm *vm, uint64_t gpa, uint64_t distance);

/* Did the guest meet an instruction abort, as on memory that is not executable? */
bool is_instruction_abort(const struct vm_result *result);

#endif
