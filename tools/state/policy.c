// SPDX-License-Identifier: GPL-2.0-only
/* See policy.h. */

#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "text.h"

#define SAFE	"on-close"

/* Documentation/ABI, scrub_policy */
static const char *const policies[] = { "off", "on-close", "on-open", "default" };

static const char *policy_of(const char *word)
{
	size_t i;

	for (i = 0; word && i < sizeof(policies) / sizeof(*policies); i++)
		if (!strcmp(word, policies[i]))
			return policies[i];
	return NULL;
}

static bool is_hexadecimal(const char *word, size_t len)
{
	return strlen(word) == len && strspn(word, "0123456789abcdef") == len;
}

static bool is_address(const char *word)
{
	return !fnmatch("[0-9a-f][0-9a-f][0-9a-f][0-9a-f]:[0-9a-f][0-9a-f]:[01][0-9a-f].[0-7]",
			word, 0);
}

static bool names_a_gpu(const char *which)
{
	return !strcmp(which, "*") || is_address(which) ||
	       (!strncmp(which, "serial-", 7) && is_hexadecimal(which + 7, 16));
}

static bool fits(const char *which, const char *address, const char *serial)
{
	return !strcmp(which, "*") || !strcmp(which, address) ||
	       (!strncmp(which, "serial-", 7) && !strcmp(which + 7, serial));
}

/* One of @policies; NULL for a line that says nothing, or something else (@wrong). */
static const char *policy_of_line(char *line, const char **which, bool *wrong)
{
	static const char blank[] = " \t\r\n";
	const char *when;
	char *rest;

	line[strcspn(line, "#")] = '\0';
	*which = strtok_r(line, blank, &rest);
	if (!*which)
		return NULL;
	when = policy_of(strtok_r(NULL, blank, &rest));
	*wrong = !when || !names_a_gpu(*which) || strtok_r(NULL, blank, &rest);
	return *wrong ? NULL : when;
}

static const char *policy_in(FILE *file, const char *path, const char *address,
			     const char *serial, bool *wrong)
{
	const char *policy = NULL, *found, *which;
	unsigned int number = 0;
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, file) >= 0) {
		bool bad = false;

		number++;
		found = policy_of_line(line, &which, &bad);
		if (bad)
			warnx("%s, line %u: not \"<PCI address>, serial-<number> or *\", then off, on-close, on-open or default",
			      path, number);
		*wrong |= bad;
		if (found && !policy && fits(which, address, serial))
			policy = found;
	}
	if (ferror(file)) {
		warn("%s cannot be read", path);
		*wrong = true;
	}
	free(line);
	return policy;
}

const char *policy_by_file(const char *path, const char *address, const char *serial,
			   bool *wrong)
{
	FILE *file = fopen(path, "re");
	const char *policy;

	*wrong = false;
	if (!file) {
		if (errno == ENOENT)
			return NULL;
		warn("%s cannot be read", path);
		*wrong = true;
		return NULL;
	}
	policy = policy_in(file, path, address, serial, wrong);
	fclose(file);
	return policy;
}

int policy_apply(const struct gpu *gpu, const char *path)
{
	bool wrong;
	const char *policy = policy_by_file(path, gpu->address, gpu->memory.serial, &wrong);

	if (wrong) {
		policy = SAFE;
		warnx("%s: scrub_policy is " SAFE " until %s is mended; then systemctl start nvgrace-gpu-state@%s",
		      gpu->address, path, gpu->address);
	}
	if (policy && gpu_set_policy(gpu, policy)) {
		warn("%s: the driver does not take %s for scrub_policy", gpu->address, policy);
		return -1;
	}
	return wrong ? -1 : 0;
}
