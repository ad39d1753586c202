// SPDX-License-Identifier: GPL-2.0-only
/* Reading the evidence, and seeing what it lacks; see evidence.h. */

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "evidence.h"
#include "text.h"

/*
 * The records of one GPU in one boot, numbered from 1 on. They begin again when the module is
 * loaded anew.
 */
struct series {
	char *boot_id, *gpu;
	uint64_t last;
};

struct history {
	char *const *wanted;
	const char *path;
	struct series *series;
	size_t count;
	bool incomplete;
};

static const char *text(struct json_object *record, const char *key)
{
	struct json_object *value = json_object_object_get(record, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static bool is_wanted(const struct history *history, struct json_object *record)
{
	char *const *one;

	for (one = history->wanted; *one; one++)
		if (!strcmp(*one, text(record, "gpu")) || !strcmp(*one, text(record, "serial")))
			return true;
	return one == history->wanted;
}

static struct series *series_of(struct history *history, struct json_object *record)
{
	const char *boot_id = text(record, "boot_id"), *gpu = text(record, "gpu");
	struct series *series;
	size_t i;

	for (i = 0; i < history->count; i++)
		if (!strcmp(history->series[i].boot_id, boot_id) &&
		    !strcmp(history->series[i].gpu, gpu))
			return &history->series[i];
	history->series = xrealloc(history->series,
				   ++history->count * sizeof(*history->series));
	series = &history->series[i];
	*series = (struct series){ text_of("%s", boot_id), text_of("%s", gpu), 0 };
	return series;
}

static void look_for_gap(struct history *history, struct json_object *record)
{
	uint64_t number = json_object_get_uint64(json_object_object_get(record, "number"));
	struct series *series = series_of(history, record);
	uint64_t expected = number == 1 ? 1 : series->last + 1;

	if (number != expected) {
		warnx("%s: before record %" PRIu64 " of %s in boot %s others are missing: %" PRIu64 " was to be the next",
		      history->path, number, series->gpu, series->boot_id, expected);
		history->incomplete = true;
	}
	series->last = number;
}

static void take_line(struct history *history, const char *line, unsigned long number)
{
	struct json_object *record = json_tokener_parse(line);

	if (!json_object_is_type(record, json_type_object) || !*text(record, "kind")) {
		warnx("%s, line %lu is no record", history->path, number);
		history->incomplete = true;
	} else if (is_wanted(history, record)) {
		fputs(line, stdout);
		look_for_gap(history, record);
	}
	json_object_put(record);
}

static void history_free(struct history *history)
{
	while (history->count--) {
		free(history->series[history->count].boot_id);
		free(history->series[history->count].gpu);
	}
	free(history->series);
}

static void read_lines(struct history *history, FILE *file)
{
	unsigned long number = 0;
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, file) >= 0)
		take_line(history, line, ++number);
	if (ferror(file)) {
		warn("%s cannot be read", history->path);
		history->incomplete = true;
	}
	free(line);
}

int evidence_show(const char *directory, char *const *wanted)
{
	char *path = text_of("%s/" EVIDENCE_FILE, directory);
	struct history history = { .wanted = wanted, .path = path };
	FILE *file = fopen(path, "re");

	if (file) {
		read_lines(&history, file);
		fclose(file);
	} else if (errno != ENOENT) {
		warn("%s cannot be read", path);
		history.incomplete = true;
	}
	if (fflush(stdout)) {
		warn("the records cannot be printed");
		history.incomplete = true;
	}
	history_free(&history);
	free(path);
	return history.incomplete ? -1 : 0;
}
