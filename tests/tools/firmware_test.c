// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/firmware.c: tables as firmware makes them, and what is left of them
 * when they are cut off or wrong anywhere.
 */
#include "ktap.h"

#include "firmware.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static size_t put(u8 *at, u64 value, unsigned int bytes)
{
	unsigned int i;

	for (i = 0; i < bytes; i++)
		at[i] = (u8)(value >> 8 * i);
	return bytes;
}

/* A table of exactly that size on the heap, so that ASan sees a read beyond it. */
static u8 *exactly(const u8 *table, size_t size)
{
	u8 *copy = malloc(size ? size : 1);

	memcpy(copy, table, size);
	return copy;
}

#define PROPERTY "nvidia,gpu-mem-base-pa"

static size_t make_aml(u8 *aml, unsigned int count)
{
	size_t at = 36;

	memset(aml, 0, 36);
	while (count--) {
		at += put(aml + at, 0x0d, 1);
		memcpy(aml + at, PROPERTY, sizeof(PROPERTY));
		at += sizeof(PROPERTY);
		at += put(aml + at, 0x0e, 1);
		at += put(aml + at, random_u64(), 8);
	}
	return at;
}

static void properties_are_counted(void)
{
	u8 aml[1024];
	unsigned int count, found;
	size_t size;

	for (count = 0; count < 9; count++) {
		size = make_aml(aml, count);
		found = aml_property_count(aml, size, PROPERTY);
		/* The bytes between them are random. */
		expect(found == count, "%u of %u", found, count);
		expect(!aml_property_count(aml, size, "nvidia,gpu-mem-size"), "found another");
		expect(!aml_property_count(aml, size, "nvidia,gpu-mem-base-p"), "found a beginning");
	}
}

static void cut_off_aml_counts_what_is_whole(void)
{
	size_t one = 1 + sizeof(PROPERTY) + 9, size, whole;
	unsigned int found;
	u8 aml[1024], *copy;

	whole = make_aml(aml, 3);
	for (size = 0; size <= whole; size++) {
		copy = exactly(aml, size);
		found = aml_property_count(copy, size, PROPERTY);
		expect(found == (size < 36 ? 0 : (size - 36 + 9) / one), "%u in %zu bytes",
		       found, size);
		free(copy);
	}
}

/* One node of another type, then SMMUs with these flags. */
static size_t make_iort(u8 *iort, const unsigned int *flags, unsigned int count)
{
	size_t at = 48;
	unsigned int i;

	memset(iort, 0, 512);
	put(iort + 36, count + 1, 4);
	put(iort + 40, at, 4);
	put(iort + at, 0, 1);
	put(iort + at + 1, 24, 2);
	at += 24;
	for (i = 0; i < count; i++) {
		put(iort + at, 4, 1);
		put(iort + at + 1, 68, 2);
		put(iort + at + 24, flags[i], 4);
		at += 68;
	}
	return at;
}

static void worst_smmu_counts(void)
{
	static const struct {
		unsigned int flags[3];
		unsigned int count;
		enum smmu_coherency want;
	} cases[] = {
		{ { 0 }, 0, SMMU_NONE },
		{ { 1 }, 1, SMMU_COHERENT },
		{ { 0 }, 1, SMMU_BY_REGISTER },
		{ { 9 }, 1, SMMU_COHERENT },
		{ { 8 }, 1, SMMU_BY_REGISTER },
		{ { 1, 1, 1 }, 3, SMMU_COHERENT },
		{ { 1, 0, 1 }, 3, SMMU_BY_REGISTER },
	};
	enum smmu_coherency got;
	unsigned int i;
	u8 iort[512];
	size_t size;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		size = make_iort(iort, cases[i].flags, cases[i].count);
		got = iort_coherency(iort, size);
		expect(got == cases[i].want, "case %u: %d", i, got);
	}
}

static size_t make_srat(u8 *srat)
{
	static const struct {
		unsigned short segment;
		u8 bus, devfn, type, flags;
	} entries[] = {
		{ 2, 1, 3, 1, 1 }, { 2, 1, 3, 1, 1 }, { 0, 1, 3, 1, 1 }, { 2, 3, 1, 1, 1 },
		{ 2, 1, 3, 0, 1 }, { 2, 1, 3, 1, 0 },
	};
	size_t at = 48;
	unsigned int i;

	memset(srat, 0, 512);
	/* Memory of 40 bytes, then initiators: two of 0002:01:00.3, others not. */
	put(srat + at, 1, 1);
	at += put(srat + at + 1, 40, 1) + 39;
	for (i = 0; i < ARRAY_SIZE(entries); i++, at += 32) {
		put(srat + at, 5, 1);
		put(srat + at + 1, 32, 1);
		put(srat + at + 3, entries[i].type, 1);
		put(srat + at + 8, entries[i].segment, 2);
		put(srat + at + 10, entries[i].bus, 1);
		put(srat + at + 11, entries[i].devfn, 1);
		put(srat + at + 24, entries[i].flags, 4);
	}
	return at;
}

static void initiators_of_one_function_are_counted(void)
{
	u8 srat[512];
	size_t size = make_srat(srat);
	unsigned int found = srat_initiators(srat, size, 2, 1, 3);

	expect(found == 2, "%u", found);
	expect(srat_initiators(srat, size, 0, 1, 3) == 1, "of segment 0");
	expect(srat_initiators(srat, size, 2, 3, 1) == 1, "of bus 3");
	expect(srat_initiators(srat, size, 2, 1, 4) == 0, "of a stranger");
}

/* No answer is expected but one: ASan and UBSan are silent, and it ends. */
static void read_all(const u8 *table, size_t size)
{
	u8 *copy = exactly(table, size);

	aml_property_count(copy, size, PROPERTY);
	iort_coherency(copy, size);
	srat_initiators(copy, size, 2, 1, 3);
	free(copy);
}

static void wrong_tables_do_no_harm(void)
{
	static const unsigned int flags[] = { 1, 0, 1 };
	u8 table[512], wrong[512];
	size_t size, cut;
	unsigned int i;
	int round;

	for (round = 0; round < 20000; round++) {
		size = round & 1 ? make_srat(table) : make_iort(table, flags, 3);
		memcpy(wrong, table, size);
		for (i = random_below(8); i; i--)
			wrong[random_below(size)] = random_u64();
		cut = random_below(size + 1);
		read_all(wrong, cut);
	}
}

static const struct test tests[] = {
	{ "properties_are_counted", properties_are_counted },
	{ "cut_off_aml_counts_what_is_whole", cut_off_aml_counts_what_is_whole },
	{ "worst_smmu_counts", worst_smmu_counts },
	{ "initiators_of_one_function_are_counted", initiators_of_one_function_are_counted },
	{ "wrong_tables_do_no_harm", wrong_tables_do_no_harm },
};

int main(int argc, char **argv)
{
	(void)argc;
	return run_tests(tests, ARRAY_SIZE(tests), argv + 1);
}
