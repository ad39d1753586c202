// SPDX-License-Identifier: GPL-2.0-only
/* Tests of tools/state/policy.c: which line of the administrator's file is for which GPU. */
#include "ktap.h"

#include <errno.h>
#include <unistd.h>

#include "policy.h"

#define ADDRESS	"0009:01:00.0"
#define SERIAL	"48b02dff00000001"

/* The driver. */
static const char *told;
static bool refuses;

int gpu_set_policy(const struct gpu *gpu, const char *policy)
{
	(void)gpu;
	told = policy;
	errno = EINVAL;
	return refuses ? -1 : 0;
}

static char path[64];

static void write_file(const char *text)
{
	FILE *file;
	int fd;

	strcpy(path, "/tmp/policy_test.XXXXXX");
	fd = mkstemp(path);
	file = fdopen(fd, "w");
	expect(file && fputs(text, file) >= 0, "%s", path);
	fclose(file);
}

/* @policy NULL: none; @wrong: the file has a line that is none */
static void expect_policy(const char *text, const char *serial, const char *policy, bool wrong)
{
	const char *found;
	bool is_wrong;

	write_file(text);
	found = policy_by_file(path, ADDRESS, serial, &is_wrong);
	expect(is_wrong == wrong, "'%s' is %swrong", text, is_wrong ? "" : "not ");
	if (!wrong)
		expect(found == policy || (found && policy && !strcmp(found, policy)),
		       "'%s': %s", text, found ?: "none");
	unlink(path);
}

static void first_line_that_fits_counts(void)
{
	expect_policy("", SERIAL, NULL, false);
	expect_policy("# nothing\n\n", SERIAL, NULL, false);
	expect_policy("* on-close\n", SERIAL, "on-close", false);
	expect_policy("* on-close", SERIAL, "on-close", false);
	expect_policy(ADDRESS " off\n* on-close\n", SERIAL, "off", false);
	expect_policy("* on-close\n" ADDRESS " off\n", SERIAL, "on-close", false);
	expect_policy("0009:01:00.1 off\n* on-open\n", SERIAL, "on-open", false);
	expect_policy("0009:01:00.1 off\n", SERIAL, NULL, false);
	expect_policy("\t" ADDRESS "\t default  # by hand\r\n", SERIAL, "default", false);
	expect_policy("serial-" SERIAL " on-open\n* off\n", SERIAL, "on-open", false);
	expect_policy("serial-48b02dff00000002 on-open\n* off\n", SERIAL, "off", false);
}

/* Two GPUs may say that they have the same number: it is nobody's then. */
static void gpu_without_a_number_is_none_of_those_with_one(void)
{
	expect_policy("serial-" SERIAL " off\n* on-open\n", "", "on-open", false);
	expect_policy("serial- off\n", "", NULL, true);
}

static void line_that_is_none_is_wrong_wherever_it_is(void)
{
	static const char *const lines[] = {
		"*", "on-close", "* On-close", "* on-close off", "* off,on-close", "01:00.0 off",
		"0009:01:00.8 off", "0009:01:00 off", "0009:41:20.0 off", "gpu0 off",
		"serial-" SERIAL "1 off", "serial-48B02DFF00000001 off", "** off", "? off",
		ADDRESS ".1 off", "\xff\xfe off",
	};
	char text[200];
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		expect_policy(lines[i], SERIAL, NULL, true);
		snprintf(text, sizeof(text), "* on-open\n%s\n", lines[i]);
		expect_policy(text, SERIAL, NULL, true);
	}
}

static int apply(const char *file)
{
	struct gpu gpu = { .address = (char *)ADDRESS, .memory = { SERIAL, 0, 0 } };

	told = NULL;
	return policy_apply(&gpu, file);
}

static void gpu_is_scrubbed_by_a_file_that_is_not_understood(void)
{
	write_file("* off\noff\n");
	expect(apply(path) == -1, "is no failure");
	expect(told && !strcmp(told, "on-close"), "told %s", told ?: "nothing");
	unlink(path);
	expect(apply("/dev") == -1, "a directory is no failure");
	expect(told && !strcmp(told, "on-close"), "told %s", told ?: "nothing");
}

static void without_a_file_or_a_line_the_driver_is_told_nothing(void)
{
	expect(!apply("/nonexistent/file") && !told, "told %s", told ?: "nothing");
	write_file("0009:01:00.1 off\n");
	expect(!apply(path) && !told, "told %s", told ?: "nothing");
	unlink(path);
}

static void driver_that_refuses_is_a_failure(void)
{
	write_file("* on-open\n");
	refuses = true;
	expect(apply(path) == -1, "is none");
	refuses = false;
	expect(!apply(path), "is one without");
	unlink(path);
}

static const struct test tests[] = {
	{ "first_line_that_fits_counts", first_line_that_fits_counts },
	{ "gpu_without_a_number_is_none_of_those_with_one",
	  gpu_without_a_number_is_none_of_those_with_one },
	{ "line_that_is_none_is_wrong_wherever_it_is",
	  line_that_is_none_is_wrong_wherever_it_is },
	{ "gpu_is_scrubbed_by_a_file_that_is_not_understood",
	  gpu_is_scrubbed_by_a_file_that_is_not_understood },
	{ "without_a_file_or_a_line_the_driver_is_told_nothing",
	  without_a_file_or_a_line_the_driver_is_told_nothing },
	{ "driver_that_refuses_is_a_failure", driver_that_refuses_is_a_failure },
};

int main(int argc, char **argv)
{
	(void)argc;
	/* What it says of each line. */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argv + 1);
}
