// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts of an open GPU, as eventfds. */

#include "gpu.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

int gpu_eventfd(const struct gpu *gpu, unsigned int index, unsigned int vector,
		unsigned int vectors)
{
	size_t size = sizeof(struct vfio_irq_set) + vectors * sizeof(int32_t);
	struct vfio_irq_set *set = calloc(1, size);
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int32_t *slots, ret = fd;
	unsigned int i;

	if (!set || fd < 0)
		return -ENOMEM;
	slots = (int32_t *)(void *)set->data;
	for (i = 0; i < vectors; i++)
		slots[i] = i == vector ? fd : -1;
	set->argsz = (uint32_t)size;
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->count = vectors;
	if (ioctl(gpu->device, VFIO_DEVICE_SET_IRQS, set)) {
		ret = -errno;
		close(fd);
	}
	free(set);
	return ret;
}

int eventfd_wait(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t count;

	if (poll(&pfd, 1, timeout_ms) != 1)
		return -ETIMEDOUT;
	return read(fd, &count, sizeof(count)) == sizeof(count) ? 0 : -errno;
}
