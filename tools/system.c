// SPDX-License-Identifier: GPL-2.0-only
/* The running system's files. */

#include "system.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "text.h"

#define PIECE			65536
#define SYSLOG_READ_ALL		3
#define SYSLOG_SIZE_BUFFER	10
/* With this line the log begins; when it is gone, the log has wrapped. */
#define FIRST_LINE		"Booting Linux on physical CPU"

static char *read_all(int fd, size_t *size)
{
	size_t used = 0;
	char *text = NULL;
	ssize_t n;

	do {
		text = xrealloc(text, used + PIECE + 1);
		n = read(fd, text + used, PIECE);
		used += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	if (n < 0) {
		free(text);
		return NULL;
	}
	text[used] = '\0';
	if (size)
		*size = used;
	return text;
}

char *file_read(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0)
		return NULL;
	text = read_all(fd, size);
	close(fd);
	return text;
}

char *file_line(const char *path)
{
	char *text = file_read(path, NULL);

	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

bool file_exists(const char *path)
{
	return !access(path, F_OK);
}

char *link_target(const char *path)
{
	char target[512], *slash;
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return NULL;
	target[n] = '\0';
	slash = strrchr(target, '/');
	return text_of("%s", slash ? slash + 1 : target);
}

char *command_line(const char *command)
{
	FILE *pipe = popen(command, "re");
	char line[512] = "";

	if (!pipe)
		return NULL;
	if (!fgets(line, sizeof(line), pipe))
		line[0] = '\0';
	pclose(pipe);
	line[strcspn(line, "\n")] = '\0';
	return *line ? text_of("%s", line) : NULL;
}

char *command_output(const char *command, size_t *size)
{
	FILE *pipe = popen(command, "re");
	char *text;

	if (!pipe)
		return NULL;
	text = read_all(fileno(pipe), size);
	if (!pclose(pipe))
		return text;
	free(text);
	return NULL;
}

char *file_unpacked(const char *path, size_t *size)
{
	static const struct {
		const char *suffix;
		const char *command;
	} packers[] = { { ".xz", "xz" }, { ".zst", "zstd" }, { ".gz", "gzip" } };
	const char *suffix = strrchr(path, '.') ?: "";
	char *command, *content;
	unsigned int i;

	for (i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
		if (strcmp(suffix, packers[i].suffix))
			continue;
		command = text_of("%s -dc '%s' 2>/dev/null", packers[i].command, path);
		content = command_output(command, size);
		free(command);
		return content;
	}
	return file_read(path, size);
}

/* NULL: it cannot be read. */
static char *kernel_log(void)
{
	int size = klogctl(SYSLOG_SIZE_BUFFER, NULL, 0);
	char *log;

	if (size < 0)
		return NULL;
	log = xrealloc(NULL, size + 1);
	size = klogctl(SYSLOG_READ_ALL, log, size);
	if (size < 0) {
		free(log);
		return NULL;
	}
	log[size] = '\0';
	return log;
}

enum log_answer kernel_log_has(const char *text)
{
	char *log = kernel_log();
	enum log_answer answer;

	if (!log)
		return LOG_CLOSED;
	if (strstr(log, text))
		answer = LOG_YES;
	else
		answer = strstr(log, FIRST_LINE) ? LOG_NO : LOG_WRAPPED;
	free(log);
	return answer;
}

/* Its type information has names of functions, one behind the other, and is quickly read. */
static bool function_in_btf(const char *name)
{
	size_t size;
	char *btf = file_read("/sys/kernel/btf/vmlinux", &size);
	char *entry = text_of("%c%s", '\0', name);
	bool found = btf && memmem(btf, size, entry, strlen(name) + 2);

	free(entry);
	free(btf);
	return found;
}

/* Its symbols are all there, but written anew for each reader. */
static enum answer function_in_symbols(const char *name)
{
	char *symbols = file_read("/proc/kallsyms", NULL);
	char *line = text_of(" %s\n", name);
	enum answer answer = UNKNOWN;

	if (symbols)
		answer = strstr(symbols, line) ? YES : NO;
	free(line);
	free(symbols);
	return answer;
}

enum answer kernel_function(const char *name)
{
	return function_in_btf(name) ? YES : function_in_symbols(name);
}

bool kernel_argument(const char *word)
{
	char *line = file_line("/proc/cmdline"), *save, *at;
	bool found = false;

	for (at = line ? strtok_r(line, " ", &save) : NULL; at && !found;
	     at = strtok_r(NULL, " ", &save))
		found = !strcmp(at, word);
	free(line);
	return found;
}
