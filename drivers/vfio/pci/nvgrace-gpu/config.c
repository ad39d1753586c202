// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration space: vfio-pci-core's, with the emulated BARs in it.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * An access is cut into spans, each answered by its one owner: the register
 * file of bars.c, or vfio-pci-core. No byte is answered by both, none by
 * neither, whatever the offset and length.
 */

#include <linux/uaccess.h>

#include "nvgrace_gpu.h"
#include "trace.h"

static void free_saved(void *saved)
{
	kfree(saved);
}

/**
 * nvgrace_gpu_config_init() - set up the register file, remember the device's own one
 * @gpu: coherent device with its layout
 *
 * Return: 0 or -ENOMEM.
 */
int nvgrace_gpu_config_init(struct nvgrace_gpu *gpu)
{
	struct pci_dev *pdev = gpu->core.pdev;

	spin_lock_init(&gpu->bars_lock);
	mutex_init(&gpu->power_lock);
	gpu->bars.bar[0].size = gpu->layout.resmem.bar_size;
	gpu->bars.bar[1].size = gpu->layout.usemem.bar_size;

	pci_save_state(pdev);
	gpu->config_at_probe = pci_store_saved_state(pdev);
	if (!gpu->config_at_probe)
		return -ENOMEM;
	return devm_add_action_or_reset(&pdev->dev, free_saved, gpu->config_at_probe);
}

/**
 * nvgrace_gpu_config_restore() - recovery has reset the link, and restored nothing
 * @gpu: coherent device in D0
 *
 * A user's device is left to vfio-pci-core, which restores it at the last close, and to
 * its user, who has been told. Of one that nobody has, the next user's would not work.
 */
void nvgrace_gpu_config_restore(struct nvgrace_gpu *gpu)
{
	struct pci_dev *pdev = gpu->core.pdev;
	u16 command;

	if (gpu->core.vconfig)
		return;
	pci_load_saved_state(pdev, gpu->config_at_probe);
	pci_restore_state(pdev);
	if (!pci_is_enabled(pdev))
		return;
	/* For a scrub, which goes on. */
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	pci_write_config_word(pdev, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
}

/**
 * nvgrace_gpu_config_reset() - what a reset does to the emulated BARs
 * @gpu: device
 */
void nvgrace_gpu_config_reset(struct nvgrace_gpu *gpu)
{
	guard(spinlock)(&gpu->bars_lock);
	nvgrace_gpu_bars_clear(&gpu->bars);
}

static u64 config_pos(loff_t offset)
{
	return offset & VFIO_PCI_OFFSET_MASK;
}

static ssize_t read_emulated(struct nvgrace_gpu *gpu, char __user *buf,
			     size_t count, loff_t *ppos)
{
	u8 bytes[NVGRACE_GPU_NR_BARS * NVGRACE_GPU_BAR_BYTES];

	scoped_guard(spinlock, &gpu->bars_lock)
		nvgrace_gpu_bars_read(&gpu->bars, config_pos(*ppos), bytes,
				      count);

	if (copy_to_user(buf, bytes, count))
		return -EFAULT;
	*ppos += count;
	return count;
}

static ssize_t write_emulated(struct nvgrace_gpu *gpu, const char __user *buf,
			      size_t count, loff_t *ppos)
{
	u8 bytes[NVGRACE_GPU_NR_BARS * NVGRACE_GPU_BAR_BYTES];

	if (copy_from_user(bytes, buf, count))
		return -EFAULT;

	scoped_guard(spinlock, &gpu->bars_lock)
		nvgrace_gpu_bars_write(&gpu->bars, config_pos(*ppos), bytes,
				       count);
	trace_nvgrace_gpu_bar_write(gpu, config_pos(*ppos), count);
	*ppos += count;
	return count;
}

/**
 * nvgrace_gpu_config_read() - read() of the configuration region
 * @gpu: coherent, open device
 * @buf: destination
 * @count: bytes
 * @ppos: file offset, advanced by what was read
 *
 * Return: bytes read, or an error if none were.
 */
ssize_t nvgrace_gpu_config_read(struct nvgrace_gpu *gpu, char __user *buf,
				size_t count, loff_t *ppos)
{
	size_t done = 0, span;
	bool emulated;
	ssize_t ret;

	while (done < count) {
		span = nvgrace_gpu_bars_span(&gpu->bars, config_pos(*ppos),
					     count - done, &emulated);
		if (emulated)
			ret = read_emulated(gpu, buf + done, span, ppos);
		else
			ret = vfio_pci_core_read(&gpu->core.vdev, buf + done,
						 span, ppos);
		if (ret <= 0)
			return done ?: ret;
		done += ret;
	}
	return done;
}

/* Where the power state is in the @count bytes from @pos on; -1 if it is not there. */
static ssize_t power_state_at(struct nvgrace_gpu *gpu, u64 pos, size_t count)
{
	u64 control = gpu->core.pdev->pm_cap + PCI_PM_CTRL;

	if (!gpu->core.pdev->pm_cap || pos > control || pos + count <= control)
		return -1;
	return control - pos;
}

/* Does the user want another power state? What cannot be read might be one. */
static bool changes_power_state(struct nvgrace_gpu *gpu,
				const u8 __user *control)
{
	pci_power_t state;
	u8 value;

	if (get_user(value, control))
		return true;
	state = (__force pci_power_t)(value & PCI_PM_CTRL_STATE_MASK);
	return state != gpu->core.pdev->current_state;
}

/*
 * On the way to D3hot and back the memory may lose its training without a reset
 * that anybody is told of. Readiness from before the write must not count once it
 * has brought the device back, nor what is found while it takes the device down.
 * The user may change the bytes before vfio-pci-core reads them: what counts in the
 * end is what has become of the device.
 */
static ssize_t write_power_state(struct nvgrace_gpu *gpu,
				 const char __user *buf, size_t count,
				 loff_t *ppos, size_t at)
{
	pci_power_t before;
	bool changes;
	ssize_t ret;

	guard(mutex)(&gpu->power_lock);
	before = gpu->core.pdev->current_state;
	changes = changes_power_state(gpu, (const u8 __user *)buf + at);
	if (changes)
		nvgrace_gpu_ready_invalidate(gpu);
	ret = vfio_pci_core_write(&gpu->core.vdev, buf, count, ppos);
	if (changes || gpu->core.pdev->current_state != before)
		nvgrace_gpu_ready_invalidate(gpu);
	return ret;
}

static ssize_t write_core(struct nvgrace_gpu *gpu, const char __user *buf,
			  size_t count, loff_t *ppos)
{
	ssize_t at = power_state_at(gpu, config_pos(*ppos), count);

	if (at >= 0)
		return write_power_state(gpu, buf, count, ppos, at);
	return vfio_pci_core_write(&gpu->core.vdev, buf, count, ppos);
}

/**
 * nvgrace_gpu_config_write() - write() of the configuration region
 * @gpu: coherent, open device
 * @buf: source
 * @count: bytes
 * @ppos: file offset, advanced by what was written
 *
 * Return: bytes written, or an error if none were.
 */
ssize_t nvgrace_gpu_config_write(struct nvgrace_gpu *gpu,
				 const char __user *buf, size_t count,
				 loff_t *ppos)
{
	size_t done = 0, span;
	bool emulated;
	ssize_t ret;

	while (done < count) {
		span = nvgrace_gpu_bars_span(&gpu->bars, config_pos(*ppos),
					     count - done, &emulated);
		if (emulated)
			ret = write_emulated(gpu, buf + done, span, ppos);
		else
			ret = write_core(gpu, buf + done, span, ppos);
		if (ret <= 0)
			return done ?: ret;
		done += ret;
	}
	return done;
}
