// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report for programs. Names are an interface, described by nvgrace-gpu-check.schema.json:
 * they are added to, never changed.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <json-c/json.h>

#include "report.h"

#define FORMAT_VERSION	2

/* JSON is UTF-8, which what others have written into sysfs need not be: it is read as Latin-1. */
static struct json_object *json_of_text(const char *text)
{
	char *encoded = malloc(2 * strlen(text) + 1), *at = encoded;
	struct json_object *string;

	if (!encoded)
		return NULL;
	for (; *text; text++) {
		unsigned char byte = *text;

		if (byte >= 0x80)
			*at++ = 0xc0 | byte >> 6;
		*at++ = byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte;
	}
	string = json_object_new_string_len(encoded, at - encoded);
	free(encoded);
	return string;
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
	if (text)
		json_object_object_add(object, key, json_of_text(text));
}

static struct json_object *json_of_fact(const struct fact *fact)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "level", level_name(fact->level));
	add_text(object, "value", fact->value);
	if (fact->data)
		json_object_object_add(object, "data", json_object_get(fact->data));
	add_text(object, "text", fact->text);
	add_text(object, "next", fact->next);
	return object;
}

static struct json_object *json_of_subject(const struct subject *subject)
{
	struct json_object *object = json_object_new_object();
	struct json_object *facts = json_object_new_object(), *commands = json_object_new_object();
	unsigned int i;

	for (i = 0; i < subject->count; i++)
		json_object_object_add(facts, subject->facts[i].key,
				       json_of_fact(&subject->facts[i]));
	for (i = 0; i < subject->commands_count; i++)
		add_text(commands, subject->commands[i].key, subject->commands[i].text);
	add_text(object, "name", subject->name);
	json_object_object_add(object, "facts", facts);
	json_object_object_add(object, "commands", commands);
	return object;
}

static void add_count(struct json_object *object, const char *key, unsigned int count)
{
	json_object_object_add(object, key, json_object_new_int64(count));
}

static void add_versions(struct json_object *object, const struct report *report)
{
	const struct fact *driver = report->count ? fact_find(&report->subjects[0], "version") : NULL;
	struct utsname kernel;

	uname(&kernel);
	json_object_object_add(object, "version", json_object_new_int(FORMAT_VERSION));
	add_text(object, "tool_version", VERSION);
	json_object_object_add(object, "driver_version",
			       driver ? json_of_text(driver->value) : NULL);
	add_text(object, "kernel", kernel.release);
}

void report_print_json(const struct report *report, FILE *out)
{
	struct json_object *object = json_object_new_object();
	struct json_object *devices = json_object_new_array(), *subjects = json_object_new_array();
	unsigned int i;

	add_versions(object, report);
	add_count(object, "failures", report_count(report, LEVEL_FAIL));
	add_count(object, "warnings", report_count(report, LEVEL_WARN));
	add_count(object, "unknowns", report_count(report, LEVEL_UNKNOWN));
	for (i = 0; i < report->count; i++) {
		if (i)
			json_object_array_add(devices,
					      json_object_new_string(report->subjects[i].name));
		json_object_array_add(subjects, json_of_subject(&report->subjects[i]));
	}
	json_object_object_add(object, "devices", devices);
	json_object_object_add(object, "subjects", subjects);
	fprintf(out, "%s\n", json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
