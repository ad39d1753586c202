// SPDX-License-Identifier: GPL-2.0-only
/* The report on paper: columns and sentences for people. */

#include <string.h>

#include "report.h"

#define WIDTH		78
#define KEY_COLUMN	18
#define SENTENCE_COLUMN	9

static const struct {
	const char *mark;
	const char *colour;
} levels[LEVELS] = {
	[LEVEL_OK]	= { "ok",	"\033[32m" },
	[LEVEL_INFO]	= { "",		"" },
	[LEVEL_UNKNOWN]	= { "?",	"\033[36m" },
	[LEVEL_LATER]	= { "?",	"\033[36m" },
	[LEVEL_WARN]	= { "warn",	"\033[33m" },
	[LEVEL_FAIL]	= { "FAIL",	"\033[31m" },
};

/* Breaks lines between words; the first one begins where the cursor is. */
static void print_wrapped(FILE *out, unsigned int indent, const char *text)
{
	unsigned int at = indent;

	while (*text) {
		unsigned int word = strcspn(text, " ");

		if (at > indent && at + 1 + word > WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", (int)word, text);
		at += word;
		text += word;
		text += *text == ' ';
	}
	fputc('\n', out);
}

static void print_sentence(FILE *out, const char *before, const char *text)
{
	unsigned int indent = SENTENCE_COLUMN + strlen(before);

	if (!text)
		return;
	fprintf(out, "%*s%s", SENTENCE_COLUMN, "", before);
	print_wrapped(out, indent, text);
}

static void print_fact(FILE *out, const struct fact *fact, bool colour)
{
	const char *begin = colour ? levels[fact->level].colour : "";

	fprintf(out, "  %s%-4s%s %-*s", begin, levels[fact->level].mark,
		*begin ? "\033[0m" : "", KEY_COLUMN, fact->key);
	print_wrapped(out, 2 + 5 + KEY_COLUMN, fact->value);
	print_sentence(out, "", fact->text);
	print_sentence(out, "-> ", fact->next);
}

static void print_commands(FILE *out, const struct subject *subject)
{
	unsigned int i;

	for (i = 0; i < subject->commands_count; i++) {
		const char *line = subject->commands[i].text;

		fprintf(out, "\n  %s:\n", subject->commands[i].key);
		while (*line) {
			unsigned int length = strcspn(line, "\n");

			fprintf(out, "    %.*s\n", (int)length, line);
			line += length;
			line += *line == '\n';
		}
	}
}

void report_print_text(const struct report *report, FILE *out, bool colour)
{
	unsigned int i, j;

	for (i = 0; i < report->count; i++) {
		const struct subject *subject = &report->subjects[i];

		fprintf(out, "%s%s\n", i ? "\n" : "", subject->title);
		for (j = 0; j < subject->count; j++)
			print_fact(out, &subject->facts[j], colour);
		print_commands(out, subject);
	}
}
