// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of what is printed of a report: JSON that a parser takes, metrics that promtool
 * takes, text that fits a terminal.
 */
#include "ktap.h"

#include <unistd.h>

#include "metrics.h"
#include "report.h"
#include "text.h"

#define LONG "a sentence that is so long that it cannot stand on one line of a terminal, nor on two of them, and has a " \
	"word_that_alone_is_longer_than_a_terminal_is_wide_which_happens_with_the_paths_of_files_in_deep_directories in it"

static void make_report(struct report *report)
{
	struct subject *subject = report_add(report, "host", "Host");

	fact_add(subject, LEVEL_OK, "plain", "yes", NULL, NULL);
	fact_number(subject, "bytes", ~0ULL);
	fact_truth(subject, "more", false);
	fact_word(subject, "who", NULL);
	fact_add(subject, LEVEL_INFO, "nothing", NULL, NULL, NULL);
	fact_add(subject, LEVEL_UNKNOWN, "closed", NULL, NULL, NULL);
	fact_add(subject, LEVEL_LATER, "later", NULL, NULL, NULL);
	fact_add(subject, LEVEL_OK, "version", "1\"\\", NULL, NULL);
	fact_add(subject, LEVEL_FAIL, "odd", "\"\\\n\t\x01\x7f\xff", "a \"text\"", "C:\\next");
	subject = report_add(report, "0000:01:00.0", "GPU 0000:01:00.0");
	fact_add(subject, LEVEL_WARN, "long", "value", LONG, LONG);
	fact_add(subject, LEVEL_WARN, "bad_pages", "3", NULL, NULL);
	fact_number(subject, "count", 3);
	fact_add(subject, LEVEL_INFO, "counters", "none", NULL, NULL);
	command_add(subject, "one", text_of("a 'line'\nand \"another\""));
	command_add(subject, "two", text_of("%s", ""));
}

/* What @print writes, as a file; the caller unlinks it. */
static char *printed(void (*print)(const struct report *report, FILE *out))
{
	struct report report = { 0 };
	char *path = text_of("/tmp/print_test.%d", getpid());
	FILE *out = fopen(path, "w");

	make_report(&report);
	print(&report, out);
	fclose(out);
	report_free(&report);
	return path;
}

static void json_is_json(void)
{
	static const char check[] =
		"import json,sys\n"
		"r = json.load(open(sys.argv[1]))\n"
		"assert (r['version'], r['failures'], r['warnings'], r['unknowns']) == (2, 1, 2, 1)\n"
		"host, gpu = r['subjects']\n"
		"assert host['facts']['odd'] == {'level': 'fail', 'value': '\"\\\\\\n\\t\\x01\\x7f\\xff',\n"
		"    'text': 'a \"text\"', 'next': 'C:\\\\next'}, host\n"
		"assert host['facts']['later'] == {'level': 'later', 'value': ''}\n"
		"assert host['facts']['nothing'] == {'level': 'info', 'value': ''}\n"
		"assert host['facts']['plain'] == {'level': 'ok', 'value': 'yes', 'data':\n"
		"    {'bytes': 18446744073709551615, 'more': False, 'who': None}}, host\n"
		"assert r['devices'] == ['0000:01:00.0'] and r['driver_version'] == '1\"\\\\'\n"
		"assert host['commands'] == {}\n"
		"assert gpu['commands'] == {'one': 'a \\'line\\'\\nand \"another\"', 'two': ''}, gpu\n";
	char *path = printed(report_print_json), *script = text_of("%s.py", path), *command;
	FILE *file = fopen(script, "w");
	int status;

	fputs(check, file);
	fclose(file);
	command = text_of("python3 %s %s >&2", script, path);
	status = system(command);
	expect(status == 0, "status %d", status);
	unlink(path);
	unlink(script);
	free(path);
	free(script);
	free(command);
}

static bool has_line(const char *path, const char *wanted)
{
	FILE *file = fopen(path, "r");
	char line[1024];
	bool found = false;

	while (!found && fgets(line, sizeof(line), file))
		found = !strcmp(line, wanted);
	fclose(file);
	return found;
}

static void metrics_are_metrics(void)
{
	char *path = printed(report_print_metrics);
	char *command = text_of("promtool check metrics <%s >&2", path);
	int status = system(command);

	expect(status == 0, "status %d", status);
	expect(has_line(path, "nvgrace_gpu_fact{subject=\"host\",fact=\"odd\",level=\"fail\"} 1\n"), "%s", path);
	expect(has_line(path, "nvgrace_gpu_bad_pages{gpu=\"0000:01:00.0\"} 3\n"), "%s", path);
	expect(has_line(path, "nvgrace_gpu_build_info{driver=\"1\\\"\\\\\",tool=\"unknown\"} 1\n"), "%s", path);
	expect(!has_line(path, "nvgrace_gpu_opens_total{gpu=\"0000:01:00.0\"} 0\n"), "%s", path);
	unlink(path);
	free(path);
	free(command);
}

static void print_text(const struct report *report, FILE *out)
{
	report_print_text(report, out, false);
}

static void text_fits_the_terminal(void)
{
	char *path = printed(print_text), line[1024];
	FILE *file = fopen(path, "r");
	unsigned int lines = 0;

	while (fgets(line, sizeof(line), file)) {
		lines++;
		expect(strlen(line) <= 79 || strstr(line, "word_that_alone"), "%zu: %s",
		       strlen(line), line);
	}
	expect(lines > 12, "%u lines", lines);
	fclose(file);
	unlink(path);
	free(path);
}

static const struct test tests[] = {
	{ "json_is_json", json_is_json },
	{ "metrics_are_metrics", metrics_are_metrics },
	{ "text_fits_the_terminal", text_fits_the_terminal },
};

int main(int argc, char **argv)
{
	(void)argc;
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argv + 1);
}
