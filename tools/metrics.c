// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report in Prometheus' text format, for node_exporter's textfile collector. Names are an
 * interface: they are added to, never changed.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "metrics.h"
#include "text.h"

/* A number in the data of a fact of each GPU. */
static const struct metric {
	const char *name, *type, *help, *fact, *number;
} metrics[] = {
	{ "nvgrace_gpu_memory_bytes", "gauge", "Cacheable GPU memory.", "usemem", "bytes" },
	{ "nvgrace_gpu_bad_pages", "gauge", "Pages of GPU memory that are given to nobody.",
	  "bad_pages", "count" },
	{ "nvgrace_gpu_opens_total", "counter", "Opens by a first user.", "counters", "opens" },
	{ "nvgrace_gpu_opens_failed_total", "counter", "Opens that failed or were refused.",
	  "counters", "opens_failed" },
	{ "nvgrace_gpu_resets_total", "counter", "Resets that the driver was told of.", "counters",
	  "resets" },
	{ "nvgrace_gpu_scrubs_total", "counter", "The memory was zeroed from end to end.",
	  "counters", "scrubs" },
	{ "nvgrace_gpu_scrubs_failed_total", "counter", "It was to be zeroed, and was not or in part.",
	  "counters", "scrubs_failed" },
	{ "nvgrace_gpu_pages_went_bad_total", "counter", "Pages that went bad.", "counters",
	  "pages_went_bad" },
	{ "nvgrace_gpu_waits_total", "counter", "Accesses that waited until the memory was ready.",
	  "counters", "waits" },
};

static void print_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Values of labels come from the system: a name of a driver, a version. */
static void print_label(FILE *out, const char *before, const char *name, const char *value)
{
	fprintf(out, "%s%s=\"", before, name);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '"' || *value == '\\')
			fprintf(out, "\\%c", *value);
		else
			fputc(*value, out);
	}
	fputc('"', out);
}

static void print_metric(const struct report *report, const struct metric *metric, FILE *out)
{
	unsigned int i;

	print_head(out, metric->name, metric->type, metric->help);
	for (i = 1; i < report->count; i++) {
		const struct fact *fact = fact_find(&report->subjects[i], metric->fact);
		struct json_object *number;

		if (!fact || !json_object_object_get_ex(fact->data, metric->number, &number))
			continue;
		print_label(out, metric->name, "{gpu", report->subjects[i].name);
		fprintf(out, "} %s\n", json_object_to_json_string(number));
	}
}

/* One series for each fact and level, so that an alert names what it is about. */
static void print_facts(const struct report *report, FILE *out)
{
	unsigned int i, j;

	print_head(out, "nvgrace_gpu_fact", "gauge",
		   "1: a fact of nvgrace-gpu-check, and its level.");
	for (i = 0; i < report->count; i++) {
		const struct subject *subject = &report->subjects[i];

		for (j = 0; j < subject->count; j++) {
			print_label(out, "nvgrace_gpu_fact", "{subject", subject->name);
			print_label(out, ",", "fact", subject->facts[j].key);
			print_label(out, ",", "level", level_name(subject->facts[j].level));
			fputs("} 1\n", out);
		}
	}
}

static void print_build(const struct report *report, FILE *out)
{
	const struct fact *driver = fact_find(&report->subjects[0], "version");

	print_head(out, "nvgrace_gpu_build_info", "gauge", "1: versions of driver and tool.");
	print_label(out, "nvgrace_gpu_build_info", "{driver", driver ? driver->value : "");
	print_label(out, ",", "tool", VERSION);
	fputs("} 1\n", out);
}

void report_print_metrics(const struct report *report, FILE *out)
{
	unsigned int i;

	print_build(report, out);
	print_facts(report, out);
	for (i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
		print_metric(report, &metrics[i], out);
}

int report_write_metrics(const struct report *report, const char *path)
{
	char *temporary = text_of("%s.%d", path, getpid());
	FILE *out = fopen(temporary, "we");
	int ret = -1;

	if (out) {
		report_print_metrics(report, out);
		ret = ferror(out) ? -1 : 0;
		ret |= fclose(out);
	}
	if (!ret)
		ret = rename(temporary, path);
	if (ret && out)
		unlink(temporary);
	free(temporary);
	return ret;
}
