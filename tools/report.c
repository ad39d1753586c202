// SPDX-License-Identifier: GPL-2.0-only
/* The report as a data structure: subjects and their facts. */

#include "report.h"

#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "text.h"

static char *copy(const char *text)
{
	return text ? text_of("%s", text) : NULL;
}

struct subject *report_add(struct report *report, const char *name, const char *title)
{
	struct subject *subject;

	report->subjects = xrealloc(report->subjects,
				    (report->count + 1) * sizeof(*report->subjects));
	subject = &report->subjects[report->count++];
	*subject = (struct subject){ .name = copy(name), .title = copy(title) };
	return subject;
}

void fact_add(struct subject *subject, enum level level, const char *key,
	      const char *value, const char *text, const char *next)
{
	subject->facts = xrealloc(subject->facts,
				  (subject->count + 1) * sizeof(*subject->facts));
	subject->facts[subject->count++] = (struct fact){
		.level = level,
		.key = key,
		.value = copy(value ?: ""),
		.text = copy(text),
		.next = copy(next),
	};
}

static void add_data(struct subject *subject, const char *key, struct json_object *value)
{
	struct fact *fact = &subject->facts[subject->count - 1];

	if (!fact->data)
		fact->data = json_object_new_object();
	json_object_object_add(fact->data, key, value);
}

void fact_number(struct subject *subject, const char *key, unsigned long long number)
{
	add_data(subject, key, json_object_new_uint64(number));
}

void fact_truth(struct subject *subject, const char *key, bool truth)
{
	add_data(subject, key, json_object_new_boolean(truth));
}

void fact_word(struct subject *subject, const char *key, const char *word)
{
	add_data(subject, key, word ? json_object_new_string(word) : NULL);
}

const struct fact *fact_find(const struct subject *subject, const char *key)
{
	unsigned int i;

	for (i = 0; i < subject->count; i++)
		if (!strcmp(subject->facts[i].key, key))
			return &subject->facts[i];
	return NULL;
}

const char *level_name(enum level level)
{
	static const char *const names[LEVELS] = {
		[LEVEL_OK] = "ok", [LEVEL_INFO] = "info", [LEVEL_UNKNOWN] = "unknown",
		[LEVEL_LATER] = "later", [LEVEL_WARN] = "warn", [LEVEL_FAIL] = "fail",
	};

	return names[level];
}

void command_add(struct subject *subject, const char *key, char *text)
{
	subject->commands = xrealloc(subject->commands, (subject->commands_count + 1) *
				     sizeof(*subject->commands));
	subject->commands[subject->commands_count++] =
		(struct command){ .key = key, .text = text };
}

static unsigned int subject_count(const struct subject *subject, enum level level)
{
	unsigned int i, count = 0;

	for (i = 0; i < subject->count; i++)
		count += subject->facts[i].level == level;
	return count;
}

unsigned int report_count(const struct report *report, enum level level)
{
	unsigned int i, count = 0;

	for (i = 0; i < report->count; i++)
		count += subject_count(&report->subjects[i], level);
	return count;
}

static void subject_free(struct subject *subject)
{
	unsigned int i;

	for (i = 0; i < subject->count; i++) {
		free(subject->facts[i].value);
		free(subject->facts[i].text);
		free(subject->facts[i].next);
		json_object_put(subject->facts[i].data);
	}
	for (i = 0; i < subject->commands_count; i++)
		free(subject->commands[i].text);
	free(subject->facts);
	free(subject->commands);
	free(subject->name);
	free(subject->title);
}

void report_free(struct report *report)
{
	unsigned int i;

	for (i = 0; i < report->count; i++)
		subject_free(&report->subjects[i]);
	free(report->subjects);
	*report = (struct report){ 0 };
}
