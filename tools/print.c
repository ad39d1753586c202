// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report on paper: columns and sentences for people, JSON for programs. Names in
 * JSON are an interface: they are added to, never changed.
 */

#include <string.h>

#include "report.h"

#define WIDTH		78
#define KEY_COLUMN	18
#define SENTENCE_COLUMN	9

static const struct {
	const char *name;	/* JSON */
	const char *mark;	/* people */
	const char *colour;
} levels[LEVELS] = {
	[LEVEL_OK]	= { "ok",	"ok",	"\033[32m" },
	[LEVEL_INFO]	= { "info",	"",	"" },
	[LEVEL_UNKNOWN]	= { "unknown",	"?",	"\033[36m" },
	[LEVEL_LATER]	= { "unknown",	"?",	"\033[36m" },
	[LEVEL_WARN]	= { "warn",	"warn",	"\033[33m" },
	[LEVEL_FAIL]	= { "fail",	"FAIL",	"\033[31m" },
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

static void print_json_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if (*text == '\n')
			fputs("\\n", out);
		else if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
			fprintf(out, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static void print_json_field(FILE *out, const char *key, const char *value,
			     const char *before)
{
	fputs(before, out);
	print_json_string(out, key);
	fputs(": ", out);
	print_json_string(out, value);
}

static void print_json_fact(FILE *out, const struct fact *fact)
{
	print_json_field(out, "level", levels[fact->level].name, "{ ");
	print_json_field(out, "value", fact->value, ", ");
	if (fact->text)
		print_json_field(out, "text", fact->text, ", ");
	if (fact->next)
		print_json_field(out, "next", fact->next, ", ");
	fputs(" }", out);
}

static void print_json_subject(FILE *out, const struct subject *subject)
{
	unsigned int i;

	print_json_field(out, "name", subject->name, "    { ");
	fputs(",\n      \"facts\": {", out);
	for (i = 0; i < subject->count; i++) {
		fputs(i ? ",\n        " : "\n        ", out);
		print_json_string(out, subject->facts[i].key);
		fputs(": ", out);
		print_json_fact(out, &subject->facts[i]);
	}
	fputs("\n      },\n      \"commands\": {", out);
	for (i = 0; i < subject->commands_count; i++)
		print_json_field(out, subject->commands[i].key, subject->commands[i].text,
				 i ? ",\n        " : "\n        ");
	fputs("\n      } }", out);
}

void report_print_json(const struct report *report, FILE *out)
{
	unsigned int i;

	fprintf(out, "{ \"version\": 1, \"failures\": %u, \"warnings\": %u, \"unknowns\": %u,\n",
		report_count(report, LEVEL_FAIL), report_count(report, LEVEL_WARN),
		report_count(report, LEVEL_UNKNOWN));
	fputs("  \"subjects\": [\n", out);
	for (i = 0; i < report->count; i++) {
		print_json_subject(out, &report->subjects[i]);
		fputs(i + 1 < report->count ? ",\n" : "\n", out);
	}
	fputs("  ] }\n", out);
}
