/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What decides whether this host can give the GPU's memory to a guest.
 *
 * Copyright (C) The nvgrace-gpu authors
 *
 * The platform is measured. What its kernel's KVM means to do cannot be, and is
 * told by the environment: KERNEL=6.12 or 7 (7.3.4, ...) is a kernel as Debian or
 * mainline has it; with a "-" and a word behind it (6.12-series, 7-debug, ...) it
 * is one with the patches for it in patches/.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>

#include "s2leaf.h"

/**
 * struct kvm_kind - what a kernel's KVM means to do
 * @release: how its version begins
 * @patched: with our patches
 * @reads_protection: a PFNMAP is mapped as its page protection says, or refused
 * @refuses_protected: protected mode is known not to be able to
 * @white_list: a page protection that it does not know is not cacheable for it
 * @reads_mixedmap: page-less memory in a VM_MIXEDMAP is treated alike
 * @reads_entries: at the fault the host's entry decides, not the VMA's page protection
 * @knows_dax: device memory with struct pages, in an ordinary VMA, is cacheable
 * @refuses_tags: a VM with MTE is told at once that it cannot have cacheable device memory
 * @looks_again: a fault that a zap has overtaken is no failure of KVM_RUN
 * @passes_poison_on: a bad page of device memory is SIGBUS with its address, as one of RAM
 *	is, and not a failure of KVM_RUN
 * @forgets_unborn: stage 2 of a VM whose VMM is killed while it creates it is not freed
 */
struct kvm_kind {
	const char *release;
	bool patched;
	bool reads_protection;
	bool refuses_protected;
	bool white_list;
	bool reads_mixedmap;
	bool reads_entries;
	bool knows_dax;
	bool refuses_tags;
	bool looks_again;
	bool passes_poison_on;
	bool forgets_unborn;
};

struct host {
	struct s2leaf_platform platform;
	const struct kvm_kind *kvm;
};

/* 0, or -1 with errno and a line on stderr saying what is missing. */
int host_get(struct host *host);

/* Does KVM say that it can map device memory cacheable? */
bool host_says_cacheable(const struct host *host);

/*
 * Reads the platform from /dev/s2leaf and prints "# platform.<what>=<value>"
 * lines: 0 or -1 with errno.
 */
int platform_report(struct s2leaf_platform *platform);

#endif
