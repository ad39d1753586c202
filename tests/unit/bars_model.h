/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A model of the emulated BARs that knows single bits only.
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 *
 * An access to configuration space goes the way it goes in the driver: it is
 * cut into spans, each answered by its owner. The physical device is 256 bytes
 * of plain memory here, so every byte of every access has one right value.
 */
#ifndef UNIT_BARS_MODEL_H
#define UNIT_BARS_MODEL_H

#include <string.h>

#include "bars.h"
#include "ktap.h"

#define CONFIG_BYTES	256
#define GIB		(1ULL << 30)
#define NR_VARIANTS	(sizeof(variants) / sizeof(*variants))

/* Which BARs are emulated, and how large they are. */
struct variant {
	const char *name;
	u64 size[NVGRACE_GPU_NR_BARS];
};

static const struct variant variants[] = {
	{ "BAR4 only, 128 GiB", { 0, 128 * GIB } },
	{ "BAR4 only, 64 KiB", { 0, 1ULL << 16 } },
	{ "BAR2 1 GiB and BAR4 4 GiB", { GIB, 4 * GIB } },
	{ "BAR2 2 GiB and BAR4 256 GiB", { 2 * GIB, 256 * GIB } },
	{ "none", { 0, 0 } },
};

/* The device: the register file under test, and the physical function. */
struct device {
	struct nvgrace_gpu_bars bars;
	u8 physical[CONFIG_BYTES];
};

/* The same device as the model sees it: every byte as it was last written. */
struct model {
	const struct variant *variant;
	u8 written[CONFIG_BYTES];
};

static inline bool model_owns(const struct variant *variant, u64 pos)
{
	if (pos >= 0x18 && pos <= 0x1f)
		return variant->size[0];
	if (pos >= 0x20 && pos <= 0x27)
		return variant->size[1];
	return false;
}

/* One bit of an emulated BAR: address above the size, type bits below. */
static inline bool model_bit(const struct model *model, u64 pos, unsigned int bit)
{
	u64 size = model->variant->size[pos >= 0x20];
	unsigned int bit_of_bar = pos % 8 * 8 + bit;

	if (1ULL << bit_of_bar >= size)
		return model->written[pos] >> bit & 1;
	return bit_of_bar == 2 || bit_of_bar == 3;
}

static inline u8 model_read(const struct model *model, u64 pos)
{
	unsigned int bit;
	u8 value = 0;

	if (!model_owns(model->variant, pos))
		return model->written[pos];
	for (bit = 0; bit < 8; bit++)
		value |= model_bit(model, pos, bit) << bit;
	return value;
}

static inline void device_init(struct device *device, struct model *model,
			       const struct variant *variant)
{
	size_t i;

	*device = (struct device){};
	*model = (struct model){ .variant = variant };
	for (i = 0; i < NVGRACE_GPU_NR_BARS; i++)
		device->bars.bar[i].size = variant->size[i];
	for (i = 0; i < CONFIG_BYTES; i++) {
		device->physical[i] = random_u64();
		if (!model_owns(variant, i))
			model->written[i] = device->physical[i];
	}
}

static inline void device_read(struct device *device, u64 pos, u8 *buf, size_t count)
{
	while (count) {
		bool emulated;
		size_t len = nvgrace_gpu_bars_span(&device->bars, pos, count,
						   &emulated);

		if (emulated)
			nvgrace_gpu_bars_read(&device->bars, pos, buf, len);
		else
			memcpy(buf, device->physical + pos, len);
		pos += len;
		buf += len;
		count -= len;
	}
}

static inline void device_write(struct device *device, u64 pos, const u8 *buf,
				size_t count)
{
	while (count) {
		bool emulated;
		size_t len = nvgrace_gpu_bars_span(&device->bars, pos, count,
						   &emulated);

		if (emulated)
			nvgrace_gpu_bars_write(&device->bars, pos, buf, len);
		else
			memcpy(device->physical + pos, buf, len);
		pos += len;
		buf += len;
		count -= len;
	}
}

static inline void write_both(struct device *device, struct model *model, u64 pos,
			      const u8 *buf, size_t count)
{
	device_write(device, pos, buf, count);
	memcpy(model->written + pos, buf, count);
}

/* A reset of the register file; the physical device is not in it. */
static inline void clear_both(struct device *device, struct model *model)
{
	u64 pos;

	nvgrace_gpu_bars_clear(&device->bars);
	for (pos = 0; pos < CONFIG_BYTES; pos++)
		if (model_owns(model->variant, pos))
			model->written[pos] = 0;
}

/* Bytes from @pos on to where the owner changes, at most @count. */
static inline u64 model_span(const struct variant *variant, u64 pos, u64 count)
{
	static const u64 borders[] = { 0x18, 0x20, 0x28 };
	size_t i;

	for (i = 0; i < sizeof(borders) / sizeof(*borders); i++) {
		u64 border = borders[i];

		if (border > pos && border - pos < count &&
		    model_owns(variant, border - 1) != model_owns(variant, border))
			return border - pos;
	}
	return count;
}

static inline void expect_span(const struct device *device,
			       const struct variant *variant, u64 pos, u64 count)
{
	bool owns = count && model_owns(variant, pos), emulated = !owns;
	u64 len = nvgrace_gpu_bars_span(&device->bars, pos, count, &emulated);

	expect(len == model_span(variant, pos, count),
	       "0x%llx, not 0x%llx (0x%llx+0x%llx, %s)", len,
	       model_span(variant, pos, count), pos, count, variant->name);
	expect(emulated == owns, "%d (0x%llx+0x%llx, %s)", emulated, pos, count,
	       variant->name);
}

static inline void expect_read(struct device *device, const struct model *model,
			       u64 pos, size_t count)
{
	u8 *buf = malloc(count + !count);
	size_t i;

	memset(buf, 0x5a, count);
	device_read(device, pos, buf, count);
	for (i = 0; i < count; i++)
		expect(buf[i] == model_read(model, pos + i),
		       "0x%02x, not 0x%02x (byte 0x%llx of 0x%llx+%zu, %s)",
		       buf[i], model_read(model, pos + i), pos + i, pos, count,
		       model->variant->name);
	free(buf);
}

#endif
