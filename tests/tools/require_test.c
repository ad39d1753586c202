// SPDX-License-Identifier: GPL-2.0-only
/* Tests of tools/require.c: what is fulfilled, and what only looks like it. */
#include "ktap.h"

#include "require.h"

static void make_report(struct report *report, unsigned int gpus)
{
	struct subject *subject = report_add(report, "host", "Host");

	fact_add(subject, LEVEL_OK, "good", "yes", NULL, NULL);
	fact_add(subject, LEVEL_INFO, "told", "4", NULL, NULL);
	fact_add(subject, LEVEL_LATER, "later", "not loaded", NULL, NULL);
	fact_add(subject, LEVEL_UNKNOWN, "closed", "unknown", "cannot be read", NULL);
	fact_add(subject, LEVEL_WARN, "odd", "half", "why", NULL);
	fact_add(subject, LEVEL_FAIL, "bad", "no", "why", "next");
	if (gpus > 0) {
		subject = report_add(report, "0000:01:00.0", "GPU");
		fact_add(subject, LEVEL_OK, "each", "yes", NULL, NULL);
		fact_add(subject, LEVEL_OK, "some", "yes", NULL, NULL);
		fact_add(subject, LEVEL_OK, "differs", "yes", NULL, NULL);
	}
	if (gpus > 1) {
		subject = report_add(report, "0000:02:00.0", "GPU");
		fact_add(subject, LEVEL_OK, "each", "yes", NULL, NULL);
		fact_add(subject, LEVEL_FAIL, "differs", "no", NULL, NULL);
	}
}

/* @said: in what it says, if anything; "": nothing */
static void expect_level(unsigned int gpus, const char *keys, enum level wanted, const char *said)
{
	struct report report = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	enum level level;

	make_report(&report, gpus);
	level = require_facts(&report, keys, out);
	fclose(out);
	expect(level == wanted, "%s is %s", keys, level_name(level));
	expect(*said ? strstr(text, said) != NULL : !*text, "of %s it says '%s'", keys, text);
	free(text);
	report_free(&report);
}

static void ok_and_info_are_fulfilled(void)
{
	expect_level(2, "good", LEVEL_OK, "");
	expect_level(2, "good,told,each", LEVEL_INFO, "");
	expect_level(0, "", LEVEL_OK, "");
}

static void others_are_not(void)
{
	expect_level(0, "later", LEVEL_LATER, "host: later is required and is later: not loaded\n");
	expect_level(0, "closed", LEVEL_UNKNOWN, "closed is required and is unknown: unknown: cannot be read\n");
	expect_level(0, "odd", LEVEL_WARN, "odd is required and is warn: half: why\n");
	expect_level(0, "bad", LEVEL_FAIL, "bad is required and is fail: no: why\n");
}

static void worst_one_counts_wherever_it_is(void)
{
	expect_level(0, "bad,good", LEVEL_FAIL, "bad");
	expect_level(0, "good,bad", LEVEL_FAIL, "bad");
	expect_level(0, "odd,closed,later", LEVEL_WARN, "closed");
	expect_level(0, "bad,odd,missing", LEVEL_FAIL, "missing");
	expect_level(2, "differs", LEVEL_FAIL, "0000:02:00.0: differs is required and is fail: no\n");
}

/* Of a fact that is misspelt, or of a GPU whose driver is not there, nothing is known. */
static void what_is_not_there_is_not_fulfilled(void)
{
	expect_level(2, "missing", LEVEL_UNKNOWN, "missing is required, and not known of all GPUs");
	expect_level(2, "some", LEVEL_UNKNOWN, "some is required, and not known of all GPUs");
	expect_level(0, "each", LEVEL_UNKNOWN, "each is required, and not known of all GPUs");
	expect_level(1, "some", LEVEL_OK, "");
	expect_level(2, "goo", LEVEL_UNKNOWN, "goo is required");
	expect_level(2, "good, told", LEVEL_UNKNOWN, " told is required");
}

static const struct test tests[] = {
	{ "ok_and_info_are_fulfilled", ok_and_info_are_fulfilled },
	{ "others_are_not", others_are_not },
	{ "worst_one_counts_wherever_it_is", worst_one_counts_wherever_it_is },
	{ "what_is_not_there_is_not_fulfilled", what_is_not_there_is_not_fulfilled },
};

int main(int argc, char **argv)
{
	(void)argc;
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argv + 1);
}
