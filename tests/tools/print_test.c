// SPDX-License-Identifier: GPL-2.0-only
/* Tests of tools/print.c: JSON that a parser takes, text that fits a terminal. */
#include "ktap.h"

#include <unistd.h>

#include "report.h"
#include "text.h"

#define LONG "a sentence that is so long that it cannot stand on one line of a terminal, nor on two of them, and has a " \
	"word_that_alone_is_longer_than_a_terminal_is_wide_which_happens_with_the_paths_of_files_in_deep_directories in it"

static void make_report(struct report *report)
{
	struct subject *subject = report_add(report, "host", "Host");

	fact_add(subject, LEVEL_OK, "plain", "yes", NULL, NULL);
	fact_add(subject, LEVEL_INFO, "nothing", NULL, NULL, NULL);
	fact_add(subject, LEVEL_UNKNOWN, "closed", NULL, NULL, NULL);
	fact_add(subject, LEVEL_LATER, "later", NULL, NULL, NULL);
	fact_add(subject, LEVEL_FAIL, "odd", "\"\\\n\t\x01\x7f\xff", "a \"text\"", "C:\\next");
	subject = report_add(report, "0000:01:00.0", "GPU 0000:01:00.0");
	fact_add(subject, LEVEL_WARN, "long", "value", LONG, LONG);
	command_add(subject, "one", text_of("a 'line'\nand \"another\""));
	command_add(subject, "two", text_of("%s", ""));
}

/* What @print writes, as a file; the caller unlinks it. */
static char *printed(bool json)
{
	struct report report = { 0 };
	char *path = text_of("/tmp/print_test.%d", getpid());
	FILE *out = fopen(path, "w");

	make_report(&report);
	if (json)
		report_print_json(&report, out);
	else
		report_print_text(&report, out, false);
	fclose(out);
	report_free(&report);
	return path;
}

static void json_is_json(void)
{
	static const char check[] =
		"import json,sys\n"
		"r = json.load(open(sys.argv[1]))\n"
		"assert (r['version'], r['failures'], r['warnings'], r['unknowns']) == (1, 1, 1, 1)\n"
		"host, gpu = r['subjects']\n"
		"assert host['facts']['odd'] == {'level': 'fail', 'value': '\"\\\\\\n\\t\\x01\\x7f\\xff',\n"
		"    'text': 'a \"text\"', 'next': 'C:\\\\next'}, host\n"
		"assert host['facts']['later'] == {'level': 'unknown', 'value': ''}\n"
		"assert host['facts']['nothing'] == {'level': 'info', 'value': ''}\n"
		"assert host['commands'] == {}\n"
		"assert gpu['commands'] == {'one': 'a \\'line\\'\\nand \"another\"', 'two': ''}, gpu\n";
	char *path = printed(true), *script = text_of("%s.py", path), *command;
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

static void text_fits_the_terminal(void)
{
	char *path = printed(false), line[1024];
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
	{ "text_fits_the_terminal", text_fits_the_terminal },
};

int main(int argc, char **argv)
{
	(void)argc;
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argv + 1);
}
