// SPDX-License-Identifier: GPL-2.0-only
/* Tenants and the scrub between them; see scrub.h. */

#include "scrub.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "poison.h"
#include "sysfs.h"
#include "testblock.h"
#include "variants.h"

#define IOVA		GIB(4)
#define DMA_LEN		KIB(256)
#define READ_LEN	MIB(8)
#define SETTLE_MS	500

int scrub_set_policy(const char *bdf, const char *policy)
{
	return pci_attribute_write(bdf, "nvgrace_gpu/scrub_policy", policy);
}

bool scrub_state_is(const char *bdf, const char *state)
{
	char now[16];

	return gpu_attribute(bdf, "scrub_state", now, sizeof(now)) > 0 &&
	       !strcmp(now, state);
}

int scrub_wait(const char *bdf, const char *state, unsigned int timeout_ms)
{
	uint64_t deadline = now_ms() + timeout_ms;

	while (!scrub_state_is(bdf, state)) {
		if (now_ms() > deadline)
			return -ETIMEDOUT;
		sleep_ms(1);
	}
	/* The log line and the trace follow the state. */
	sleep_ms(SETTLE_MS);
	return 0;
}

int scrub_and_poison_off(const char *bdf)
{
	uint64_t deadline = now_ms() + SCRUB_MS;
	int ret = scrub_set_policy(bdf, "off");

	if (ret)
		return ret;
	while ((ret = poison_clear(bdf)) == -EBUSY && now_ms() < deadline)
		sleep_ms(20);
	return ret;
}

int scrub_progress(const char *bdf, uint64_t *done, uint64_t *total)
{
	unsigned long long numbers[2];
	char text[64];
	ssize_t n = gpu_attribute(bdf, "scrub_progress", text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (sscanf(text, "%llu %llu", &numbers[0], &numbers[1]) != 2)
		return -EPROTO;
	*done = numbers[0];
	*total = numbers[1];
	return 0;
}

uint64_t scrub_bytes_done(const char *bdf)
{
	uint64_t done = 0, total;

	return scrub_progress(bdf, &done, &total) ? 0 : done;
}

int scrub_wait_begun(const char *bdf)
{
	uint64_t deadline = now_ms() + SCRUB_MS;

	while (!scrub_state_is(bdf, "scrubbing") || !scrub_bytes_done(bdf)) {
		if (now_ms() > deadline)
			return -ETIMEDOUT;
		sleep_ms(1);
	}
	return 0;
}

pid_t tenant_opens(const char *bdf)
{
	struct gpu gpu;
	pid_t pid = fork();

	if (pid)
		return pid;
	_exit(gpu_open(&gpu, bdf) ? 1 : 0);
}

uint64_t memory_bytes(const struct gpu *gpu)
{
	return gpu->region[GPU_USEMEM].real +
	       (gpu_has_resmem(gpu) ? gpu->region[GPU_RESMEM].real : 0);
}

static int map_all(struct tenant *t)
{
	t->usemem = gpu_map(&t->gpu, GPU_USEMEM, 0, t->gpu.region[GPU_USEMEM].real,
			    PROT_READ | PROT_WRITE);
	if (t->usemem == MAP_FAILED) {
		t->usemem = NULL;
		return -errno;
	}
	if (!gpu_has_resmem(&t->gpu))
		return 0;
	t->resmem = gpu_map(&t->gpu, GPU_RESMEM, 0, t->gpu.region[GPU_RESMEM].real,
			    PROT_READ | PROT_WRITE);
	if (t->resmem == MAP_FAILED) {
		t->resmem = NULL;
		return -errno;
	}
	return 0;
}

int tenant_open(struct tenant *tenant, const char *bdf)
{
	int ret;

	*tenant = (struct tenant){ .gpu = GPU_CLOSED };
	ret = gpu_open(&tenant->gpu, bdf);
	return ret ? ret : map_all(tenant);
}

void tenant_close(struct tenant *tenant)
{
	if (tenant->usemem)
		munmap(tenant->usemem, tenant->gpu.region[GPU_USEMEM].real);
	if (tenant->resmem)
		munmap(tenant->resmem, tenant->gpu.region[GPU_RESMEM].real);
	gpu_close(&tenant->gpu);
}

/* The last bytes of the memory, written by the GPU itself. */
static int fill_by_dma(struct tenant *t, uint8_t byte)
{
	uint64_t end = memory_bytes(&t->gpu);
	void *user;
	int ret;

	user = mmap(NULL, DMA_LEN, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (user == MAP_FAILED)
		return -errno;
	memset(user, byte, DMA_LEN);
	ret = gpu_dma_map(&t->gpu, user, IOVA, DMA_LEN);
	if (!ret)
		ret = testblock_dma(&t->gpu, TB_DMA_FROM_IOVA, end - DMA_LEN, IOVA,
				    DMA_LEN, -1);
	return ret == TB_DMA_OK ? 0 : ret < 0 ? ret : -EIO;
}

int tenant_move_in(struct tenant *t, const char *bdf, uint8_t byte)
{
	int ret = tenant_open(t, bdf);

	if (ret)
		return ret;
	memset(t->usemem, byte, t->gpu.region[GPU_USEMEM].real);
	if (t->resmem)
		memset(t->resmem, byte, t->gpu.region[GPU_RESMEM].real);
	return testblock_present(&t->gpu) ? fill_by_dma(t, byte) : 0;
}

static void be_a_tenant(int report, const char *bdf, uint8_t byte)
{
	struct tenant tenant;
	int ret = tenant_move_in(&tenant, bdf, byte);

	if (write(report, &ret, sizeof(ret)) == sizeof(ret) && !ret)
		pause();
	_exit(1);
}

pid_t tenant_moves_in(const char *bdf, uint8_t byte)
{
	int ends[2], ret = -EPIPE;
	pid_t pid;

	if (pipe(ends))
		return -errno;
	pid = fork();
	if (!pid) {
		close(ends[0]);
		be_a_tenant(ends[1], bdf, byte);
	}
	close(ends[1]);
	if (pid < 0)
		ret = -errno;
	else if (read(ends[0], &ret, sizeof(ret)) != sizeof(ret))
		ret = -EPIPE;
	close(ends[0]);
	if (!ret)
		return pid;
	if (pid > 0)
		tenant_dies(pid);
	return ret;
}

void tenant_dies(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static uint64_t not_zero(const void *mem, size_t len)
{
	const uint64_t *words = mem;
	uint64_t found = 0;
	size_t i, k;

	for (i = 0; i < len / 8; i++)
		for (k = 0; words[i] && k < 64; k += 8)
			found += (words[i] >> k & 0xff) != 0;
	return found;
}

uint64_t tenant_finds(const struct tenant *tenant)
{
	uint64_t found;

	found = not_zero(tenant->usemem, tenant->gpu.region[GPU_USEMEM].real);
	if (tenant->resmem)
		found += not_zero(tenant->resmem,
				  tenant->gpu.region[GPU_RESMEM].real);
	return found;
}

/* What cannot be read counts as found: nothing is known of it. */
static uint64_t read_region(const struct gpu *gpu, unsigned int region)
{
	uint64_t real = gpu->region[region].real, at, found = 0;
	char *buf = malloc(READ_LEN);
	size_t len;

	for (at = 0; buf && at < real; at += len) {
		len = real - at < READ_LEN ? real - at : READ_LEN;
		if (gpu_read(gpu, region, at, buf, len) == (ssize_t)len)
			found += not_zero(buf, len);
		else
			found += len;
	}
	free(buf);
	return buf ? found : real;
}

uint64_t tenant_reads(const struct tenant *tenant)
{
	uint64_t found = read_region(&tenant->gpu, GPU_USEMEM);

	if (tenant->resmem)
		found += read_region(&tenant->gpu, GPU_RESMEM);
	return found;
}
