// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/state: records of the driver's, which come in the environment, become lines of
 * JSON; and what is missing of them is seen.
 */
#include "ktap.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "evidence.h"
#include "text.h"

#define GPU	"0009:01:00.0"
#define SERIAL	"48b02dff00000001"
#define BOOT	"7c0a1d1e-0000-4000-8000-000000000001"

static char directory[64];
static int whole_stdout;

static const char *const scrub[][2] = {
	{ "RECORD", "scrub" }, { "NUMBER", "1" }, { "TIME_NS", "1796075228000000007" },
	{ "TENANCY", "3" }, { "MEMORY_BYTES", "102005473280" }, { "VERSION", "0.1" },
	{ "ERROR", "0" }, { "BYTES", "102005473280" }, { "PAGES_LEFT_OUT", "2" },
	{ "DURATION_NS", "1234567890" },
};
#define WORDS	(sizeof(scrub) / sizeof(*scrub))

static void set(const char *name, const char *value)
{
	char *variable = text_of("NVGRACE_GPU_%s", name);

	if (value)
		setenv(variable, value, 1);
	else
		unsetenv(variable);
	free(variable);
}

static void set_scrub(void)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		set(scrub[i][0], scrub[i][1]);
}

static void begin(void)
{
	set_scrub();
	snprintf(directory, sizeof(directory), "/tmp/evidence_test.XXXXXX");
	expect(mkdtemp(directory), "%s", strerror(errno));
}

static void end(void)
{
	char *command = text_of("rm -r %s", directory);

	expect(!system(command), "%s", command);
	free(command);
}

static char *file_path(void)
{
	return text_of("%s/" EVIDENCE_FILE, directory);
}

/* Of the file, 1 MiB at most; the caller frees it. */
static char *content(void)
{
	char *path = file_path(), *text = calloc(1, 1 << 20);
	FILE *file = fopen(path, "r");

	if (file) {
		expect(fread(text, 1, (1 << 20) - 1, file) > 0 || !ferror(file), "%s", path);
		fclose(file);
	}
	free(path);
	return text;
}

static void put(const char *text, const char *mode)
{
	char *path = file_path();
	FILE *file = fopen(path, mode);

	expect(file && fputs(text, file) >= 0, "%s", path);
	fclose(file);
	free(path);
}

static int append(void)
{
	return evidence_append(directory, BOOT, GPU, SERIAL);
}

static void append_number(const char *number)
{
	set("NUMBER", number);
	expect(!append(), "number %s", number);
}

/* How many lines it prints; @complete: it finds all there. */
static unsigned int shown(char *const *wanted, bool *complete)
{
	char *path = text_of("%s/shown", directory), line[1000];
	unsigned int count = 0;
	FILE *file;

	fflush(stdout);
	expect(freopen(path, "w", stdout), "%s", path);
	*complete = !evidence_show(directory, wanted);
	fflush(stdout);
	dup2(whole_stdout, STDOUT_FILENO);
	file = fopen(path, "r");
	while (fgets(line, sizeof(line), file))
		count++;
	fclose(file);
	free(path);
	return count;
}

static void expect_shown(char *const *wanted, unsigned int lines, bool complete)
{
	bool is_complete;
	unsigned int count = shown(wanted, &is_complete);

	expect(count == lines, "%u lines of %u", count, lines);
	expect(is_complete == complete, "is %scomplete", is_complete ? "" : "not ");
}

static char *const all[] = { NULL };

static void scrub_is_a_line(void)
{
	char *text;

	begin();
	expect(!append(), "is appended");
	text = content();
	expect(!strcmp(text, "{\"version\":1,\"time\":\"2026-11-30T21:47:08.000000007Z\","
		       "\"kind\":\"scrub\",\"gpu\":\"" GPU "\",\"serial\":\"" SERIAL "\","
		       "\"boot_id\":\"" BOOT "\",\"number\":1,\"tenancy\":3,"
		       "\"memory_bytes\":102005473280,\"driver_version\":\"0.1\",\"error\":0,"
		       "\"bytes\":102005473280,\"pages_left_out\":2,"
		       "\"duration_ns\":1234567890}\n"), "%s", text);
	free(text);
	end();
}

static void tenancy_is_a_line(void)
{
	char *text;

	begin();
	set("RECORD", "tenancy");
	set("SCRUB_POLICY", "on-\"close");
	set("WAS_CLEAN", "1");
	expect(!evidence_append(directory, BOOT, GPU, ""), "is appended");
	text = content();
	expect(strstr(text, "\"scrub_policy\":\"on-\\\"close\",\"was_clean\":true,"), "%s", text);
	expect(strstr(text, "\"serial\":null,"), "%s", text);
	expect(!strstr(text, "\"bytes\""), "%s", text);
	free(text);
	end();
}

/* What this version does not know, or has not been told whole, is no evidence. */
static void record_that_is_not_whole_is_refused(void)
{
	static const char *const wrong[] = { NULL, "", "-1", "x", "1x", "99999999999999999999" };
	size_t i, j;
	char *text;

	begin();
	for (i = 0; i < WORDS; i++) {
		bool is_text = !strcmp(scrub[i][0], "VERSION");

		for (j = 0; j < (is_text ? 1 : sizeof(wrong) / sizeof(*wrong)); j++) {
			set(scrub[i][0], wrong[j]);
			expect(append() == -1, "%s '%s'", scrub[i][0], wrong[j] ?: "not there");
		}
		set_scrub();
	}
	text = content();
	expect(!*text, "%s", text);
	free(text);
	end();
}

/* As a power cut leaves it. */
static void line_that_was_cut_off_is_ended(void)
{
	static const char cut[] = "{\"version\":1,\"time\":\"20";
	char *text;

	begin();
	put(cut, "w");
	expect(!append(), "is appended");
	text = content();
	expect(!strncmp(text, cut, strlen(cut)) && !strncmp(text + strlen(cut), "\n{", 2), "%s", text);
	expect_shown(all, 1, false);
	free(text);
	end();
}

static void disk_that_is_full_changes_nothing(void)
{
	struct rlimit before, full;
	char *was, *is;
	rlim_t room;

	begin();
	expect(!append(), "is appended");
	was = content();
	getrlimit(RLIMIT_FSIZE, &before);
	full = before;
	signal(SIGXFSZ, SIG_IGN);
	for (room = 0; room < strlen(was); room += 17) {
		full.rlim_cur = strlen(was) + room;
		setrlimit(RLIMIT_FSIZE, &full);
		expect(append() == -1, "room for %u", (unsigned int)room);
		setrlimit(RLIMIT_FSIZE, &before);
		is = content();
		expect(!strcmp(is, was), "with room for %u: %s", (unsigned int)room, is);
		free(is);
	}
	free(was);
	expect_shown(all, 1, true);
	end();
}

static void directory_is_made_and_nobody_elses(void)
{
	struct stat st;
	char *path;

	begin();
	expect(!rmdir(directory), "%s", directory);
	expect(!append(), "is appended");
	expect(!stat(directory, &st) && (st.st_mode & 0777) == 0700, "%o", st.st_mode);
	path = file_path();
	expect(!stat(path, &st) && (st.st_mode & 0777) == 0600, "%o", st.st_mode);
	free(path);
	end();
}

static void gap_is_seen(void)
{
	begin();
	expect_shown(all, 0, true);
	append_number("1");
	append_number("2");
	expect_shown(all, 2, true);
	append_number("4");
	expect_shown(all, 3, false);
	end();
}

static void module_that_was_loaded_anew_begins_again(void)
{
	begin();
	append_number("1");
	append_number("2");
	append_number("1");
	expect_shown(all, 3, true);
	append_number("1");
	append_number("3");
	expect_shown(all, 5, false);
	end();
}

static void first_one_may_not_be_missing(void)
{
	begin();
	append_number("2");
	expect_shown(all, 1, false);
	end();
}

static void first_one_of_a_boot_may_not_be_missing(void)
{
	begin();
	append_number("1");
	set("NUMBER", "2");
	expect(!evidence_append(directory, "another", GPU, SERIAL), "is appended");
	expect_shown(all, 2, false);
	end();
}

/* A clock that is set back, or was never set: the order is that of the file and the numbers. */
static void clock_may_be_in_the_past(void)
{
	static const char *const times[] = { "1796075228000000007", "1000000000", "0" };
	char number[2] = "1", *text;
	unsigned int i;

	begin();
	for (i = 0; i < 3; i++, number[0]++) {
		set("TIME_NS", times[i]);
		append_number(number);
	}
	expect_shown(all, 3, true);
	text = content();
	expect(strstr(text, "\"1970-01-01T00:00:01.000000000Z\""), "it has '%s'", text);
	free(text);
	end();
}

/* Each GPU, and each boot, has numbers of its own. */
static void others_are_not_mixed_up(void)
{
	char *const by_address[] = { (char *)GPU, NULL }, *const by_serial[] = { (char *)SERIAL, NULL };
	char *const nobody[] = { (char *)"0009:01:00.9", NULL };

	begin();
	append_number("1");
	expect(!evidence_append(directory, BOOT, "0019:01:00.0", ""), "is appended");
	append_number("2");
	expect(!evidence_append(directory, BOOT, "0019:01:00.0", ""), "is appended");
	set("NUMBER", "1");
	expect(!evidence_append(directory, "another", GPU, SERIAL), "is appended");
	expect_shown(all, 5, true);
	expect_shown(by_address, 3, true);
	expect_shown(by_serial, 3, true);
	expect_shown(nobody, 0, true);
	end();
}

static void noise_is_no_record(void)
{
	static const char *const lines[] = {
		"\n", "null\n", "[]\n", "{}\n", "{\"kind\":1}\n", "{\"kind\":\"\"}\n", "\xff\n", "{\n",
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		begin();
		append_number("1");
		put(lines[i], "a");
		append_number("2");
		expect_shown(all, 2, false);
		end();
	}
}

static const struct test tests[] = {
	{ "scrub_is_a_line", scrub_is_a_line },
	{ "tenancy_is_a_line", tenancy_is_a_line },
	{ "record_that_is_not_whole_is_refused", record_that_is_not_whole_is_refused },
	{ "line_that_was_cut_off_is_ended", line_that_was_cut_off_is_ended },
	{ "disk_that_is_full_changes_nothing", disk_that_is_full_changes_nothing },
	{ "directory_is_made_and_nobody_elses", directory_is_made_and_nobody_elses },
	{ "gap_is_seen", gap_is_seen },
	{ "module_that_was_loaded_anew_begins_again", module_that_was_loaded_anew_begins_again },
	{ "clock_may_be_in_the_past", clock_may_be_in_the_past },
	{ "first_one_may_not_be_missing", first_one_may_not_be_missing },
	{ "first_one_of_a_boot_may_not_be_missing", first_one_of_a_boot_may_not_be_missing },
	{ "others_are_not_mixed_up", others_are_not_mixed_up },
	{ "noise_is_no_record", noise_is_no_record },
};

int main(int argc, char **argv)
{
	(void)argc;
	setenv("TZ", "Asia/Kolkata", 1);
	whole_stdout = dup(STDOUT_FILENO);
	/* What it says of each. */
	if (whole_stdout < 0 || !freopen("/dev/null", "w", stderr))
		return 1;
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argv + 1);
}
