// SPDX-License-Identifier: GPL-2.0-only
/*
 * What decides whether this host can give the GPU's memory to a guest; see
 * platform.h.
 *
 * Copyright (C) The nvgrace-gpu authors
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "platform.h"

static void report(const char *what, __u32 value)
{
	printf("# platform.%s=%s\n", what, value ? "yes" : "no");
}

int platform_report(struct s2leaf_platform *platform)
{
	int fd = open("/dev/s2leaf", O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -1;
	ret = ioctl(fd, S2LEAF_PLATFORM, platform);
	close(fd);
	if (ret)
		return -1;
	report("fwb", platform->fwb);
	report("dic", platform->dic);
	report("vhe", platform->vhe);
	report("protected_kvm", platform->protected_kvm);
	fflush(stdout);
	return 0;
}
