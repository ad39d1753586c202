// SPDX-License-Identifier: GPL-2.0-only
/* See text.h. */

#include "text.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Of both programs the status for what is no answer. */
static void out_of_memory(void)
{
	errx(2, "out of memory");
}

void *xrealloc(void *old, size_t size)
{
	void *memory = realloc(old, size);

	if (!memory)
		out_of_memory();
	return memory;
}

char *text_of(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		out_of_memory();
	va_end(args);
	return text;
}

void text_add(char **list, const char *between, char *word)
{
	char *longer = *list ? text_of("%s%s%s", *list, between, word) : text_of("%s", word);

	free(*list);
	free(word);
	*list = longer;
}
