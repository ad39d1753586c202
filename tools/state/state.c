// SPDX-License-Identifier: GPL-2.0-only
/* The file, see state.h. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "state.h"
#include "text.h"

#define TITLE		"nvgrace-gpu-bad-pages "
#define VERSION_HERE	1

/* No list is as long: what is longer is none of ours. */
#define LINES_MAX	65536

bool pages_have(const struct pages *pages, uint64_t offset)
{
	size_t i;

	for (i = 0; i < pages->count; i++)
		if (pages->offset[i] == offset)
			return true;
	return false;
}

void pages_add(struct pages *pages, uint64_t offset)
{
	if (pages_have(pages, offset))
		return;
	pages->offset = xrealloc(pages->offset, (pages->count + 1) * sizeof(*pages->offset));
	pages->offset[pages->count++] = offset;
}

void pages_free(struct pages *pages)
{
	free(pages->offset);
	memset(pages, 0, sizeof(*pages));
}

char *state_name(const struct memory *memory)
{
	if (*memory->serial)
		return text_of("serial-%s" STATE_SUFFIX, memory->serial);
	return text_of("memory-%" PRIx64 "-%" PRIx64 STATE_SUFFIX, memory->base, memory->size);
}

/* FNV-1a, 64 bits: it finds what a disk or an editor does, and is not meant for more. */
#define SUM_START	0xcbf29ce484222325ULL
#define SUM_PRIME	0x100000001b3ULL

static uint64_t sum_of(uint64_t sum, const char *bytes, size_t len)
{
	while (len--)
		sum = (sum ^ (uint8_t)*bytes++) * SUM_PRIME;
	return sum;
}

/* What comes in which order, and what is still to come. */
struct parser {
	uint64_t page_size;	/* of this host */
	uint64_t saved_size;	/* that of the file */
	struct memory memory;
	unsigned int lines;	/* pages, and "more" */
	uint64_t sum;		/* of all lines so far */
	bool ended;
};

/* The number behind the @name of a line. */
static bool number_of(const char *line, const char *name, int base, uint64_t *value)
{
	size_t len = strlen(name);
	char *end;

	if (strncmp(line, name, len) || line[len] != ' ' || !line[len + 1])
		return false;
	errno = 0;
	*value = strtoull(line + len + 1, &end, base);
	return !errno && !*end && line[len + 1] != '-';
}

static bool serial_of(const char *line, char *serial, size_t size)
{
	const char *value = line + strlen("serial ");

	if (strncmp(line, "serial ", strlen("serial ")))
		return false;
	if (!strcmp(value, "-"))
		value = "";
	else if (strlen(value) != size - 1 || strspn(value, "0123456789abcdef") != size - 1)
		return false;
	strcpy(serial, value);
	return true;
}

static bool is_page_size(uint64_t size)
{
	return size == 0x1000 || size == 0x4000 || size == 0x10000;
}

/* Any page of this host that holds a part of the saved one. */
static bool add_page(const struct parser *parser, struct pages *pages, uint64_t offset)
{
	uint64_t at = offset - offset % parser->page_size;

	if (offset % parser->saved_size || offset + parser->saved_size < offset)
		return false;
	for (; at < offset + parser->saved_size; at += parser->page_size)
		pages_add(pages, at);
	return true;
}

static bool take_header(struct parser *parser, unsigned int line_number, const char *line)
{
	switch (line_number) {
	case 1:
		return serial_of(line, parser->memory.serial, sizeof(parser->memory.serial));
	case 2:
		return number_of(line, "base", 16, &parser->memory.base);
	case 3:
		return number_of(line, "size", 16, &parser->memory.size);
	default:
		return number_of(line, "page_size", 16, &parser->saved_size) &&
		       is_page_size(parser->saved_size);
	}
}

static bool take_end(struct parser *parser, const char *line, uint64_t sum)
{
	char *expected = text_of("end %u %016" PRIx64, parser->lines, sum);
	bool good = !strcmp(line, expected);

	free(expected);
	parser->ended = true;
	return good;
}

/* @sum: of what is before the line */
static bool take_page(struct parser *parser, struct pages *pages, const char *line, uint64_t sum)
{
	uint64_t value;

	if (!strncmp(line, "end ", strlen("end ")))
		return take_end(parser, line, sum);
	parser->lines++;
	if (!strcmp(line, "more"))
		return pages->more = true;
	return number_of(line, "page", 16, &value) && add_page(parser, pages, value);
}

/* The first line decides whether the others can be understood. */
static enum state_file take_title(const char *line)
{
	uint64_t version;

	if (!number_of(line, "nvgrace-gpu-bad-pages", 10, &version) || !version)
		return STATE_DAMAGED;
	return version > VERSION_HERE ? STATE_NEWER : STATE_READ;
}

/* A line without its newline is one that was cut off. */
static bool next_line(FILE *file, struct parser *parser, char **line, size_t *size)
{
	ssize_t len = getline(line, size, file);

	if (len <= 0 || (*line)[len - 1] != '\n')
		return false;
	parser->sum = sum_of(parser->sum, *line, len);
	(*line)[len - 1] = '\0';
	return true;
}

/* A line that is damaged spoils the file, and not the pages in its other lines. */
static enum state_file parse_pages(FILE *file, struct parser *parser, struct pages *pages)
{
	enum state_file state = STATE_READ;
	unsigned int lines = 0;
	uint64_t sum = parser->sum;
	char *line = NULL;
	size_t size = 0;

	for (; lines++ < LINES_MAX && next_line(file, parser, &line, &size); sum = parser->sum)
		if (parser->ended || !take_page(parser, pages, line, sum))
			state = STATE_DAMAGED;
	free(line);
	return parser->ended && feof(file) ? state : STATE_DAMAGED;
}

static enum state_file parse(FILE *file, struct parser *parser, struct pages *pages)
{
	enum state_file state = STATE_DAMAGED;
	unsigned int number = 0;
	char *line = NULL;
	size_t size = 0;

	if (next_line(file, parser, &line, &size))
		state = take_title(line);
	while (state == STATE_READ && ++number < 5)
		if (!next_line(file, parser, &line, &size) || !take_header(parser, number, line))
			state = STATE_DAMAGED;
	free(line);
	if (state == STATE_READ)
		state = parse_pages(file, parser, pages);
	else
		memset(&parser->memory, 0, sizeof(parser->memory));
	return ferror(file) ? STATE_ERROR : state;
}

enum state_file state_read(const char *path, uint64_t page_size, struct memory *memory,
			   struct pages *pages)
{
	struct parser parser = { .page_size = page_size, .sum = SUM_START };
	enum state_file state;
	FILE *file = fopen(path, "re");

	memset(memory, 0, sizeof(*memory));
	if (!file)
		return errno == ENOENT ? STATE_ABSENT : STATE_ERROR;
	state = parse(file, &parser, pages);
	*memory = parser.memory;
	fclose(file);
	return state;
}

/* All but its last line; the caller frees it. */
static char *body(uint64_t page_size, const struct memory *memory, const struct pages *pages)
{
	char *lines = NULL;
	size_t i, size;
	FILE *file = open_memstream(&lines, &size);

	if (!file)
		return NULL;
	fprintf(file, TITLE "%d\nserial %s\n", VERSION_HERE,
		*memory->serial ? memory->serial : "-");
	fprintf(file, "base %#" PRIx64 "\nsize %#" PRIx64 "\npage_size %#" PRIx64 "\n",
		memory->base, memory->size, page_size);
	for (i = 0; i < pages->count; i++)
		fprintf(file, "page %#" PRIx64 "\n", pages->offset[i]);
	if (pages->more)
		fputs("more\n", file);
	if (!fclose(file))
		return lines;
	free(lines);
	return NULL;
}

static int print(FILE *file, const char *lines, const struct pages *pages)
{
	fprintf(file, "%send %zu %016" PRIx64 "\n", lines, pages->count + pages->more,
		sum_of(SUM_START, lines, strlen(lines)));
	return fflush(file) || fsync(fileno(file)) ? -1 : 0;
}

static int sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -1;
	ret = fsync(fd);
	close(fd);
	return ret;
}

static int write_new(const char *path, const char *lines, const struct pages *pages)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	int ret, error;

	if (!file)
		return -1;
	ret = print(file, lines, pages);
	error = errno;
	if (fclose(file) && !ret) {
		ret = -1;
		error = errno;
	}
	errno = error;
	return ret;
}

int state_write(const char *directory, const char *name, uint64_t page_size,
		const struct memory *memory, const struct pages *pages)
{
	char *new = text_of("%s/.%s.new", directory, name);
	char *path = text_of("%s/%s", directory, name);
	char *lines = body(page_size, memory, pages);
	int ret, error;

	ret = lines ? write_new(new, lines, pages) : -1;
	if (!ret)
		ret = rename(new, path);
	error = errno;
	if (ret) {
		unlink(new);
		errno = error;
	} else {
		ret = sync_directory(directory);
	}
	free(lines);
	free(path);
	free(new);
	return ret;
}
