// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl() with any number, size and content.
 *
 * What asks for something gets as much of the right answer as it has room for, and
 * nothing behind that; what makes no sense is refused.
 */

#include "fuzzer.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ROOM	512
#define CANARY	0xa5

union argument {
	uint8_t bytes[ROOM];
	struct vfio_device_info device;
	struct vfio_region_info region;
	struct vfio_irq_info irq;
	struct vfio_irq_set irqs;
	struct vfio_device_feature feature;
	struct vfio_pci_hot_reset_info resets;
	struct vfio_pci_hot_reset reset;
	uint32_t argsz;
};

static uint32_t pick_argsz(struct fuzzer *f)
{
	return (uint32_t)(one_in(f, 16) ? pick_odd(f) : pick(f, 160));
}

/* As the caller finds it untouched; returns how much room it claims to have. */
static uint32_t take_argument(struct fuzzer *f, union argument *arg)
{
	memset(arg, CANARY, sizeof(*arg));
	return arg->argsz = pick_argsz(f);
}

/* Asks, with @arg->argsz bytes of room: the result, -errno on failure. */
static int ask(struct fuzzer *f, const char *what, unsigned long request,
	       union argument *arg, uint32_t index, size_t smallest)
{
	size_t room = arg->argsz, i;
	int ret = ioctl(f->gpu->device, request, arg);

	if (ret < 0)
		ret = -errno;
	note(f, what, index, room, 0, ret);
	if (room < smallest && ret != -EINVAL)
		complain(f, "%zu bytes of room are enough, says %d", room, ret);
	for (i = room < smallest ? smallest : room; i < ROOM; i++)
		if (arg->bytes[i] != CANARY) {
			complain(f, "byte %zu was written, there is room for %zu", i,
				 room);
			break;
		}
	return ret;
}

static bool are_areas(const struct vfio_region_info_cap_sparse_mmap *sparse,
		      const struct gpu_region *known)
{
	unsigned int i;

	for (i = 0; i < known->areas; i++)
		if (sparse->areas[i].offset != known->area[i].at ||
		    sparse->areas[i].size != known->area[i].len)
			return false;
	return sparse->nr_areas == known->areas;
}

/* The sparse areas that say how much of a region is memory. */
static void check_sparse(struct fuzzer *f, const union argument *arg,
			 const struct gpu_region *known, uint64_t real)
{
	const struct vfio_region_info_cap_sparse_mmap *sparse;

	if (arg->region.cap_offset < sizeof(arg->region) ||
	    arg->region.cap_offset + sizeof(*sparse) +
	    known->areas * sizeof(sparse->areas[0]) > ROOM) {
		complain(f, "capability at %u", arg->region.cap_offset);
		return;
	}
	sparse = (const void *)(arg->bytes + arg->region.cap_offset);
	if (sparse->header.id != VFIO_REGION_INFO_CAP_SPARSE_MMAP ||
	    sparse->header.next || !are_areas(sparse, known) || known->real != real)
		complain(f, "%u sparse areas, not %u of 0x%llx bytes together",
			 sparse->nr_areas, known->areas, (unsigned long long)real);
}

static void check_region(struct fuzzer *f, const union argument *arg, size_t room,
			 unsigned int index)
{
	const struct gpu_region *known = &f->gpu->region[index];
	const struct memory *m = NULL;

	if (index == GPU_USEMEM || (index == GPU_RESMEM && f->memory[1].real))
		m = &f->memory[index == GPU_RESMEM];
	if (arg->region.offset != known->offset ||
	    arg->region.size != (m ? m->bar : known->size) ||
	    arg->region.flags != known->flags || arg->region.index != index)
		complain(f, "region %u has 0x%llx bytes, flags 0x%x", index,
			 (unsigned long long)arg->region.size, arg->region.flags);
	if (!m)
		return;
	if (arg->region.argsz > room ? arg->region.cap_offset :
				       !arg->region.cap_offset)
		complain(f, "capability at %u, in %zu of %u bytes",
			 arg->region.cap_offset, room, arg->region.argsz);
	else if (arg->region.cap_offset)
		check_sparse(f, arg, known, m->real);
}

void fuzz_region_info(struct fuzzer *f)
{
	uint32_t index = (uint32_t)(one_in(f, 4) ? pick_odd(f) : pick(f, 9));
	size_t smallest = offsetof(struct vfio_region_info, offset) + 8;
	union argument arg;
	uint32_t room = take_argument(f, &arg);
	int ret;

	arg.region.index = index;
	ret = ask(f, "region info", VFIO_DEVICE_GET_REGION_INFO, &arg, index, smallest);
	if (room < smallest)
		return;
	if (!ret && index <= GPU_CONFIG)
		check_region(f, &arg, room, index);
	else if (!ret == (index >= VFIO_PCI_VGA_REGION_INDEX))
		complain(f, "there is a region %u: %d", index, ret);
}

void fuzz_device_info(struct fuzzer *f)
{
	size_t smallest = offsetof(struct vfio_device_info, num_irqs) + 4;
	union argument arg;
	uint32_t room = take_argument(f, &arg);
	int ret;

	ret = ask(f, "device info", VFIO_DEVICE_GET_INFO, &arg, 0, smallest);
	if (room < smallest)
		return;
	if (ret || arg.device.num_regions != VFIO_PCI_NUM_REGIONS ||
	    arg.device.num_irqs != VFIO_PCI_NUM_IRQS)
		complain(f, "device info: %d, %u regions, %u interrupts", ret,
			 arg.device.num_regions, arg.device.num_irqs);
}

void fuzz_irq_info(struct fuzzer *f)
{
	uint32_t index = (uint32_t)(one_in(f, 4) ? pick_odd(f) : pick(f, 6));
	size_t smallest = offsetof(struct vfio_irq_info, count) + 4;
	union argument arg;
	uint32_t room = take_argument(f, &arg);
	int ret;

	arg.irq.index = index;
	ret = ask(f, "irq info", VFIO_DEVICE_GET_IRQ_INFO, &arg, index, smallest);
	if (room >= smallest && !ret && index >= VFIO_PCI_NUM_IRQS)
		complain(f, "there is an interrupt %u", index);
}

/* Interrupts are vfio-pci-core's; here only that nonsense is refused. */
void fuzz_set_irqs(struct fuzzer *f)
{
	uint32_t index = (uint32_t)pick(f, 7), room = pick_argsz(f), i;
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	union argument arg;
	int32_t *fds = (int32_t *)(void *)arg.irqs.data;
	int ret;

	memset(&arg, 0, sizeof(arg));
	for (i = 0; i < 8; i++)
		fds[i] = one_in(f, 2) ? event : (int32_t)pick(f, 3) - 1;
	arg.argsz = room;
	arg.irqs.flags = (uint32_t)(one_in(f, 8) ? pick_odd(f) : pick(f, 64));
	arg.irqs.index = index;
	arg.irqs.start = (uint32_t)(one_in(f, 8) ? pick_odd(f) : pick(f, 4));
	arg.irqs.count = (uint32_t)(one_in(f, 8) ? pick_odd(f) : pick(f, 5));
	ret = ioctl(f->gpu->device, VFIO_DEVICE_SET_IRQS, &arg);
	note(f, "set irqs", arg.irqs.flags, (uint64_t)index << 32 | arg.irqs.start,
	     arg.irqs.count, ret < 0 ? -errno : ret);
	if (ret >= 0 && (index >= VFIO_PCI_NUM_IRQS || room < sizeof(arg.irqs)))
		complain(f, "interrupt %u was set, with %u bytes", index, room);
	if (event >= 0)
		close(event);
}

static bool changes_power(uint32_t flags)
{
	switch (flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
		return !(flags & VFIO_DEVICE_FEATURE_PROBE);
	default:
		return false;
	}
}

/* Nothing this device has gives a file or a count. */
void fuzz_feature(struct fuzzer *f)
{
	uint32_t flags = (uint32_t)pick(f, 16), room = pick_argsz(f);
	union argument arg;
	size_t i;
	int ret;

	flags |= (uint32_t)pick(f, 8) << 16;
	if (one_in(f, 8))
		flags = (uint32_t)pick_odd(f);
	if (changes_power(flags))
		return;
	for (i = 0; i < sizeof(arg); i++)
		arg.bytes[i] = (uint8_t)(f->random >> i % 56);
	arg.argsz = room;
	arg.feature.flags = flags;
	ret = ioctl(f->gpu->device, VFIO_DEVICE_FEATURE, &arg);
	note(f, "feature", flags, room, 0, ret < 0 ? -errno : ret);
	if (ret > 0 || (!ret && room < sizeof(arg.feature)))
		complain(f, "feature 0x%x with %u bytes: %d", flags, room, ret);
}

/* Of groups that are none: nobody may reset what he does not own. */
void fuzz_hot_reset(struct fuzzer *f)
{
	union argument arg;
	uint32_t room = take_argument(f, &arg), i;
	int ret;

	if (one_in(f, 2)) {
		ask(f, "hot reset info", VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, &arg, 0,
		    offsetof(struct vfio_pci_hot_reset_info, count) + 4);
		return;
	}
	arg.reset.flags = one_in(f, 4) ? (uint32_t)pick_odd(f) : 0;
	arg.reset.count = (uint32_t)(one_in(f, 4) ? pick_odd(f) : pick(f, 4));
	for (i = 0; i < 4; i++)
		arg.reset.group_fds[i] = (int32_t)pick(f, 4) - 1;
	ret = ioctl(f->gpu->device, VFIO_DEVICE_PCI_HOT_RESET, &arg);
	note(f, "hot reset", arg.reset.flags, arg.reset.count, room,
	     ret < 0 ? -errno : ret);
	if (ret >= 0)
		complain(f, "hot reset without the groups: %d", ret);
}

static void *pick_pointer(struct fuzzer *f, union argument *arg)
{
	switch (pick(f, 6)) {
	case 0:
		return NULL;
	case 1:
		return (void *)0xffff800080000000ull;
	case 2:		/* the end of what there is */
		return f->buffer + BUFFER_LEN - pick(f, 64);
	default:
		return arg;
	}
}

/* VFIO's numbers are 100 to 163; those with a test of their own are left out. */
static bool has_its_own(unsigned long request)
{
	return request == VFIO_DEVICE_RESET || request == VFIO_DEVICE_FEATURE ||
	       request == VFIO_DEVICE_PCI_HOT_RESET;
}

static bool is_answered(unsigned long request)
{
	return request == VFIO_DEVICE_GET_INFO ||
	       request == VFIO_DEVICE_GET_REGION_INFO ||
	       request == VFIO_DEVICE_GET_IRQ_INFO ||
	       request == VFIO_DEVICE_SET_IRQS ||
	       request == VFIO_DEVICE_GET_PCI_HOT_RESET_INFO;
}

void fuzz_ioctl(struct fuzzer *f)
{
	unsigned long request = _IO(VFIO_TYPE, VFIO_BASE + pick(f, 64));
	union argument arg;
	size_t i;
	int ret;

	if (one_in(f, 8))
		request = (uint32_t)pick_odd(f);
	/* FIONBIO and its like belong to every file. */
	if (has_its_own(request) || _IOC_TYPE(request) != VFIO_TYPE)
		return;
	for (i = 0; i < sizeof(arg); i++)
		arg.bytes[i] = (uint8_t)pick(f, 256);
	ret = ioctl(f->gpu->device, request, pick_pointer(f, &arg));
	note(f, "ioctl", request, 0, 0, ret < 0 ? -errno : ret);
	if (ret > 0 || (!ret && !is_answered(request)))
		complain(f, "ioctl 0x%lx: %d", request, ret);
}
