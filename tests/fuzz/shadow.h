/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the memory of one region should hold, as far as it is known: a byte is
 * known once it was written or read.  Holds a bounded number of 4 KiB pages;
 * what does not fit stays unknown, so that a fuzzer may run for ever.
 */
#ifndef FUZZ_SHADOW_H
#define FUZZ_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct shadow;

struct shadow *shadow_new(void);
void shadow_free(struct shadow *shadow);

/* [@at, @at + @len) now holds @bytes. */
void shadow_write(struct shadow *shadow, uint64_t at, const uint8_t *bytes,
		  size_t len);

/* Nobody knows any more what is there. */
void shadow_forget(struct shadow *shadow, uint64_t at, size_t len);

/*
 * @bytes were found at @at: the index of the first one that is not what is
 * known, or @len.  Unknown bytes are known from now on.
 */
size_t shadow_read(struct shadow *shadow, uint64_t at, const uint8_t *bytes,
		   size_t len);

/* The known byte at @at, or -1. */
int shadow_byte(const struct shadow *shadow, uint64_t at);

#endif
