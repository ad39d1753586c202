// SPDX-License-Identifier: GPL-2.0-only
/*
 * Appending to the evidence. A line is written whole or not at all; what a power cut left of
 * one is ended, and stays. See evidence.h.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "evidence.h"
#include "text.h"

#define VARIABLE	"NVGRACE_GPU_"

/* What a program that udev runs says to stderr goes to nobody. */
static void __attribute__((format(printf, 1, 2))) complain(const char *format, ...)
{
	int error = errno;
	va_list args;

	va_start(args, format);
	vsyslog(LOG_ERR | LOG_DAEMON, format, args);
	va_end(args);
	/* For %m; without a system log it is another one now. */
	errno = error;
	va_start(args, format);
	vwarnx(format, args);
	va_end(args);
}

static const char *variable(const char *name)
{
	char *full = text_of(VARIABLE "%s", name);
	const char *value = getenv(full);

	free(full);
	return value;
}

/* NULL for what is no number. */
static struct json_object *number_of(const char *text)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-')
		return NULL;
	return json_object_new_uint64(value);
}

/* RFC 3339, UTC. */
static struct json_object *time_of(const char *text)
{
	struct json_object *number = text ? number_of(text) : NULL, *value;
	char day[32], *whole;
	uint64_t ns;
	time_t seconds;

	if (!number)
		return NULL;
	ns = json_object_get_uint64(number);
	json_object_put(number);
	seconds = ns / 1000000000;
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", gmtime(&seconds));
	whole = text_of("%s.%09" PRIu64 "Z", day, ns % 1000000000);
	value = json_object_new_string(whole);
	free(whole);
	return value;
}

static struct json_object *truth_of(const char *text)
{
	return strcmp(text, "0") && strcmp(text, "1") ? NULL : json_object_new_boolean(*text == '1');
}

/* What a record has, of any kind or of one. */
static const struct field {
	const char *kind, *variable, *key;
	struct json_object *(*value)(const char *text);
} fields[] = {
	{ NULL, "NUMBER", "number", number_of },
	{ NULL, "TENANCY", "tenancy", number_of },
	{ NULL, "MEMORY_BYTES", "memory_bytes", number_of },
	{ NULL, "VERSION", "driver_version", json_object_new_string },
	{ "tenancy", "SCRUB_POLICY", "scrub_policy", json_object_new_string },
	{ "tenancy", "WAS_CLEAN", "was_clean", truth_of },
	{ "tenancy", "DURATION_NS", "duration_ns", number_of },
	{ "scrub", "ERROR", "error", number_of },
	{ "scrub", "BYTES", "bytes", number_of },
	{ "scrub", "PAGES_LEFT_OUT", "pages_left_out", number_of },
	{ "scrub", "DURATION_NS", "duration_ns", number_of },
};

static bool add_field(struct json_object *record, const struct field *field)
{
	const char *text = variable(field->variable);
	struct json_object *value = text ? field->value(text) : NULL;

	if (value)
		json_object_object_add(record, field->key, value);
	return value != NULL;
}

static void add_text(struct json_object *record, const char *key, const char *text)
{
	json_object_object_add(record, key, text && *text ? json_object_new_string(text) : NULL);
}

/* NULL, if the environment has no record of the driver's. */
static struct json_object *record_of(const char *boot_id, const char *address, const char *serial)
{
	struct json_object *record = json_object_new_object(), *when = time_of(variable("TIME_NS"));
	const char *kind = variable("RECORD");
	bool known = false, whole = when && kind;
	size_t i;

	json_object_object_add(record, "version", json_object_new_int(1));
	json_object_object_add(record, "time", when);
	add_text(record, "kind", kind);
	add_text(record, "gpu", address);
	add_text(record, "serial", serial);
	add_text(record, "boot_id", boot_id);
	for (i = 0; whole && i < sizeof(fields) / sizeof(*fields); i++) {
		bool of_this_kind = fields[i].kind && !strcmp(fields[i].kind, kind);

		known |= of_this_kind;
		if (of_this_kind || !fields[i].kind)
			whole = add_field(record, &fields[i]);
	}
	if (whole && known)
		return record;
	json_object_put(record);
	return NULL;
}

static bool ends_in_a_line(int fd, off_t size)
{
	char last = '\n';

	return !size || (pread(fd, &last, 1, size - 1) == 1 && last == '\n');
}

/* 0, or -1 with errno and the file as it was. */
static int append(int fd, const char *line)
{
	struct stat stat;
	char *text;
	ssize_t written;
	int error;

	if (flock(fd, LOCK_EX) || fstat(fd, &stat))
		return -1;
	text = text_of("%s%s\n", ends_in_a_line(fd, stat.st_size) ? "" : "\n", line);
	errno = ENOSPC;
	written = write(fd, text, strlen(text));
	if (written == (ssize_t)strlen(text) && !fsync(fd)) {
		free(text);
		return 0;
	}
	error = errno;
	if (ftruncate(fd, stat.st_size))
		complain("what could be written of it stays: %m");
	free(text);
	errno = error;
	return -1;
}

/* The file's name is as durable as what is in it. */
static int sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	return ret;
}

static int append_to(const char *directory, const char *line)
{
	char *path = text_of("%s/" EVIDENCE_FILE, directory);
	int fd = -1, ret = -1;

	if (!mkdir(directory, 0700) || errno == EEXIST)
		fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		ret = append(fd, line);
	if (!ret)
		ret = sync_directory(directory);
	if (ret)
		complain("%s (%m) lacks this record: %s", path, line);
	if (fd >= 0)
		close(fd);
	free(path);
	return ret;
}

int evidence_append(const char *directory, const char *boot_id, const char *address,
		    const char *serial)
{
	struct json_object *record = record_of(boot_id, address, serial);
	int ret;

	if (!record) {
		complain("%s: the environment has no record of the driver's that this version knows",
			 address);
		return -1;
	}
	ret = append_to(directory, json_object_to_json_string_ext(record, JSON_C_TO_STRING_PLAIN |
								  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(record);
	return ret;
}
