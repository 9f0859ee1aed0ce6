/*
 * Host test of common/symtab.c: right answers from a good table, and from a damaged one no read outside the table, no
 * loop and no unprintable name. Run under ASan and UBSan: the table is in a block of exactly its size.
 */
#define TEST_GROUP "symtab"
#include "host.h"

#include <common/symtab.c>

struct sample {
	uint8_t *bytes;
	size_t size;
	unsigned long reads;
	bool strict; /* complain of a read outside: this one is good */
};

static bool read_sample(void *context, size_t offset, void *to, size_t n)
{
	struct sample *table = context;
	table->reads++;
	EXPECT_THAT(n <= 64);
	bool inside = offset <= table->size && n <= table->size - offset;
	EXPECT_THAT(inside || !table->strict);
	if (inside)
		memcpy(to, table->bytes + offset, n);
	return inside;
}

static void put32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

#define SLOT 96
static const char strings[][SLOT] = {"first", "second",
				     "a_function_whose_name_is_much_longer_than_the_room_that_there_is_for_one",
				     "kern/one.c", "kern/two.h", "bad\nname"};
enum { FIRST = 0, SECOND = SLOT, LONG = 2 * SLOT, ONE = 3 * SLOT, TWO = 4 * SLOT, BAD = 5 * SLOT };

/* Of two functions: one with lines of two files and a jump back, one with a line beyond 32768. */
static const uint8_t lines[] = {
	/* first, at 0: one.c:10; 4 on :12; 2 on two.h:5; 300 on one.c:4 */
	0, 10, 4, 2 * 4, 2, 2 * 13 + 1, 1, 0xAC, 0x02, 2 * 1 + 1, 0, 0,
	/* second, at 12: two.h:40000; 1 on :39999 */
	1, 0xC0, 0xB8, 0x02, 1, 2 * 1, 0,
};

static void put_function(uint8_t *to, uint32_t address, uint32_t size, uint32_t name, uint32_t at)
{
	put32(to, address);
	put32(to + 4, size);
	put32(to + 8, name);
	put32(to + 12, at);
}

static struct sample make_sample(void)
{
	enum { FUNCTIONS = 4, FILES = 2, LINES = SYMTAB_HEADER_SIZE + FUNCTIONS * SYMTAB_FUNCTION_SIZE + FILES * 4 };
	struct sample table = {.size = LINES + sizeof(lines) + sizeof(strings), .strict = true};
	uint8_t *at = table.bytes = calloc(1, table.size);
	put32(at + SYMTAB_AT_MAGIC, SYMTAB_MAGIC);
	put32(at + SYMTAB_AT_VERSION, SYMTAB_VERSION);
	put32(at + SYMTAB_AT_SIZE, (uint32_t)table.size);
	put32(at + SYMTAB_AT_FUNCTIONS, FUNCTIONS);
	put32(at + SYMTAB_AT_FILES, FILES);
	put32(at + SYMTAB_AT_LINES, LINES);
	put32(at + SYMTAB_AT_STRINGS, LINES + sizeof(lines));
	at += SYMTAB_HEADER_SIZE;
	put_function(at, 0x1000, 0x200, FIRST, 0);
	put_function(at + 16, 0x1200, 0x10, SECOND, 12);
	put_function(at + 32, 0x1300, 0x10, LONG, SYMTAB_NO_LINES);
	put_function(at + 48, 0xFFFFFFF0, 0x10, BAD, SYMTAB_NO_LINES);
	put32(at + 64, ONE);
	put32(at + 68, TWO);
	memcpy(table.bytes + LINES, lines, sizeof(lines));
	memcpy(table.bytes + LINES + sizeof(lines), strings, sizeof(strings));
	return table;
}

/* function NULL: nothing is there. */
static void expect(struct sample *table, uint32_t address, const char *function, uint32_t offset, const char *file,
		   uint32_t line)
{
	struct symtab_place place;

	EXPECT(function != NULL, symtab_find(read_sample, table, address, &place));
	if (!function)
		return;
	EXPECT_TEXT(function, place.function);
	EXPECT(offset, place.offset);
	EXPECT_TEXT(file, place.file);
	EXPECT(line, place.line);
}

static void good(void)
{
	struct sample table = make_sample();
	expect(&table, 0x0FFF, NULL, 0, "", 0);
	expect(&table, 0x1000, "first", 0, "kern/one.c", 10);
	expect(&table, 0x1003, "first", 3, "kern/one.c", 10);
	expect(&table, 0x1004, "first", 4, "kern/one.c", 12);
	expect(&table, 0x1006, "first", 6, "kern/two.h", 5);
	expect(&table, 0x1131, "first", 0x131, "kern/two.h", 5);
	expect(&table, 0x1132, "first", 0x132, "kern/one.c", 4);
	expect(&table, 0x11FF, "first", 0x1FF, "kern/one.c", 4);
	expect(&table, 0x1200, "second", 0, "kern/two.h", 40000);
	expect(&table, 0x120F, "second", 15, "kern/two.h", 39999);
	expect(&table, 0x1210, NULL, 0, "", 0);
	expect(&table, 0x1305, "a_function_whose_name_is_much_longer_than_the_room_that_there_i", 5, "", 0);
	expect(&table, 0xFFFFFFFF, "bad?name", 15, "", 0);
	free(table.bytes);
}

static void refused(void)
{
	static const struct {
		unsigned at;
		uint32_t value;
	} bad[] = {
		{SYMTAB_AT_MAGIC, 0}, {SYMTAB_AT_VERSION, 2}, {SYMTAB_AT_SIZE, SYMTAB_SIZE_MAX + 1},
		{SYMTAB_AT_SIZE, 0}, {SYMTAB_AT_FUNCTIONS, 0xFFFFFFFF}, {SYMTAB_AT_FUNCTIONS, 0x10000001},
		{SYMTAB_AT_FILES, 0x40000002}, {SYMTAB_AT_LINES, 0}, {SYMTAB_AT_LINES, 0xFFFFFFFF},
		{SYMTAB_AT_STRINGS, 0}, {SYMTAB_AT_STRINGS, 0xFFFFFFFF},
	};
	struct symtab_place place;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sample table = make_sample();
		put32(table.bytes + bad[i].at, bad[i].value);
		EXPECT_THAT(!symtab_find(read_sample, &table, 0x1000, &place));
		EXPECT_THAT(table.reads <= 1 && place.function[0] == '\0' && place.file[0] == '\0');
		free(table.bytes);
	}
	struct sample none = {.bytes = NULL};
	EXPECT_THAT(!symtab_find(read_sample, &none, 0x1000, &place) && none.reads == 1);
}

static bool printable(const char *s)
{
	size_t length = strnlen(s, SYMTAB_NAME_MAX);
	for (size_t i = 0; i < length; i++)
		if (s[i] <= ' ' || s[i] > '~')
			return false;
	return length < SYMTAB_NAME_MAX;
}

/* One look-up reads at most the header, a binary search, and the rows and names in pieces. */
static void expect_bounded(struct sample *table, uint32_t address)
{
	struct symtab_place place;
	table->reads = 0;
	symtab_find(read_sample, table, address, &place);
	EXPECT_THAT(table->reads <= 64 + SYMTAB_ROWS_MAX * 15 / 64);
	EXPECT_THAT(printable(place.function) && printable(place.file));
}

static void damaged(void)
{
	for (int round = 0; round < 100000 && !test_failed; round++) {
		struct sample table = make_sample();
		table.strict = false;
		damage(table.bytes, table.size);
		if (random_below(8) == 0)
			table.bytes = realloc(table.bytes, table.size = 1 + random_below(table.size));
		for (int i = 0; i < 4; i++)
			expect_bounded(&table, i ? 0x1000 + (uint32_t)random_below(0x400) : (uint32_t)random_number());
		free(table.bytes);
	}
}

/* Rows without end, names without end, in a table as large as one may be. */
static void huge(void)
{
	struct sample table = {.bytes = malloc(SYMTAB_SIZE_MAX), .size = SYMTAB_SIZE_MAX, .strict = true};
	for (int fill = 1; fill < 256; fill++) {
		uint8_t *at = table.bytes;
		memset(at, fill, table.size);
		put32(at + SYMTAB_AT_MAGIC, SYMTAB_MAGIC);
		put32(at + SYMTAB_AT_VERSION, SYMTAB_VERSION);
		put32(at + SYMTAB_AT_SIZE, SYMTAB_SIZE_MAX);
		put32(at + SYMTAB_AT_FUNCTIONS, 1);
		put32(at + SYMTAB_AT_FILES, 1);
		put32(at + SYMTAB_AT_LINES, SYMTAB_HEADER_SIZE + 20);
		put32(at + SYMTAB_AT_STRINGS, SYMTAB_SIZE_MAX - 100);
		put_function(at + SYMTAB_HEADER_SIZE, 0, 0xFFFFFFFF, 0, 0);
		expect_bounded(&table, 0xFFFFFFFE);
		expect_bounded(&table, 1000000);
	}
	free(table.bytes);
}

int main(void)
{
	RUN(good);
	RUN(refused);
	RUN(damaged);
	RUN(huge);
	return tests_failed != 0;
}
