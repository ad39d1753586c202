/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model: what KVM should make of device memory on a host.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * Inputs are what lib/platform.h measures or is told. The rules, in one place:
 *
 *  - A KVM that reads the page protection maps cacheable memory cacheable, or
 *    refuses it where it says that it cannot. Uncached memory it never refuses.
 *  - What the VMA says counts for a slot. At the fault a KVM that reads the host's
 *    entries goes by those.
 *  - A KVM that does not read it maps everything uncached.
 *  - Uncached is Device, or Normal-NC where the driver allows that.
 *  - Device memory with struct pages, in an ordinary VMA, is cacheable, as RAM is, but to
 *    kernels that take all that is not RAM for uncached.
 *  - A hypervisor that has the VMs' tables for itself maps nothing but RAM, and
 *    that as nothing but RAM.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>

#include "lab.h"
#include "platform.h"

/**
 * struct model - what to expect of one mapping
 * @slot: errno of creating, moving or re-flagging a memory slot over it, or 0
 * @fault: errno of KVM_RUN at the guest's first access, or 0
 * @type: memory type in the guest ("none": no access)
 * @executable: can the guest fetch instructions from it
 */
struct model {
	int slot;
	int fault;
	const char *type;
	bool executable;
};

/* For device memory of that kind. */
struct model model_of(const struct host *host, const struct lab_kind *kind);

/*
 * For device memory whose page protection KVM takes for cacheable, or not;
 * @allow_nc: VM_ALLOW_ANY_UNCACHED.
 */
struct model model_of_protection(const struct host *host, bool cacheable,
				 bool allow_nc);

/* The same, where the host's entries may be of another kind than the VMA says. */
struct model model_of_entries(const struct host *host, bool vma_cacheable,
			      bool entry_cacheable, bool allow_nc);

/* For device memory with struct pages that is write-back in the host, in an ordinary VMA. */
struct model model_of_dax(const struct host *host);

#endif
