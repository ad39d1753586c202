/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running system's files. What is returned as char * belongs to the caller; NULL
 * means there is none, or it cannot be read.
 */
#ifndef NVGRACE_SYSTEM_H
#define NVGRACE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A whole file; *size may be NULL, a NUL follows the content. */
char *file_read(const char *path, size_t *size);
/* The same, of a file that may be packed; by its name. */
char *file_unpacked(const char *path, size_t *size);
/* Without the newline. */
char *file_line(const char *path);
bool file_exists(const char *path);
/* The last part of what a symbolic link points to. */
char *link_target(const char *path);
/* The first line that a command prints; all that it prints, if it succeeds. */
char *command_line(const char *command);
char *command_output(const char *command, size_t *size);

enum answer { NO, YES, UNKNOWN };

enum log_answer {
	LOG_NO,
	LOG_YES,
	LOG_WRAPPED,		/* not in what is left of it */
	LOG_CLOSED,		/* not for us to read */
};

/* Does the kernel's log since boot hold this? */
enum log_answer kernel_log_has(const char *text);
/* Is there this function in the kernel itself, be it static? */
enum answer kernel_function(const char *name);
/* Is this word on the kernel's command line? */
bool kernel_argument(const char *word);

#endif
