// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/state: what is saved of a driver's list, and what a driver that was loaded
 * anew is told. The driver is a list here; the files are real.
 */
#include "ktap.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sync.h"
#include "text.h"

#define PAGE	0x1000ULL
#define BASE	0x420000000000ULL
#define SIZE	0x40000000ULL
#define SERIAL	"48b02dffff000001"

/* The driver. */
static struct {
	struct pages pages;
	bool restored;
	bool refuses;		/* to take a page */
	bool is_unbound;	/* since the program has looked for it */
} driver;

static char directory[64];

int gpu_read_pages(const struct gpu *gpu, struct pages *pages)
{
	size_t i;

	(void)gpu;
	if (driver.is_unbound) {
		errno = ENODEV;
		return -1;
	}
	for (i = 0; i < driver.pages.count; i++)
		pages_add(pages, driver.pages.offset[i]);
	pages->more = driver.pages.more;
	return 0;
}

int gpu_add_page(const struct gpu *gpu, uint64_t offset)
{
	if (driver.refuses || offset >= gpu->memory.size) {
		errno = EINVAL;
		return -1;
	}
	pages_add(&driver.pages, offset);
	return 0;
}

int gpu_add_more(const struct gpu *gpu)
{
	(void)gpu;
	driver.pages.more = true;
	return 0;
}

int gpu_set_restored(const struct gpu *gpu)
{
	(void)gpu;
	driver.restored = true;
	return 0;
}

static void load_module(void)
{
	pages_free(&driver.pages);
	memset(&driver, 0, sizeof(driver));
}

/* The program, for a GPU with this number and place. */
static int sync_with(const char *serial, uint64_t base, uint64_t size)
{
	struct gpu gpu = { .address = (char *)"0000:01:00.0", .memory = { "", base, size } };
	int ret;

	gpu.directory = text_of("%s", driver.is_unbound ? "/nonexistent" : "/");
	strcpy(gpu.memory.serial, serial);
	gpu.restored = driver.restored;
	ret = sync_gpu(&gpu, directory);
	free(gpu.directory);
	return ret;
}

static int sync_it(void)
{
	return sync_with(SERIAL, BASE, SIZE);
}

static void begin(void)
{
	load_module();
	snprintf(directory, sizeof(directory), "/tmp/state_test.XXXXXX");
	expect(mkdtemp(directory), "%s", strerror(errno));
}

static void end(void)
{
	char *command = text_of("rm -r %s", directory);

	expect(!system(command), "%s", command);
	free(command);
	load_module();
}

static char *path_of(const char *name)
{
	return text_of("%s/%s", directory, name);
}

static char *content_of(const char *name, size_t *size)
{
	char *path = path_of(name), *bytes = calloc(1, 1 << 20);
	FILE *file = fopen(path, "r");

	*size = file ? fread(bytes, 1, 1 << 20, file) : 0;
	if (file)
		fclose(file);
	free(path);
	return bytes;
}

static void put(const char *name, const char *bytes, size_t size)
{
	char *path = path_of(name);
	FILE *file = fopen(path, "w");

	expect(fwrite(bytes, 1, size, file) == size, "%s", path);
	fclose(file);
	free(path);
}

/* Files whose names have this in them. */
static unsigned int files_with(const char *part)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	unsigned int count = 0;

	while ((entry = readdir(dir)))
		count += *entry->d_name != '.' && strstr(entry->d_name, part);
	closedir(dir);
	return count;
}

#define SAVED	"serial-" SERIAL STATE_SUFFIX

/* Two pages, saved by a module that has then gone. */
static void save_two(void)
{
	pages_add(&driver.pages, 5 * PAGE);
	pages_add(&driver.pages, 2 * PAGE);
	expect(!sync_it(), "failed");
	load_module();
}

static void list_outlives_the_module(void)
{
	begin();
	save_two();
	expect(!sync_it(), "failed");
	expect(driver.pages.count == 2 && pages_have(&driver.pages, 5 * PAGE) &&
	       pages_have(&driver.pages, 2 * PAGE), "%zu pages", driver.pages.count);
	expect(driver.restored, "not said to be restored");
	end();
}

static void without_anything_saved_it_is_restored_too(void)
{
	begin();
	expect(!sync_it(), "failed");
	expect(driver.restored && !driver.pages.count, "%zu pages", driver.pages.count);
	end();
}

static void too_many_stay_too_many(void)
{
	begin();
	driver.pages.more = true;
	expect(!sync_it(), "failed");
	load_module();
	expect(!sync_it(), "failed");
	expect(driver.pages.more && driver.restored, "forgotten");
	load_module();
	sync_it();
	expect(driver.pages.more, "forgotten by the second time");
	end();
}

static void list_that_was_cleared_stays_clear(void)
{
	begin();
	save_two();
	sync_it();
	pages_free(&driver.pages);
	expect(!sync_it() && !driver.pages.count, "%zu pages are back", driver.pages.count);
	load_module();
	expect(!sync_it(), "failed");
	expect(!driver.pages.count, "%zu pages", driver.pages.count);
	end();
}

static void page_that_goes_bad_before_it_is_restored_is_saved(void)
{
	begin();
	save_two();
	pages_add(&driver.pages, 9 * PAGE);
	expect(!sync_it(), "failed");
	load_module();
	sync_it();
	expect(driver.pages.count == 3, "%zu pages", driver.pages.count);
	end();
}

static void pages_move_with_the_number(void)
{
	begin();
	save_two();
	expect(!sync_with(SERIAL, BASE + 16 * SIZE, SIZE), "failed");
	expect(driver.pages.count == 2 && pages_have(&driver.pages, 5 * PAGE), "%zu pages",
	       driver.pages.count);
	end();
}

static void other_gpu_in_the_same_place_gets_none(void)
{
	begin();
	save_two();
	expect(!sync_with("48b02dffff000002", BASE, SIZE), "failed");
	expect(!driver.pages.count && driver.restored, "%zu pages", driver.pages.count);
	load_module();
	sync_it();
	expect(driver.pages.count == 2, "%zu pages of the first", driver.pages.count);
	end();
}

static void without_a_number_the_place_counts(void)
{
	begin();
	pages_add(&driver.pages, 5 * PAGE);
	expect(!sync_with("", BASE, SIZE), "failed");
	load_module();
	expect(!sync_with("", BASE + SIZE, SIZE), "failed");
	expect(!driver.pages.count, "elsewhere: %zu pages", driver.pages.count);
	load_module();
	expect(!sync_with("", BASE, SIZE), "failed");
	expect(driver.pages.count == 1, "there: %zu pages", driver.pages.count);
	end();
}

/* As after an update of firmware, or when a second GPU has the same number. */
static void number_may_come_and_go(void)
{
	begin();
	pages_add(&driver.pages, 5 * PAGE);
	sync_with("", BASE, SIZE);
	load_module();
	expect(!sync_it(), "failed");
	expect(driver.pages.count == 1, "came: %zu pages", driver.pages.count);
	expect(files_with(STATE_SUFFIX) == 1, "%u files", files_with(STATE_SUFFIX));
	load_module();
	expect(!sync_with("", BASE, SIZE), "failed");
	expect(driver.pages.count == 1, "went: %zu pages", driver.pages.count);
	end();
}

static void what_lies_outside_today_is_not_forgotten(void)
{
	begin();
	pages_add(&driver.pages, SIZE - PAGE);
	pages_add(&driver.pages, PAGE);
	sync_it();
	load_module();
	expect(!sync_with(SERIAL, BASE, SIZE / 2), "failed");
	expect(driver.restored && driver.pages.count == 1, "%zu pages", driver.pages.count);
	expect(!sync_with(SERIAL, BASE, SIZE / 2), "failed");
	load_module();
	sync_it();
	expect(driver.pages.count == 2, "%zu pages", driver.pages.count);
	end();
}

/* A page of 64K that was saved is sixteen of 4K. */
static void pages_may_be_of_another_size(void)
{
	struct memory memory = { SERIAL, BASE, SIZE };
	struct pages pages = { 0 };

	begin();
	pages_add(&pages, 0x30000);
	expect(!state_write(directory, SAVED, 0x10000, &memory, &pages), "%s", strerror(errno));
	expect(!sync_it(), "failed");
	expect(driver.pages.count == 16 && pages_have(&driver.pages, 0x3f000), "%zu pages",
	       driver.pages.count);
	pages_free(&pages);
	end();
}

/* And one of 4K is the one of 64K that has it. */
static void small_page_is_in_a_large_one(void)
{
	struct memory memory = { SERIAL, BASE, SIZE }, read;
	struct pages pages = { 0 }, large = { 0 };
	char *path;

	begin();
	path = path_of(SAVED);
	pages_add(&pages, 0x35000);
	pages_add(&pages, 0x36000);
	state_write(directory, SAVED, PAGE, &memory, &pages);
	expect(state_read(path, 0x10000, &read, &large) == STATE_READ, "not read");
	expect(large.count == 1 && large.offset[0] == 0x30000, "%zu pages", large.count);
	pages_free(&large);
	pages_free(&pages);
	free(path);
	end();
}

/* It is kept, what can be read of it is used, and nobody says that all is known. */
static void expect_kept(const char *bytes, size_t size, size_t pages)
{
	size_t kept_size;
	char *kept;

	load_module();
	put(SAVED, bytes, size);
	expect(sync_it() == -1, "%zu bytes are taken for whole", size);
	expect(!driver.restored, "%zu bytes: said to be restored", size);
	expect(driver.pages.count >= pages, "%zu bytes: %zu pages, not %zu", size,
	       driver.pages.count, pages);
	kept = content_of(SAVED STATE_UNREAD ".1", &kept_size);
	expect(kept_size == size && !memcmp(kept, bytes, size), "%zu bytes: %zu kept", size,
	       kept_size);
	free(kept);
	/* It goes on complaining, and saves what comes. */
	pages_add(&driver.pages, 0x700 * PAGE);
	expect(sync_it() == -1 && !driver.restored, "%zu bytes: forgotten", size);
	load_module();
	expect(sync_it() == -1 && pages_have(&driver.pages, 0x700 * PAGE),
	       "%zu bytes: what came later is not saved", size);
	kept = path_of(SAVED STATE_UNREAD ".1");
	unlink(kept);
	free(kept);
	expect(sync_it() == 0 && driver.restored, "%zu bytes: never well again", size);
}

static void file_may_end_anywhere(void)
{
	char *bytes;
	size_t size, cut;

	begin();
	save_two();
	bytes = content_of(SAVED, &size);
	for (cut = 0; cut < size; cut++) {
		const char *last = strstr(bytes, "page 0x2000\n");

		expect_kept(bytes, cut, cut >= (size_t)(last - bytes) + 12 ? 2 :
				cut >= (size_t)(last - bytes) ? 1 : 0);
	}
	free(bytes);
	end();
}

static void any_byte_may_be_another(void)
{
	char *bytes;
	size_t size, i;

	begin();
	save_two();
	bytes = content_of(SAVED, &size);
	for (i = 0; i < size; i++) {
		char good = bytes[i];

		do
			bytes[i] = random_u64();
		while (bytes[i] == good);
		expect_kept(bytes, size, 0);
		bytes[i] = good;
	}
	free(bytes);
	end();
}

static void something_else_is_kept(void)
{
	static const char future[] = "nvgrace-gpu-bad-pages 2\nencoding none\n";
	char noise[5000];
	size_t i;

	begin();
	expect_kept(future, strlen(future), 0);
	for (i = 0; i < sizeof(noise); i++)
		noise[i] = random_u64();
	expect_kept(noise, sizeof(noise), 0);
	end();
}

static void second_damage_does_not_replace_the_first(void)
{
	begin();
	put(SAVED, "one", 3);
	sync_it();
	put(SAVED, "two", 3);
	sync_it();
	expect(files_with(STATE_UNREAD) == 2, "%u kept", files_with(STATE_UNREAD));
	end();
}

static void disk_that_is_full_loses_nothing(void)
{
	const struct rlimit none = { 0, RLIM_INFINITY };
	struct rlimit usual;
	char *before, *after;
	size_t size, size_after;

	begin();
	save_two();
	before = content_of(SAVED, &size);
	pages_add(&driver.pages, 9 * PAGE);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &usual);
	fflush(stdout);
	setrlimit(RLIMIT_FSIZE, &none);
	expect(sync_it() == -1, "taken for saved");
	setrlimit(RLIMIT_FSIZE, &usual);
	after = content_of(SAVED, &size_after);
	expect(size == size_after && !memcmp(before, after, size), "%zu bytes are %zu now", size,
	       size_after);
	expect(!sync_it(), "failed");
	load_module();
	sync_it();
	expect(driver.pages.count == 3, "%zu pages", driver.pages.count);
	free(before);
	free(after);
	end();
}

static void driver_that_refuses_a_page_is_not_restored(void)
{
	begin();
	save_two();
	driver.refuses = true;
	expect(sync_it() == -1 && !driver.restored, "said to be restored");
	load_module();
	expect(!sync_it() && driver.pages.count == 2, "%zu pages", driver.pages.count);
	end();
}

static void gpu_may_be_unbound_meanwhile(void)
{
	begin();
	save_two();
	driver.is_unbound = true;
	expect(!sync_it(), "an error");
	load_module();
	expect(!sync_it() && driver.pages.count == 2, "%zu pages", driver.pages.count);
	end();
}

static const struct test tests[] = {
	{ "list_outlives_the_module", list_outlives_the_module },
	{ "without_anything_saved_it_is_restored_too",
	  without_anything_saved_it_is_restored_too },
	{ "too_many_stay_too_many", too_many_stay_too_many },
	{ "list_that_was_cleared_stays_clear", list_that_was_cleared_stays_clear },
	{ "page_that_goes_bad_before_it_is_restored_is_saved",
	  page_that_goes_bad_before_it_is_restored_is_saved },
	{ "pages_move_with_the_number", pages_move_with_the_number },
	{ "other_gpu_in_the_same_place_gets_none", other_gpu_in_the_same_place_gets_none },
	{ "without_a_number_the_place_counts", without_a_number_the_place_counts },
	{ "number_may_come_and_go", number_may_come_and_go },
	{ "what_lies_outside_today_is_not_forgotten", what_lies_outside_today_is_not_forgotten },
	{ "pages_may_be_of_another_size", pages_may_be_of_another_size },
	{ "small_page_is_in_a_large_one", small_page_is_in_a_large_one },
	{ "file_may_end_anywhere", file_may_end_anywhere },
	{ "any_byte_may_be_another", any_byte_may_be_another },
	{ "something_else_is_kept", something_else_is_kept },
	{ "second_damage_does_not_replace_the_first",
	  second_damage_does_not_replace_the_first },
	{ "disk_that_is_full_loses_nothing", disk_that_is_full_loses_nothing },
	{ "driver_that_refuses_a_page_is_not_restored",
	  driver_that_refuses_a_page_is_not_restored },
	{ "gpu_may_be_unbound_meanwhile", gpu_may_be_unbound_meanwhile },
};

int main(int argc, char **argv)
{
	(void)argc;
	/* What it says of each of a thousand files. */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]), argv + 1);
}
