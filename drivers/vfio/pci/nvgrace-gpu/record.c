// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of what became of the memory between its users, for who keeps evidence.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * A record is a uevent of the PCI device, so that it is not lost when the GPU is unbound or
 * the module unloaded in the next moment. Every process may listen to uevents: no record
 * has an address or anything of the memory. Records of a range of memory are numbered from
 * 1 on, as long as the module is loaded: who keeps them sees that one is missing.
 */

#include <linux/kobject.h>
#include <linux/ktime.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "memory.h"
#include "nvgrace_gpu.h"
#include "version.h"

/* What all records have. The tenancy is that of the last user. */
static int add_common(struct nvgrace_gpu *gpu, const char *kind, u64 number,
		      struct kobj_uevent_env *env)
{
	u64 tenancy = nvgrace_gpu_memory_has_seen(gpu->memory, NVGRACE_GPU_OPENED);

	return add_uevent_var(env, "NVGRACE_GPU_RECORD=%s", kind) ?:
	       add_uevent_var(env, "NVGRACE_GPU_NUMBER=%llu", number) ?:
	       add_uevent_var(env, "NVGRACE_GPU_TIME_NS=%llu", ktime_get_real_ns()) ?:
	       add_uevent_var(env, "NVGRACE_GPU_TENANCY=%llu", tenancy) ?:
	       add_uevent_var(env, "NVGRACE_GPU_MEMORY_BYTES=%llu", nvgrace_gpu_memory_size(gpu)) ?:
	       add_uevent_var(env, "NVGRACE_GPU_VERSION=%s", NVGRACE_GPU_VERSION);
}

static void complain(struct nvgrace_gpu *gpu, int error)
{
	dev_warn_ratelimited(&gpu->core.pdev->dev, "a record of the memory's use is lost (%d); its number is missing in the evidence\n",
			     error);
}

static void send(struct nvgrace_gpu *gpu, struct kobj_uevent_env *env)
{
	int ret = kobject_uevent_env(&gpu->core.pdev->dev.kobj, KOBJ_CHANGE, env->envp);

	if (ret)
		complain(gpu, ret);
}

/* NULL, with the number used up, if there is no memory for it. */
static struct kobj_uevent_env *begin(struct nvgrace_gpu *gpu, const char *kind)
{
	u64 number = atomic64_inc_return(&gpu->memory->records);
	struct kobj_uevent_env *env = kzalloc(sizeof(*env), GFP_KERNEL);

	if (env && !add_common(gpu, kind, number, env))
		return env;
	kfree(env);
	complain(gpu, -ENOMEM);
	return NULL;
}

/**
 * nvgrace_gpu_record_scrub() - the memory was zeroed, or was to be
 * @gpu: coherent device
 * @scrub: what came of it
 *
 * Context: may sleep, and allocate.
 */
void nvgrace_gpu_record_scrub(struct nvgrace_gpu *gpu,
			      const struct nvgrace_gpu_scrub_record *scrub)
{
	struct kobj_uevent_env *env __free(kfree) = begin(gpu, "scrub");

	if (!env)
		return;
	add_uevent_var(env, "NVGRACE_GPU_ERROR=%d", -scrub->ret);
	add_uevent_var(env, "NVGRACE_GPU_BYTES=%llu", scrub->bytes);
	add_uevent_var(env, "NVGRACE_GPU_PAGES_LEFT_OUT=%llu", scrub->left_out);
	add_uevent_var(env, "NVGRACE_GPU_DURATION_NS=%llu", scrub->ns);
	send(gpu, env);
}

/**
 * nvgrace_gpu_record_tenancy() - the last user is gone
 * @gpu: coherent device
 * @policy: what happens to the memory now
 * @was_clean: it was scrubbed before the user got it
 * @ns: how long there was a user
 *
 * Context: may sleep, and allocate.
 */
void nvgrace_gpu_record_tenancy(struct nvgrace_gpu *gpu, const char *policy, bool was_clean,
				u64 ns)
{
	struct kobj_uevent_env *env __free(kfree) = begin(gpu, "tenancy");

	if (!env)
		return;
	add_uevent_var(env, "NVGRACE_GPU_SCRUB_POLICY=%s", policy);
	add_uevent_var(env, "NVGRACE_GPU_WAS_CLEAN=%d", was_clean);
	add_uevent_var(env, "NVGRACE_GPU_DURATION_NS=%llu", ns);
	send(gpu, env);
}
