// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a VM costs that gets a GPU's memory: the memory slot and the guest's first
 * touch of all of it, in instructions (the guest's own among them) and in faults of
 * stage 2; by size, by the number of vCPUs that do it at once, and, for what stage 2
 * is made of, with every page touched.
 *
 * Environment: SIZES = names of GPU0, GPU1, ... for the rows ("4G 96G").
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "events.h"
#include "gpu.h"
#include "guest_code.h"
#include "row.h"
#include "sysfs.h"
#include "vcpus.h"
#include "vm.h"

/* Not those of the guest's code, nor the store that ends a routine. */
#define FAULTS "kvm/kvm_guest_fault"
#define OF_WINDOW "ipa >= 0x100000000"

/* What the guest touches: a word every @step bytes of [0, @bytes). */
struct work {
	const struct gpu *gpu;
	uint64_t bytes;
	uint64_t step;
	unsigned int vcpus;
};

static void touch_by_guest(struct vm *vm, const struct work *work)
{
	uint64_t share = work->bytes / work->step / work->vcpus;
	struct vcpu_job jobs[VM_VCPUS_MAX] = { 0 };
	unsigned int i;

	for (i = 0; i < work->vcpus; i++)
		jobs[i] = (struct vcpu_job){
			.vm = vm,
			.index = i,
			.routine = guest_fill,
			.args = { VM_WINDOW_GPA + i * share * work->step, 1, work->step, share, 1 },
		};
	must(!vcpus_start(jobs, work->vcpus), "vCPUs");
	vcpus_wait(jobs, work->vcpus);
	for (i = 0; i < work->vcpus; i++)
		must(jobs[i].result.outcome == VM_DONE && jobs[i].result.value == share, "guest");
}

/* A new mapping each time: what KVM faults in there, the host has to first. */
static uint64_t cost_of_one(const struct work *work)
{
	void *map = gpu_map(work->gpu, GPU_USEMEM, 0, work->bytes, PROT_READ | PROT_WRITE);
	uint64_t before;
	struct vm vm;

	must(map != MAP_FAILED, "mmap");
	must(!vm_create_smp(&vm, work->vcpus), "VM");
	before = instructions_of_all();
	must(!vm_set_window(&vm, map, work->bytes), "memory slot");
	touch_by_guest(&vm, work);
	before = instructions_of_all() - before;
	vm_destroy(&vm);
	munmap(map, work->bytes);
	return before;
}

static uint64_t faults_of_one(const struct work *work)
{
	events_forget();
	events_begin(FAULTS, OF_WINDOW);
	cost_of_one(work);
	events_end(FAULTS);
	return events_counted();
}

static void rows_of(const struct work *work, unsigned int rounds, const char *name)
{
	struct row row = row_of("instructions", 0, "%s", name);
	unsigned int i;

	for (i = 0; i < rounds; i++)
		row_add(&row, cost_of_one(work));
	row_print(&row);
	row_of_one(faults_of_one(work), "s2-faults",
		   work->bytes / pmd_size(), "%s", name);
}

static void by_vcpus(const struct gpu *gpu, const char *size)
{
	uint64_t all = gpu->region[GPU_USEMEM].real / pmd_size();
	struct work work = { .gpu = gpu, .step = pmd_size() };
	char name[64];

	for (work.vcpus = 1; work.vcpus <= VM_VCPUS_MAX; work.vcpus *= 2) {
		work.bytes = all / work.vcpus * work.vcpus * pmd_size();
		snprintf(name, sizeof(name), "vm-start.%s.%u-vcpus", size, work.vcpus);
		rows_of(&work, 2, name);
	}
}

/* As much as one page table of blocks maps, or what there is. */
static void every_page(const struct gpu *gpu)
{
	uint64_t real = gpu->region[GPU_USEMEM].real;
	struct work work = { .gpu = gpu, .step = page_size(), .vcpus = 1 };

	work.bytes = real < GIB(1) ? real / pmd_size() * pmd_size() : GIB(1);
	rows_of(&work, 1, "vm-every-page.1G");
}

static void with_gpu(unsigned int nr, const char *size)
{
	struct work work = { .step = pmd_size(), .vcpus = 1 };
	struct gpu gpu = GPU_CLOSED;
	char name[64];

	errno = -gpu_open(&gpu, gpu_bdf(nr));
	must(!errno, size);
	work.gpu = &gpu;
	work.bytes = gpu.region[GPU_USEMEM].real / pmd_size() * pmd_size();
	snprintf(name, sizeof(name), "vm-start.%s", size);
	rows_of(&work, 2, name);
	if (!nr) {
		by_vcpus(&gpu, size);
		every_page(&gpu);
	}
	gpu_close(&gpu);
}

int main(void)
{
	for_sizes(with_gpu);
	return 0;
}
