// SPDX-License-Identifier: GPL-2.0-only
/* Tests of tools/system.c: files as they are and packed, as modules may be. */
#include "ktap.h"

#include <unistd.h>

#include "system.h"
#include "text.h"

#define SIZE	200000

/* Bytes of all values, which are not there twice in a row. */
static void fill(char *bytes)
{
	unsigned int i;

	for (i = 0; i < SIZE; i++)
		bytes[i] = i * 2654435761u >> 24;
}

static char *path_of(const char *suffix)
{
	return text_of("/tmp/system_test.%d%s", getpid(), suffix);
}

static void write_to(const char *path, const char *bytes)
{
	FILE *file = fopen(path, "w");

	fwrite(bytes, 1, SIZE, file);
	fclose(file);
}

/* @packer <path> leaves <path><suffix>; NULL: nothing to do. */
static void expect_content(const char *packer, const char *suffix)
{
	char *plain = path_of(""), *packed = path_of(suffix);
	char *command = packer ? text_of("%s %s", packer, plain) : NULL;
	char bytes[SIZE], *content;
	size_t size = 0;

	fill(bytes);
	write_to(plain, bytes);
	expect(!command || system(command) == 0, "%s", command);
	content = file_unpacked(packed, &size);
	expect(content && size == SIZE, "%s: %zu bytes", packed, size);
	expect(size == SIZE && !memcmp(content, bytes, SIZE), "%s: other bytes", packed);
	unlink(packed);
	free(content);
	free(command);
	free(packed);
	free(plain);
}

static void packed_files_are_unpacked(void)
{
	expect_content(NULL, "");
	expect_content("xz", ".xz");
	expect_content("zstd -q --rm", ".zst");
	expect_content("gzip", ".gz");
}

static void what_cannot_be_unpacked_is_nothing(void)
{
	char bytes[SIZE], *path = path_of(".xz"), *content;

	content = file_unpacked(path, NULL);
	expect(!content, "a file that is not there has content");
	fill(bytes);
	write_to(path, bytes);
	content = file_unpacked(path, NULL);
	expect(!content, "a file that is not packed is unpacked");
	unlink(path);
	free(path);
}

static const struct test tests[] = {
	{ "packed_files_are_unpacked", packed_files_are_unpacked },
	{ "what_cannot_be_unpacked_is_nothing", what_cannot_be_unpacked_is_nothing },
};

int main(int argc, char **argv)
{
	(void)argc;
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argv + 1);
}
