// SPDX-License-Identifier: GPL-2.0-only
/* See require.h. A fact that is not there is not fulfilled: neither is one that is misspelt. */

#include <stdlib.h>
#include <string.h>

#include "require.h"
#include "text.h"

/* From fulfilled to not. */
static const enum level order[] = {
	LEVEL_OK, LEVEL_INFO, LEVEL_LATER, LEVEL_UNKNOWN, LEVEL_WARN, LEVEL_FAIL,
};

static enum level worse(enum level a, enum level b)
{
	unsigned int i;

	for (i = LEVELS - 1; order[i] != a && order[i] != b; i--)
		;
	return order[i];
}

static enum level require_of(const struct subject *subject, const char *key, FILE *out)
{
	const struct fact *fact = fact_find(subject, key);

	if (!fact)
		return LEVEL_OK;
	if (fact->level != LEVEL_OK && fact->level != LEVEL_INFO)
		fprintf(out, "%s: %s is required and is %s: %s%s%s\n", subject->name, key,
			level_name(fact->level), fact->value, fact->text ? ": " : "",
			fact->text ?: "");
	return fact->level;
}

static bool gpus_have(const struct report *report, const char *key)
{
	unsigned int i;

	for (i = 1; i < report->count; i++)
		if (!fact_find(&report->subjects[i], key))
			return false;
	return report->count > 1;
}

static enum level require_one(const struct report *report, const char *key, FILE *out)
{
	enum level worst = LEVEL_OK;
	unsigned int i;

	for (i = 0; i < report->count; i++)
		worst = worse(worst, require_of(&report->subjects[i], key, out));
	if (!fact_find(&report->subjects[0], key) && !gpus_have(report, key)) {
		fprintf(out, "%s is required, and not known of all GPUs: is the driver bound to each?\n",
			key);
		worst = worse(worst, LEVEL_UNKNOWN);
	}
	return worst;
}

enum level require_facts(const struct report *report, const char *keys, FILE *out)
{
	char *list = text_of("%s", keys), *key, *rest;
	enum level worst = LEVEL_OK;

	for (key = strtok_r(list, ",", &rest); key; key = strtok_r(NULL, ",", &rest))
		worst = worse(worst, require_one(report, key, out));
	free(list);
	return worst;
}
