// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model; see model.h.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include <errno.h>

#include "model.h"

struct model model_of_protection(const struct host *host, bool cacheable,
				 bool allow_nc)
{
	bool read_as_cacheable = cacheable && host->kvm->reads_protection;
	struct model model = { .type = "none" };

	if (read_as_cacheable && !host_says_cacheable(host)) {
		model.slot = EINVAL;
		model.fault = EFAULT;
	} else if (host->platform.tables_hidden) {
		model.fault = read_as_cacheable ? EPERM : EINVAL;
	} else if (read_as_cacheable) {
		model.type = "normal-wb";
		model.executable = true;
	} else {
		model.type = allow_nc ? "normal-nc" : "device";
	}
	return model;
}

struct model model_of_entries(const struct host *host, bool vma_cacheable,
			      bool entry_cacheable, bool allow_nc)
{
	struct model by_vma = model_of_protection(host, vma_cacheable, allow_nc);
	struct model model = by_vma;

	if (host->kvm->reads_entries)
		model = model_of_protection(host, entry_cacheable, allow_nc);
	model.slot = by_vma.slot;
	return model;
}

struct model model_of(const struct host *host, const struct lab_kind *kind)
{
	bool cacheable = kind->type == PFNLAB_NORMAL_WB;
	struct model model;

	/* The check of slots looks at VM_PFNMAP only, in every kernel. */
	if (kind->flags & PFNLAB_MIXEDMAP) {
		cacheable = cacheable && host->kvm->reads_mixedmap;
		model = model_of_protection(host, cacheable, false);
		model.slot = 0;
		return model;
	}
	return model_of_protection(host, cacheable,
				   kind->flags & PFNLAB_ALLOW_UNCACHED);
}

struct model model_of_dax(const struct host *host)
{
	if (host->platform.tables_hidden)
		return (struct model){ .fault = EPERM, .type = "none" };
	if (host->kvm->knows_dax)
		return (struct model){ .type = "normal-wb", .executable = true };
	return (struct model){ .type = "device" };
}
