// SPDX-License-Identifier: GPL-2.0-only
/*
 * When CPUs may touch the GPU memory.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * After a reset the GPU trains its memory. Touching it earlier raises errors
 * in the platform's logs, so nothing of the memory may be visible to a CPU
 * until the GPU reports it ready: by two BAR0 registers, or, where it has a
 * CXL Device DVSEC, by that.
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

#include <linux/bitfield.h>
#include <linux/hrtimer.h>
#include <linux/pm_runtime.h>
#include <linux/sched/signal.h>

#include "nvgrace_gpu.h"

/* Vendor ABI: both registers read 0xff when the memory is usable. */
#define BAR0_HBM_TRAINING	0x200bc
#define BAR0_C2C_LINK		0x1498
#define BAR0_LEN_NEEDED		(BAR0_HBM_TRAINING + sizeof(u32))
#define BAR0_STATUS_READY	0xff
#define BAR0_TIMEOUT_MS		30000

/* CXL 4.0, 8.1.3.8.2: DVSEC CXL Range 1 Size Low. */
#define CXL_DVSEC_DEVICE	0
#define CXL_RANGE1_SIZE_LOW	0x1c
#define CXL_MEM_INFO_VALID	BIT(0)
#define CXL_MEM_ACTIVE		BIT(1)
#define CXL_ACTIVE_TIMEOUT	GENMASK(15, 13)
#define CXL_ACTIVE_TIMEOUT_MAX	4
#define CXL_INFO_TIMEOUT_MS	1000

/* Short against the training, long against two register reads. */
#define POLL_PERIOD_US		10000
#define POLL_SLACK_US		1000

/* The PCI core gives up on a device 60 s after its reset. */
#define RESET_TIMEOUT_MS	90000

/**
 * struct ready_ops - one way a GPU reports readiness
 * @name: for people
 * @timeout_ms: how long after a reset the memory may take at first sight
 * @test: 0 ready, -EAGAIN not yet, -ENODEV device gone; called with memory
 *	  decode on and views.lock held for write; may extend the deadline
 */
struct ready_ops {
	const char *name;
	unsigned int timeout_ms;
	int (*test)(struct nvgrace_gpu *gpu);
};

/* Whether the PCI core is recovering from an error, and what that does to the GPU. */
enum recovery {
	NO_RECOVERY,
	LINK_WORKS,	/* nothing has been reset so far */
	LINK_RESET,	/* the link has been reset or is going to be */
};

/**
 * struct nvgrace_gpu_ready - what is known of readiness besides the state
 * @ops: chosen at probe, immutable
 * @cxl_dvsec: config offset of the CXL Device DVSEC or 0, immutable
 * @wait_lock: one task polls, the others queue behind it; never taken with
 *	       another lock of the driver, of vfio-pci-core or of mm held (type1
 *	       holds its own when it maps for DMA what has to be waited for)
 * @bar0: registers while the device is open, else NULL; views.lock
 * @clock_runs: @since and @deadline are valid; views.lock
 * @since: jiffies of the first look after a reset, or of the reset's begin; views.lock
 * @deadline: jiffies after which unready memory is an error; views.lock
 * @cxl_active_phase: the CXL deadline has been extended; views.lock
 * @recovery: error recovery that has not ended; views.lock
 * @recovery_end: jiffies until which it may reset the link; views.lock
 * @awake: accesses under way that keep the device awake
 */
struct nvgrace_gpu_ready {
	const struct ready_ops *ops;
	u16 cxl_dvsec;
	struct mutex wait_lock; /* who polls */
	void __iomem *bar0;
	bool clock_runs;
	unsigned long since;
	unsigned long deadline;
	bool cxl_active_phase;
	enum recovery recovery;
	unsigned long recovery_end;
	atomic_t awake;
};

static int test_bar0(struct nvgrace_gpu *gpu)
{
	u32 hbm, c2c;

	if (!gpu->ready->bar0)
		return -EIO;

	c2c = ioread32(gpu->ready->bar0 + BAR0_C2C_LINK);
	hbm = ioread32(gpu->ready->bar0 + BAR0_HBM_TRAINING);
	if (PCI_POSSIBLE_ERROR(c2c) || PCI_POSSIBLE_ERROR(hbm))
		return -ENODEV;
	if (c2c == BAR0_STATUS_READY && hbm == BAR0_STATUS_READY)
		return 0;
	return -EAGAIN;
}

static const struct ready_ops ready_by_bar0 = {
	.name = "bar0",
	.timeout_ms = BAR0_TIMEOUT_MS,
	.test = test_bar0,
};

/* CXL 4.0, 8.1.3.8.2: 1, 4, 16, 64 or 256 s; larger codes are reserved. */
static unsigned int cxl_active_timeout_ms(u32 status)
{
	unsigned int code = FIELD_GET(CXL_ACTIVE_TIMEOUT, status);

	return MSEC_PER_SEC << (2 * min(code, CXL_ACTIVE_TIMEOUT_MAX));
}

static int test_cxl(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_ready *ready = gpu->ready;
	u32 status;

	pci_read_config_dword(gpu->core.pdev,
			      ready->cxl_dvsec + CXL_RANGE1_SIZE_LOW, &status);
	if (PCI_POSSIBLE_ERROR(status))
		return -ENODEV;
	if (!(status & CXL_MEM_INFO_VALID))
		return -EAGAIN;
	if (status & CXL_MEM_ACTIVE)
		return 0;

	if (!ready->cxl_active_phase) {
		ready->cxl_active_phase = true;
		ready->deadline = jiffies +
			msecs_to_jiffies(cxl_active_timeout_ms(status));
	}
	return -EAGAIN;
}

static const struct ready_ops ready_by_cxl = {
	.name = "cxl",
	.timeout_ms = CXL_INFO_TIMEOUT_MS,
	.test = test_cxl,
};

static void start_clock(struct nvgrace_gpu *gpu)
{
	struct nvgrace_gpu_ready *ready = gpu->ready;
	unsigned int timeout_ms = ready->ops->timeout_ms;

	lockdep_assert_held_write(&gpu->views.lock);

	if (gpu->views.state == NVGRACE_GPU_RESETTING)
		timeout_ms = RESET_TIMEOUT_MS;

	ready->clock_runs = true;
	ready->since = jiffies;
	ready->deadline = jiffies + msecs_to_jiffies(timeout_ms);
	ready->cxl_active_phase = false;
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

static void end_recovery(struct nvgrace_gpu *gpu)
{
	gpu->ready->recovery = NO_RECOVERY;
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

	ready->cxl_dvsec = pci_find_dvsec_capability(pdev, PCI_VENDOR_ID_CXL,
						     CXL_DVSEC_DEVICE);
	ready->ops = ready->cxl_dvsec ? &ready_by_cxl : &ready_by_bar0;
	if (ready->cxl_dvsec || pci_resource_len(pdev, 0) >= BAR0_LEN_NEEDED)
		return 0;

	pci_err(pdev, "BAR0 has only %llu bytes, without the registers that tell readiness; this GPU does not fit the driver\n",
		(u64)pci_resource_len(pdev, 0));
	return -ENODEV;
}

/**
 * nvgrace_gpu_readiness_name() - how readiness is read, as sysfs shows it
 * @gpu: device
 *
 * Return: one static word.
 */
const char *nvgrace_gpu_readiness_name(const struct nvgrace_gpu *gpu)
{
	return gpu->ready ? gpu->ready->ops->name : "none";
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
	gpu->ready->bar0 = bar0;
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
	gpu->ready->bar0 = NULL;
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

/* Asks the device itself: registers that do not answer are not to be read. */
static int registers_answer(struct pci_dev *pdev)
{
	u16 command;

	if (pdev->current_state != PCI_D0)
		return -EIO;
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (PCI_POSSIBLE_ERROR(command))
		return -ENODEV;
	return command & PCI_COMMAND_MEMORY ? 0 : -EIO;
}

static void end_reset(struct nvgrace_gpu *gpu)
{
	revoke(gpu, gpu->ready->bar0 ? NVGRACE_GPU_WAITING : NVGRACE_GPU_CLOSED);
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
	if (registers_answer(gpu->core.pdev) != -ENODEV) {
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
	gpu->ready->recovery = frozen ? LINK_RESET : LINK_WORKS;
	gpu->ready->recovery_end = gpu->ready->deadline;
}

/**
 * nvgrace_gpu_recovery_reset() - recovery has reset the link
 * @gpu: coherent device
 */
void nvgrace_gpu_recovery_reset(struct nvgrace_gpu *gpu)
{
	guard(rwsem_write)(&gpu->views.lock);
	if (gpu->ready->recovery)
		gpu->ready->recovery = LINK_RESET;
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
	if (gpu->ready->recovery == LINK_WORKS &&
	    registers_answer(gpu->core.pdev) != -ENODEV) {
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
	ret = registers_answer(gpu->core.pdev);
	if (ret)
		return ret;
	if (!ready->clock_runs)
		start_clock(gpu);
	return ready->ops->test(gpu);
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

	while ((ret = nvgrace_gpu_ready_poll(gpu)) == -EAGAIN) {
		ret = poll_sleep(task_state);
		if (ret)
			break;
	}
	mutex_unlock(lock);
	return ret;
}
