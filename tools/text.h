/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory for text, for the programs here. It is there, or the program ends. */
#ifndef NVGRACE_TEXT_H
#define NVGRACE_TEXT_H

#include <stddef.h>

/* printf() into memory; the caller frees it. */
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Grows @list by @word, which it frees, with @between before it; NULL is an empty list. */
void text_add(char **list, const char *between, char *word);

void *xrealloc(void *old, size_t size);

#endif
