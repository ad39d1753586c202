// SPDX-License-Identifier: GPL-2.0-only
/*
 * When CPUs may touch the GPU memory.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * After a reset the GPU trains its memory. Touching it earlier raises errors
 * in the platform's logs, so nothing of the memory may be visible to a CPU
 * until the GPU says that it is ready (status.c).
 *
 * A reset passes reset_begin() and reset_end(), whoever asks for it: they hang on
 * the PCI core's reset callbacks. reset_begin() removes all CPU views; the first look
 * after reset_end() starts the clock. Three resets have no such callbacks: that of
 * the last close, which follows ready_close(); that of error recovery, between
 * recovery_begin() and recovery_done() or recovery_failed(); and that of the way back
 * from D3hot, where ready_invalidate() stands for it.
 *
 * The first access that finds the memory unready waits, holding nothing of ours
 * but wait_lock. Each poll takes the locks for the time of two register reads. A
 * reset during a wait is seen by the next poll, which then answers for the new
 * reset.
 */

#include <linux/hrtimer.h>
#include <linux/pm_runtime.h>
#include <linux/sched/signal.h>

#include "memory.h"
#include "nvgrace_gpu.h"
#include "status.h"

/* Short against the training, long against two register reads. */
#define POLL_PERIOD_US		10000
#define POLL_SLACK_US		1000

/* The PCI core gives up on a device 60 s after its reset. */
#define RESET_TIMEOUT_MS	90000

/* Whether the PCI core is recovering from an error, and what that does to the GPU. */
enum recovery {
	NO_RECOVERY,
	LINK_WORKS,	/* nothing has been reset so far */
	LINK_RESET,	/* the link has been reset or is going to be */
};

/**
 * struct nvgrace_gpu_ready - what is known of readiness besides the state
 * @status: where the device tells it, immutable but for its bar0, which is there while
 *	    the device is open; views.lock
 * @wait_lock: one task polls, the others queue behind it; never taken with
 *	       another lock of the driver, of vfio-pci-core or of mm held (type1
 *	       holds its own when it maps for DMA what has to be waited for)
 * @clock_runs: @since and @deadline are valid; views.lock
 * @since: jiffies of the first look after a reset, or of the reset's begin; views.lock
 * @deadline: jiffies after which unready memory is an error; views.lock
 * @extended: the device has said how long it takes, as @deadline has it; views.lock
 * @recovery: error recovery that has not ended; views.lock
 * @recovery_end: jiffies until which it may reset the link; views.lock
 * @awake: accesses under way that keep the device awake
 */
struct nvgrace_gpu_ready {
	struct nvgrace_gpu_status status;
	struct mutex wait_lock; /* who polls */
	bool clock_runs;
	unsigned long since;
	unsigned long deadline;
	bool extended;
	enum recovery recovery;
	unsigned long recovery_end;
	atomic_t awake;
};

static void start_clock(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_ready *ready = gpu->ready;
	unsigned int timeout_ms = ready->status.ops->timeout_ms;

	lockdep_assert_held_write(&gpu->views.lock);

	if (gpu->views.state == NVGRACE_GPU_RESETTING)
		timeout_ms = RESET_TIMEOUT_MS;

	ready->clock_runs = true;
	ready->since = jiffies;
	ready->deadline = jiffies + msecs_to_jiffies(timeout_ms);
	ready->extended = false;
}

/* The clock starts when somebody looks, and the device is awake. */
static void revoke(struct nvgrace_gpu *gpu, enum nvgrace_gpu_state state)
{
	nvgrace_gpu_revoke(gpu, state);
	gpu->ready->clock_runs = false;
}

/* Nobody needs to look for a reset to take too long. */
static void revoke_for_reset(struct nvgrace_gpu *gpu)
{
	revoke(gpu, NVGRACE_GPU_RESETTING);
	start_clock(gpu);
}

static void set_recovery(struct nvgrace_gpu *gpu, enum recovery recovery)
{
	lockdep_assert_held_write(&gpu->views.lock);
	gpu->ready->recovery = recovery;
}

static void end_recovery(struct nvgrace_gpu *gpu)
{
	set_recovery(gpu, NO_RECOVERY);
	gpu->ready->recovery_end = jiffies;
}

/* Of the states in which nothing but a reset helps. */
static bool needs_reset(const struct nvgrace_gpu *gpu)
{
	lockdep_assert_held(&gpu->views.lock);
	return gpu->views.state == NVGRACE_GPU_RESETTING ||
	       gpu->views.state == NVGRACE_GPU_LOST;
}

/**
 * nvgrace_gpu_ready_init() - choose how readiness is read
 * @gpu: coherent device being probed
 *
 * Return: 0; -ENODEV, after one log line, if the device has nothing to read it
 * by; -ENOMEM.
 */
int nvgrace_gpu_ready_init(struct nvgrace_gpu *gpu)
{
	struct pci_dev *pdev = gpu->core.pdev;
	struct nvgrace_gpu_ready *ready;

	ready = devm_kzalloc(&pdev->dev, sizeof(*ready), GFP_KERNEL);
	if (!ready)
		return -ENOMEM;
	gpu->ready = ready;
	mutex_init(&ready->wait_lock);

	return nvgrace_gpu_status_init(&ready->status, pdev);
}

/**
 * nvgrace_gpu_readiness_name() - how readiness is read, as sysfs shows it
 * @gpu: device
 *
 * Return: one static word.
 */
const char *nvgrace_gpu_readiness_name(const struct nvgrace_gpu *gpu)
{
	return gpu->ready ? gpu->ready->status.ops->name : "none";
}

/**
 * nvgrace_gpu_ready_open() - the device has been opened
 * @gpu: coherent device
 * @bar0: mapping of BAR0, valid until nvgrace_gpu_ready_close()
 *
 * A reset that somebody else has begun goes on. A device that is lost stays so:
 * whoever opens it has tried to reset it before.
 */
void nvgrace_gpu_ready_open(struct nvgrace_gpu *gpu, void __iomem *bar0)
{
	guard(rwsem_write)(&gpu->views.lock);
	gpu->ready->status.bar0 = bar0;
	if (!needs_reset(gpu))
		revoke(gpu, NVGRACE_GPU_WAITING);
}

/**
 * nvgrace_gpu_ready_close() - the last user is gone
 * @gpu: coherent device
 */
void nvgrace_gpu_ready_close(struct nvgrace_gpu *gpu)
{
	guard(rwsem_write)(&gpu->views.lock);
	gpu->ready->status.bar0 = NULL;
	revoke(gpu, gpu->views.state == NVGRACE_GPU_LOST ? NVGRACE_GPU_LOST :
							   NVGRACE_GPU_CLOSED);
}

/**
 * nvgrace_gpu_ready_invalidate() - readiness must be read again
 * @gpu: coherent, open device that may lose its memory without a reset
 */
void nvgrace_gpu_ready_invalidate(struct nvgrace_gpu *gpu)
{
	guard(rwsem_write)(&gpu->views.lock);
	if (needs_reset(gpu))
		return;
	revoke(gpu, NVGRACE_GPU_WAITING);
}

/**
 * nvgrace_gpu_wake() - keep the device awake for an access
 * @gpu: coherent, open device
 *
 * A user who has put the device to sleep may access it all the same, but for his
 * mappings (VFIO uAPI, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY).
 *
 * Return: 0, then nvgrace_gpu_let_sleep() must follow; -EIO after one log line, which
 * is rate-limited, if the device does not wake up.
 */
int nvgrace_gpu_wake(struct nvgrace_gpu *gpu)
{
	struct pci_dev *pdev = gpu->core.pdev;
	int ret = pm_runtime_resume_and_get(&pdev->dev);

	if (ret) {
		pci_info_ratelimited(pdev, "runtime resume failed: %d\n", ret);
		return -EIO;
	}
	atomic_inc(&gpu->ready->awake);
	return 0;
}

/**
 * nvgrace_gpu_let_sleep() - the access is over
 * @gpu: coherent, open device
 *
 * Readiness that was seen meanwhile does not count once the device may sleep again.
 * memory_lock keeps its user from putting it to sleep between question and answer.
 */
void nvgrace_gpu_let_sleep(struct nvgrace_gpu *gpu)
{
	scoped_guard(rwsem_read, &gpu->core.memory_lock) {
		atomic_dec(&gpu->ready->awake);
		if (gpu->core.pm_runtime_engaged)
			nvgrace_gpu_ready_invalidate(gpu);
	}
	pm_runtime_put(&gpu->core.pdev->dev);
}

/**
 * nvgrace_gpu_reset_begin() - a reset of the device begins
 * @gpu: coherent device
 *
 * Context: the caller may or may not hold vfio core's memory_lock.
 */
void nvgrace_gpu_reset_begin(struct nvgrace_gpu *gpu)
{
	guard(rwsem_write)(&gpu->views.lock);
	revoke_for_reset(gpu);
}

static bool is_silent(const struct nvgrace_gpu *gpu)
{
	return nvgrace_gpu_status_can_be_read(&gpu->ready->status) == -ENODEV;
}

static void end_reset(struct nvgrace_gpu *gpu)
{
	revoke(gpu, gpu->ready->status.bar0 ? NVGRACE_GPU_WAITING : NVGRACE_GPU_CLOSED);
}

/**
 * nvgrace_gpu_reset_end() - the reset is over
 * @gpu: coherent device
 *
 * The PCI core says so after a reset that failed, too.
 *
 * Return: true if the device has been reset; else false, after one log line.
 */
bool nvgrace_gpu_reset_end(struct nvgrace_gpu *gpu)
{
	guard(rwsem_write)(&gpu->views.lock);
	if (!is_silent(gpu)) {
		nvgrace_gpu_memory_saw(gpu->memory, NVGRACE_GPU_WAS_RESET);
		end_reset(gpu);
		return true;
	}
	revoke(gpu, NVGRACE_GPU_LOST);
	dev_err_ratelimited(&gpu->core.pdev->dev, "reset failed (config space reads all ones); accesses to GPU memory fail until the GPU is reset\n");
	return false;
}

/**
 * nvgrace_gpu_recovery_begin() - the PCI core begins to recover from an error
 * @gpu: coherent device
 * @frozen: the link is, and is going to be reset; one that works is reset if the driver
 *	    of another device below the same port asks for it
 *
 * A device that is lost stays so: nothing that follows need be a reset of it. Linux
 * 6.12 does not say when recovery fails: it then ends with its time.
 */
void nvgrace_gpu_recovery_begin(struct nvgrace_gpu *gpu, bool frozen)
{
	guard(rwsem_write)(&gpu->views.lock);
	if (!frozen && gpu->views.state == NVGRACE_GPU_LOST)
		return;
	revoke_for_reset(gpu);
	set_recovery(gpu, frozen ? LINK_RESET : LINK_WORKS);
	gpu->ready->recovery_end = gpu->ready->deadline;
}

/**
 * nvgrace_gpu_recovery_reset() - recovery has reset the link
 * @gpu: coherent device
 */
void nvgrace_gpu_recovery_reset(struct nvgrace_gpu *gpu)
{
	guard(rwsem_write)(&gpu->views.lock);
	nvgrace_gpu_memory_saw(gpu->memory, NVGRACE_GPU_WAS_RESET);
	if (gpu->ready->recovery)
		set_recovery(gpu, LINK_RESET);
}

/**
 * nvgrace_gpu_recovery_was_reset() - has recovery, which is about to end, reset the link?
 * @gpu: coherent device
 *
 * Return: true if it has.
 */
bool nvgrace_gpu_recovery_was_reset(struct nvgrace_gpu *gpu)
{
	guard(rwsem_read)(&gpu->views.lock);
	return gpu->ready->recovery == LINK_RESET;
}

/**
 * nvgrace_gpu_recovery_done() - error recovery has succeeded
 * @gpu: coherent device whose configuration is as it should be
 */
void nvgrace_gpu_recovery_done(struct nvgrace_gpu *gpu)
{
	enum recovery recovery;

	guard(rwsem_write)(&gpu->views.lock);
	recovery = gpu->ready->recovery;
	end_recovery(gpu);
	if (recovery)
		end_reset(gpu);
}

/**
 * nvgrace_gpu_recovery_failed() - error recovery has failed
 * @gpu: coherent device
 *
 * It may have failed for the sake of another device below the same port, and this one
 * be as it was: then readiness is read again. Else one log line.
 */
void nvgrace_gpu_recovery_failed(struct nvgrace_gpu *gpu)
{
	guard(rwsem_write)(&gpu->views.lock);
	if (gpu->ready->recovery == LINK_WORKS && !is_silent(gpu)) {
		end_recovery(gpu);
		end_reset(gpu);
		return;
	}
	end_recovery(gpu);
	revoke(gpu, NVGRACE_GPU_LOST);
	pci_err(gpu->core.pdev, "recovery from a PCI error failed; accesses to GPU memory fail until the GPU is reset\n");
}

/**
 * nvgrace_gpu_ready_gone() - the device has been torn out
 * @gpu: coherent device, possibly still open
 */
void nvgrace_gpu_ready_gone(struct nvgrace_gpu *gpu)
{
	guard(rwsem_write)(&gpu->views.lock);
	end_recovery(gpu);
	revoke(gpu, NVGRACE_GPU_GONE);
}

static unsigned int waited_ms(struct nvgrace_gpu *gpu)
{
	return jiffies_to_msecs(jiffies - gpu->ready->since);
}

/* Log on the way into an error state, not at every access that meets it. */
static int give_up(struct nvgrace_gpu *gpu, enum nvgrace_gpu_state state)
{
	struct pci_dev *pdev = gpu->core.pdev;

	if (!nvgrace_gpu_give_up(gpu, state))
		return -EIO;

	if (state == NVGRACE_GPU_GONE)
		pci_err(pdev, "GPU does not answer (all ones); accesses to its memory fail until it is reset or replaced\n");
	else if (state == NVGRACE_GPU_LOST)
		pci_err(pdev, "reset or recovery from a PCI error not over after %u ms; accesses to GPU memory fail until the GPU is reset\n",
			waited_ms(gpu));
	else
		pci_err(pdev, "GPU memory not ready after %u ms of waiting; accesses fail until it is, reset the GPU to try again\n",
			waited_ms(gpu));
	return -EIO;
}

/* A kernel that does not say when recovery fails will not say when it ends, either. */
static int time_is_over(struct nvgrace_gpu *gpu)
{
	if (gpu->views.state != NVGRACE_GPU_RESETTING)
		return give_up(gpu, NVGRACE_GPU_FAILED);
	end_recovery(gpu);
	return give_up(gpu, NVGRACE_GPU_LOST);
}

/* vfio-pci-core knows of memory decode only while a user has the device open. */
static bool is_reachable(struct nvgrace_gpu *gpu)
{
	struct vfio_pci_core_device *core = &gpu->core;

	lockdep_assert_held_read(&core->memory_lock);

	if (pci_dev_is_disconnected(core->pdev))
		return false;
	if (core->pm_runtime_engaged && !atomic_read(&gpu->ready->awake))
		return false;
	return !core->vconfig || __vfio_pci_memory_enabled(core);
}

/* Of how long it takes the device's first word counts. */
static int read_status(struct nvgrace_gpu_ready *ready)
{
	unsigned int more_ms = 0;
	int ret = ready->status.ops->read(&ready->status, &more_ms);

	if (more_ms && !ready->extended) {
		ready->extended = true;
		ready->deadline = jiffies + msecs_to_jiffies(more_ms);
	}
	return ret;
}

/*
 * BAR0 and config space must be left alone during a reset or powered down. A
 * user's own reset may have ended while error recovery has yet to reset the link.
 */
static int test_ready(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_ready *ready = gpu->ready;
	int ret;

	if (gpu->views.state == NVGRACE_GPU_RESETTING)
		return -EAGAIN;
	if (time_before(jiffies, ready->recovery_end)) {
		ready->clock_runs = false;
		return -EAGAIN;
	}
	if (!is_reachable(gpu))
		return -EIO;
	ret = nvgrace_gpu_status_can_be_read(&gpu->ready->status);
	if (ret)
		return ret;
	if (!ready->clock_runs)
		start_clock(gpu);
	return read_status(ready);
}

static bool is_late(struct nvgrace_gpu *gpu)
{
	return gpu->ready->clock_runs &&
	       time_after_eq(jiffies, gpu->ready->deadline);
}

static int poll_locked(struct nvgrace_gpu *gpu)
{
	int ret;

	lockdep_assert_held_read(&gpu->core.memory_lock);
	lockdep_assert_held_write(&gpu->views.lock);

	if (gpu->views.state == NVGRACE_GPU_READY)
		return 0;
	if (gpu->views.state == NVGRACE_GPU_CLOSED ||
	    gpu->views.state == NVGRACE_GPU_LOST)
		return -EIO;

	ret = test_ready(gpu);
	if (!ret)
		nvgrace_gpu_admit(gpu);
	else if (ret == -ENODEV)
		ret = give_up(gpu, NVGRACE_GPU_GONE);
	else if (ret == -EAGAIN && is_late(gpu))
		ret = time_is_over(gpu);
	return ret;
}

/**
 * nvgrace_gpu_may_touch() - may the memory be mapped or touched now
 * @gpu: coherent device, open or being scrubbed
 *
 * Context: memory_lock and views.lock held; the answer holds as long as both are.
 * Return: 0 if it may; -EAGAIN if the memory is not ready; -EIO if the device is torn
 * out or powered down, or memory decode is off.
 */
int nvgrace_gpu_may_touch(struct nvgrace_gpu *gpu)
{
	if (!is_reachable(gpu))
		return -EIO;
	return nvgrace_gpu_is_ready(gpu) ? 0 : -EAGAIN;
}

/**
 * nvgrace_gpu_ready_poll() - look once, do not wait
 * @gpu: coherent, open device
 *
 * Context: may take memory_lock for read and views.lock for write.
 * Return: 0 ready; -EAGAIN waiting makes sense; -EIO it does not: memory decode
 * is off, the device is powered down, gone, or its time is over.
 */
int nvgrace_gpu_ready_poll(struct nvgrace_gpu *gpu)
{
	guard(rwsem_read)(&gpu->core.memory_lock);
	guard(rwsem_write)(&gpu->views.lock);
	return poll_locked(gpu);
}

static int poll_sleep(unsigned int task_state)
{
	ktime_t period = us_to_ktime(POLL_PERIOD_US);

	set_current_state(task_state);
	schedule_hrtimeout_range(&period, POLL_SLACK_US * NSEC_PER_USEC,
				 HRTIMER_MODE_REL);
	return signal_pending_state(task_state, current) ? -ERESTARTSYS : 0;
}

/**
 * nvgrace_gpu_ready_wait() - wait until the memory is ready
 * @gpu: coherent device that the caller keeps open
 * @task_state: TASK_KILLABLE or TASK_INTERRUPTIBLE
 *
 * Context: no lock of the driver, of vfio-pci-core or of mm held. Waits as
 * long as the device may take after a reset.
 * Return: 0; -EIO as in nvgrace_gpu_ready_poll(); -ERESTARTSYS on a signal.
 */
int nvgrace_gpu_ready_wait(struct nvgrace_gpu *gpu, unsigned int task_state)
{
	struct mutex *lock = &gpu->ready->wait_lock;
	int ret;

	if (task_state == TASK_KILLABLE)
		ret = mutex_lock_killable(lock);
	else
		ret = mutex_lock_interruptible(lock);
	if (ret)
		return -ERESTARTSYS;

	ret = nvgrace_gpu_ready_poll(gpu);
	if (ret == -EAGAIN)
		nvgrace_gpu_memory_saw(gpu->memory, NVGRACE_GPU_WAITED);
	while (ret == -EAGAIN)
		ret = poll_sleep(task_state) ?: nvgrace_gpu_ready_poll(gpu);
	mutex_unlock(lock);
	return ret;
}
