// SPDX-License-Identifier: GPL-2.0-only
/*
 * What decides whether this host can give the GPU's memory to a guest; see
 * platform.h.
 *
 * Copyright (C) The nvgrace-gpu authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "platform.h"

static const struct kvm_kind kinds[] = {
	{ .release = "6.12", .forgets_unborn = true },
	{ .release = "6.12", .patched = true, .reads_protection = true,
	  .refuses_protected = true, .white_list = true, .reads_mixedmap = true,
	  .reads_entries = true, .knows_dax = true, .refuses_tags = true,
	  .looks_again = true, .passes_poison_on = true, .forgets_unborn = true },
	{ .release = "7", .reads_protection = true, .reads_mixedmap = true,
	  .knows_dax = true },
	{ .release = "7", .patched = true, .reads_protection = true,
	  .refuses_protected = true, .reads_mixedmap = true, .reads_entries = true,
	  .knows_dax = true, .looks_again = true, .passes_poison_on = true },
};

static const struct kvm_kind *find_kind(const char *kernel)
{
	bool patched = strchr(kernel, '-');
	unsigned int i;
	size_t len;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		len = strlen(kinds[i].release);
		if (!strncmp(kernel, kinds[i].release, len) &&
		    strchr(".-", kernel[len]) && kinds[i].patched == patched)
			return &kinds[i];
	}
	return NULL;
}

static int read_platform(struct s2leaf_platform *platform)
{
	int fd = open("/dev/s2leaf", O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -1;
	ret = ioctl(fd, S2LEAF_PLATFORM, platform);
	close(fd);
	return ret;
}

int host_get(struct host *host)
{
	const char *kernel = getenv("KERNEL") ?: "";

	host->kvm = find_kind(kernel);
	if (!host->kvm) {
		fprintf(stderr, "# KERNEL=%s: must be 6.12 or 7, or a kernel with patches, 7-series for example\n",
			kernel);
		errno = EINVAL;
		return -1;
	}
	if (read_platform(&host->platform)) {
		fprintf(stderr, "# /dev/s2leaf: %s; is the module loaded?\n",
			strerror(errno));
		return -1;
	}
	return 0;
}

bool host_says_cacheable(const struct host *host)
{
	const struct s2leaf_platform *platform = &host->platform;

	return host->kvm->reads_protection && platform->fwb && platform->dic &&
	       !(platform->protected_kvm && host->kvm->refuses_protected);
}

static void report(const char *what, __u32 value)
{
	printf("# platform.%s=%s\n", what, value ? "yes" : "no");
}

int platform_report(struct s2leaf_platform *platform)
{
	if (read_platform(platform))
		return -1;
	report("fwb", platform->fwb);
	report("dic", platform->dic);
	report("vhe", platform->vhe);
	report("protected_kvm", platform->protected_kvm);
	fflush(stdout);
	return 0;
}
