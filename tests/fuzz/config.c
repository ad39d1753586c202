// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space: the BARs, which are modelled; all the rest, which may be written
 * with anything and is put back; decode, power and resets.
 */

#include "fuzzer.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>

#include "reset.h"

#define BARS_AT		PCI_BASE_ADDRESS_0
#define BARS_END	(BARS_AT + 8 * NR_BARS)
#define CONFIG_SIZE	4096u
#define NEIGHBOURS	8	/* bytes around the BARs that accesses reach into */

void bars_learn(struct fuzzer *f)
{
	struct bars *bars = &f->bars;
	unsigned int bar;

	gpu_read(f->gpu, GPU_CONFIG, BARS_AT, bars->stored, sizeof(bars->stored));
	for (bar = 0; bar < NR_BARS; bar++) {
		bars->size[bar] = f->gpu->region[2 * bar].size;
		bars->type[bar] = bars->stored[bar] & 0xf;
	}
	bars->emulated[1] = f->memory[1].real;
	bars->emulated[2] = true;
}

/* The byte of config space that @bars has at @at. */
static uint8_t bars_byte(const struct bars *bars, unsigned int at)
{
	unsigned int bar = (at - BARS_AT) / 8;
	uint64_t value = (bars->stored[bar] & ~(bars->size[bar] - 1)) |
			 bars->type[bar];

	return (uint8_t)(value >> 8 * (at % 8));
}

static bool is_bar(unsigned int at)
{
	return at >= BARS_AT && at < BARS_END;
}

static void check_bars(struct fuzzer *f, unsigned int at, const uint8_t *bytes,
		       size_t len)
{
	size_t i;

	for (i = 0; i < len && !racing(f); i++)
		if (is_bar(at + (unsigned int)i) &&
		    bytes[i] != bars_byte(&f->bars, at + (unsigned int)i)) {
			complain(f, "config space 0x%zx reads 0x%02x, should be 0x%02x",
				 at + i, bytes[i],
				 bars_byte(&f->bars, at + (unsigned int)i));
			return;
		}
}

/*
 * Answered in full, or, if it reaches past the end, not at all: but for what comes
 * before the first byte that vfio-pci-core is asked for.
 */
static void check_config_count(struct fuzzer *f, unsigned int at, size_t len, long n)
{
	bool inside = at < CONFIG_SIZE && len <= CONFIG_SIZE - at;

	if (inside || !len ? n != (long)len : n > 0 && at + n > BARS_END)
		complain(f, "%zu bytes of config space at 0x%x: %ld", len, at, n);
}

static void read_config(struct fuzzer *f, unsigned int at, size_t len)
{
	long n;

	memset(f->scratch, 0x5e, len + 1);
	n = gpu_read(f->gpu, GPU_CONFIG, at, f->scratch, len);
	note(f, "config read", at, len, 0, n);
	check_config_count(f, at, len, n);
	if (n > 0)
		check_bars(f, at, f->scratch, (size_t)n);
	if (f->scratch[len] != 0x5e)
		complain(f, "more than %zu bytes of config space were read", len);
}

void fuzz_bars_read(struct fuzzer *f)
{
	unsigned int at = BARS_AT - NEIGHBOURS + (unsigned int)pick(f, 40);

	read_config(f, at, pick(f, 40));
}

void fuzz_config_read(struct fuzzer *f)
{
	read_config(f, (unsigned int)pick(f, CONFIG_SIZE + 64), pick(f, 600));
}

void fuzz_bars_write(struct fuzzer *f)
{
	unsigned int at = BARS_AT + (unsigned int)pick(f, 8 * NR_BARS);
	size_t len = pick(f, BARS_END - at + 1), i;
	uint8_t *stored = (uint8_t *)f->bars.stored;
	bool ones = one_in(f, 4);
	uint8_t bytes[8 * NR_BARS];
	long n;

	for (i = 0; i < len; i++)
		bytes[i] = ones ? 0xff : (uint8_t)pick(f, 256);
	n = gpu_write(f->gpu, GPU_CONFIG, at, bytes, len);
	note(f, "BAR write", at, len, bytes[0], n);
	check_config_count(f, at, len, n);
	memcpy(stored + (at - BARS_AT), bytes, len);
}

static int low_power(struct fuzzer *f, uint32_t feature)
{
	int ret = gpu_feature(f->gpu, feature);

	if (!ret)
		f->low_power = feature != VFIO_DEVICE_FEATURE_LOW_POWER_EXIT;
	return ret;
}

void make_accessible(struct fuzzer *f)
{
	if (f->low_power && low_power(f, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT))
		complain(f, "the device cannot be powered up");
	if (gpu_command(f->gpu, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0))
		complain(f, "memory decode cannot be turned on");
	f->decode = true;
}

void fuzz_decode(struct fuzzer *f)
{
	int ret = gpu_command(f->gpu, 0, PCI_COMMAND_MEMORY);

	note(f, "decode off", 0, 0, 0, ret);
	if (ret)
		complain(f, "memory decode cannot be turned off: %d", ret);
	f->decode = false;
}

void fuzz_power(struct fuzzer *f)
{
	int ret;

	if (f->low_power)
		return;
	ret = low_power(f, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY);
	note(f, "low power", 0, 0, 0, ret);
	if (ret && !racing(f))
		complain(f, "low power cannot be entered: %d", ret);
}

/* What the BARs show once the device may have been reset: as before, or nothing. */
static void check_bars_after(struct fuzzer *f, bool reset_for_sure)
{
	struct bars before = f->bars;
	unsigned int bar;
	uint64_t kept;

	bars_learn(f);
	for (bar = 0; bar < NR_BARS && !racing(f); bar++) {
		if (!before.emulated[bar] || f->bars.stored[bar] == before.type[bar])
			continue;
		kept = (before.stored[bar] & ~(before.size[bar] - 1)) |
		       before.type[bar];
		if (reset_for_sure || f->bars.stored[bar] != kept)
			complain(f, "BAR %u is 0x%llx after a reset", 2 * bar,
				 (unsigned long long)f->bars.stored[bar]);
		/* Hidden bits are still there. */
		f->bars.stored[bar] = before.stored[bar];
	}
}

/* Anything, anywhere but in the BARs: it may reset the device or put it to sleep. */
void fuzz_config_write(struct fuzzer *f)
{
	unsigned int at = (unsigned int)pick(f, one_in(f, 2) ? 256 : CONFIG_SIZE);
	size_t len = 1 + pick(f, 4), i;
	uint8_t bytes[4];
	long n;

	if (f->low_power || (at < BARS_END && at + len > BARS_AT))
		return;
	for (i = 0; i < len; i++)
		bytes[i] = (uint8_t)pick(f, 256);
	n = gpu_write(f->gpu, GPU_CONFIG, at, bytes, len);
	note(f, "config write", at, len, bytes[0], n);
	if (gpu_power_state(f->gpu, 0))
		complain(f, "the device cannot be brought to D0");
	make_accessible(f);
	check_bars_after(f, false);
}

void fuzz_reset(struct fuzzer *f)
{
	static const enum reset_kind kinds[] = {
		RESET_BY_IOCTL, RESET_BY_IOCTL, RESET_BY_CONFIG, RESET_HOT, RESET_BY_SYSFS,
	};
	enum reset_kind kind = kinds[pick(f, sizeof(kinds) / sizeof(*kinds))];
	int ret;

	if (kind == RESET_BY_SYSFS && !f->administrator)
		return;
	ret = gpu_reset_by(f->gpu, kind);
	note(f, "reset", kind, 0, 0, ret);
	if (ret && !racing(f) && !(kind == RESET_HOT && gpu_is_hopper(f->gpu)))
		complain(f, "reset failed: %d", ret);
	check_bars_after(f, !ret);
}
