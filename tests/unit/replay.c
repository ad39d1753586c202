// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for libFuzzer where inputs are only replayed: replay <file>...
 *
 * Copyright (C) 2026 The nvgrace-gpu authors
 */
#include "fuzz.h"

static int replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	u8 data[4096];
	size_t size;

	if (!file) {
		perror(path);
		return EXIT_FAILURE;
	}
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	LLVMFuzzerTestOneInput(data, size);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	int i, status = EXIT_SUCCESS;

	for (i = 1; i < argc; i++)
		status |= replay(argv[i]);
	return status;
}
