/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was found out, and how it is told.
 *
 * A report is a list of subjects (the host, each GPU), a subject a list of facts.
 * A fact has a key that never changes, for programs, and a text for people. Facts
 * are told in the order in which they were added.
 */
#ifndef NVGRACE_REPORT_H
#define NVGRACE_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#ifndef VERSION
#define VERSION "unknown"
#endif

struct json_object;

enum level {
	LEVEL_OK,
	LEVEL_INFO,	/* neither good nor bad */
	LEVEL_UNKNOWN,	/* cannot be told from here: may be in the way */
	LEVEL_LATER,	/* will be known once the driver is loaded or bound */
	LEVEL_WARN,	/* works, but not as it should */
	LEVEL_FAIL,	/* a GPU cannot be passed through like this */
	LEVELS
};

struct fact {
	enum level level;
	const char *key;
	char *value;
	char *text;		/* NULL: the value says it all */
	char *next;		/* what to do; NULL: nothing */
	struct json_object *data;	/* the value, for programs; NULL: it is but words */
};

struct subject {
	char *name;		/* "host", or a PCI address */
	char *title;
	struct fact *facts;
	unsigned int count;
	/* Lines to be typed or pasted, by what they are for. */
	struct command {
		const char *key;
		char *text;
	} *commands;
	unsigned int commands_count;
};

struct report {
	struct subject *subjects;
	unsigned int count;
};

/* What programs call a level. */
const char *level_name(enum level level);

/* The fact of this key, or NULL. */
const struct fact *fact_find(const struct subject *subject, const char *key);

/* The subject is valid until the next one is added. */
struct subject *report_add(struct report *report, const char *name, const char *title);
void report_free(struct report *report);

/* Value, text and next may be NULL, and are copied. */
void fact_add(struct subject *subject, enum level level, const char *key,
	      const char *value, const char *text, const char *next);
/* More of the fact that was added last, for programs: numbers are bytes, or counts. */
void fact_number(struct subject *subject, const char *key, unsigned long long number);
void fact_truth(struct subject *subject, const char *key, bool truth);
void fact_word(struct subject *subject, const char *key, const char *word);
void command_add(struct subject *subject, const char *key, char *text);

unsigned int report_count(const struct report *report, enum level level);
void report_print_text(const struct report *report, FILE *out, bool colour);
void report_print_json(const struct report *report, FILE *out);

#endif
