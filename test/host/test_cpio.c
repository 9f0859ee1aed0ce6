/*
 * Host test of common/cpio.c: good archives are read right, and a damaged one leads neither outside nor round in
 * circles.
 */
#define TEST_GROUP "cpio"
#include "host.h"

#include <abi/error.h>
#include <common/cpio.c>

static uint8_t archive[1 << 16];
static size_t archive_size;

static void append(const void *data, size_t size)
{
	if (size > 0)
		memcpy(archive + archive_size, data, size);
	archive_size += size;
}

static void pad(size_t multiple)
{
	while (archive_size % multiple)
		archive[archive_size++] = 0;
}

/* Append a record; its data starts at a multiple of align (at least 4). */
static void append_file(const char *name, const void *data, size_t size, size_t align)
{
	char header[HEADER_SIZE + 1];
	size_t data_at = ROUNDUP(archive_size + HEADER_SIZE + strlen(name) + 1, align);
	size_t namesize = align > 4 ? data_at - archive_size - HEADER_SIZE : strlen(name) + 1;

	sprintf(header, MAGIC "%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1, 0100755, 0, 0, 1, 0,
		(unsigned)size, 0, 0, 0, 0, (unsigned)namesize, 0);
	append(header, HEADER_SIZE);
	append(name, strlen(name) + 1);
	while (archive_size < data_at)
		archive[archive_size++] = 0;
	append(data, size);
	pad(4);
}

static void make_archive(void)
{
	archive_size = 0;
	append_file("init", "I am init", 9, 4096);
	append_file("./hello", "hi!", 3, 4096);
	append_file("empty", "", 0, 4);
	append_file("/abs/one", "12345678", 8, 4);
	append_file(TRAILER, "", 0, 4);
	pad(512);
}

static void expect_file(const char *name, const char *contents)
{
	const void *data = NULL;
	size_t size = 0;

	EXPECT(0, cpio_find(archive, archive_size, name, &data, &size));
	EXPECT(strlen(contents), size);
	EXPECT(0, size == strlen(contents) ? memcmp(data, contents, size) : 1);
}

static void found(void)
{
	const void *data;
	size_t size;

	make_archive();
	expect_file("init", "I am init");
	expect_file("hello", "hi!");
	expect_file("empty", "");
	expect_file("abs/one", "12345678");
	EXPECT(-E_NOT_FOUND, cpio_find(archive, archive_size, "ini", &data, &size));
	EXPECT(-E_NOT_FOUND, cpio_find(archive, archive_size, "", &data, &size));
	EXPECT(-E_NOT_FOUND, cpio_find(archive, archive_size, TRAILER, &data, &size));
	EXPECT(0, cpio_find(archive, archive_size, "init", &data, &size));
	EXPECT(0, ((const uint8_t *)data - archive) % 4096);
}

static void walked(void)
{
	static const char *const names[] = { "init", "hello", "empty", "abs/one" };
	struct cpio_file file;
	size_t offset = 0;

	make_archive();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT(0, cpio_next(archive, archive_size, &offset, &file));
		EXPECT_TEXT(names[i], file.name);
		EXPECT(0100755, file.mode);
	}
	size_t before = offset;
	EXPECT(-E_NOT_FOUND, cpio_next(archive, archive_size, &offset, &file));
	EXPECT(before, offset);
}

static void whole_size(void)
{
	make_archive();
	size_t size = cpio_size(archive, archive_size);
	EXPECT_THAT(size > 0 && size <= archive_size);
	EXPECT(size, cpio_size(archive, size));
	EXPECT(0, cpio_size(archive, size - 200));
	EXPECT(0, cpio_size(archive, 0));
}

static void cut_short(void)
{
	make_archive();
	size_t whole = cpio_size(archive, archive_size);
	for (size_t size = 0; size < whole - 4; size += size < 300 ? 1 : 97) {
		uint8_t *block = block_copy(archive, size);
		struct cpio_file file;
		size_t offset = 0;
		int err;
		while ((err = cpio_next(block, size, &offset, &file)) == 0)
			;
		EXPECT(-E_INVAL, err);
		EXPECT(0, cpio_size(block, size));
		free(block);
	}
}

/* Overwrite the number at field of the first record. */
static void set_field(int field, const char *digits)
{
	memcpy(archive + 6 + 8 * field, digits, 8);
}

static void expect_damaged(void)
{
	struct cpio_file file;
	size_t offset = 0;

	EXPECT(-E_INVAL, cpio_next(archive, archive_size, &offset, &file));
	EXPECT(0, offset);
	make_archive();
}

static void bad_fields(void)
{
	make_archive();
	archive[5] = '2', expect_damaged();
	set_field(FIELD_NAMESIZE, "00000000"), expect_damaged();
	set_field(FIELD_NAMESIZE, "00000004"), expect_damaged(); /* no terminator within */
	set_field(FIELD_NAMESIZE, "FFFFFFFF"), expect_damaged();
	set_field(FIELD_FILESIZE, "FFFFFFFF"), expect_damaged();
	set_field(FIELD_FILESIZE, "0000000g"), expect_damaged();
	set_field(FIELD_FILESIZE, "      09"), expect_damaged();
	set_field(FIELD_FILESIZE, "-0000009"), expect_damaged();
}

/* Walk it; everything that comes back lies within. */
static void expect_inside(const uint8_t *block, size_t size)
{
	struct cpio_file file;
	size_t offset = 0, steps = 0;

	while (cpio_next(block, size, &offset, &file) == 0) {
		size_t at = (size_t)((const uint8_t *)file.data - block);
		EXPECT_THAT(at <= size && file.size <= size - at);
		EXPECT_THAT(file.name + strlen(file.name) < (const char *)block + size);
		EXPECT_THAT(++steps <= size / HEADER_SIZE);
	}
	EXPECT_THAT(cpio_size(block, size) <= size);
}

static void damaged(void)
{
	archive_size = 0;
	append_file("a", "12345", 5, 4);
	append_file("./bb", "", 0, 4);
	append_file("/c", "xyz", 3, 256);
	append_file(TRAILER, "", 0, 4);
	for (int i = 0; i < 200000 && !test_failed; i++) {
		size_t size = random_below(4) ? archive_size : random_below(archive_size);
		uint8_t *block = block_copy(archive, size);
		damage(block, size);
		expect_inside(block, size);
		free(block);
	}
}

int main(void)
{
	RUN(found);
	RUN(walked);
	RUN(whole_size);
	RUN(cut_short);
	RUN(bad_fields);
	RUN(damaged);
	return tests_failed != 0;
}
