/*
 * Host test of libos/snapshot.c: what is written is read again; and of a checkpoint with any byte changed, cut off anywhere,
 * with records missing, twice or exchanged, nothing is taken for good, and the reader says what is wrong.
 */
#define TEST_GROUP "snapshot"
#include "host.h"

#include <abi/error.h>
#include <common/crc32.c>
#include <libos/snapshot.c>

/* What has been written, and how far it has been read. */
static uint8_t bytes[1 << 16];
static size_t written, taken, limit;
static size_t starts[32]; /* of each record, and the end */
static unsigned records;

static int put(const void *data, size_t n, void *arg)
{
	(void)arg;
	if (n > sizeof bytes - written)
		return -E_NO_MEM;
	memcpy(bytes + written, data, n);
	written += n;
	return 0;
}

static int get(void *data, size_t n, void *arg)
{
	const uint8_t *from = arg;

	if (n > limit - taken)
		return -E_EOF;
	memcpy(data, from + taken, n);
	taken += n;
	return 0;
}

static void add(struct snapshot_writer *writer, uint32_t kind, uint32_t value, const void *data)
{
	EXPECT(0, snapshot_add(writer, kind, value, data));
	starts[++records] = written;
}

#define PERM 7u

static uint8_t page[SNAPSHOT_PAGE], state[1024];

/* A checkpoint of all kinds of records, small enough to damage everywhere. */
static void write_all(void)
{
	struct snapshot_writer writer;
	const uint8_t earlier[4] = { 0x00, 0x10, 0x80, 0x00 };

	for (size_t i = 0; i < sizeof page; i++)
		page[i] = (uint8_t)(i * 7 + i / 256);
	for (size_t i = 0; i < sizeof state; i++)
		state[i] = (uint8_t)(i * 5 + 1);
	written = 0;
	records = 0;
	EXPECT(0, snapshot_begin(&writer, put, NULL));
	starts[0] = written;
	for (uint32_t part = 1; part < SNAPSHOT_PARTS; part++)
		add(&writer, SNAPSHOT_STATE, part, state);
	add(&writer, SNAPSHOT_ARCHIVE, 0, NULL);
	add(&writer, SNAPSHOT_ZERO, 0x00800000 | PERM, NULL);
	add(&writer, SNAPSHOT_DATA, 0x00801000 | PERM, page);
	add(&writer, SNAPSHOT_EQUAL, 0x00900000 | PERM, earlier);
	add(&writer, SNAPSHOT_SAME, 0xEEBFF000 | PERM, earlier);
	EXPECT(0, snapshot_end(&writer));
	starts[++records] = written;
}

/* Read it all. The number of records, or -1; then reader->wrong must say why. */
static int read_all(const uint8_t *from, size_t size, const char **wrong)
{
	struct snapshot_reader reader;
	struct snapshot_record *record = malloc(sizeof *record);
	int n = 0, more;

	taken = 0;
	limit = size;
	more = snapshot_open(&reader, get, (void *)(uintptr_t)from);
	if (more == 0)
		while ((more = snapshot_next(&reader, record)) == 1)
			n++;
	free(record);
	if (more < 0) {
		EXPECT(-E_INVAL, more);
		EXPECT_THAT(reader.wrong != NULL);
	}
	if (wrong)
		*wrong = reader.wrong;
	return more < 0 ? -1 : n;
}

static void expect_wrong(const uint8_t *from, size_t size, const char *why)
{
	const char *wrong;

	EXPECT(-1, read_all(from, size, &wrong));
	EXPECT_TEXT(why, wrong ? wrong : "(nothing)");
}

static void read_again(void)
{
	static const uint32_t kinds[] = { 1, 1, 1, 1, 1, 2, 4, 3, 5, 6 };
	struct snapshot_reader reader;
	static struct snapshot_record record;

	write_all();
	taken = 0;
	limit = written;
	EXPECT(0, snapshot_open(&reader, get, bytes));
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		/* SNAPSHOT_ZERO is 4, SNAPSHOT_DATA 3 */
		EXPECT(1, snapshot_next(&reader, &record));
		EXPECT(kinds[i], record.kind);
		if (record.kind == SNAPSHOT_STATE)
			EXPECT(0, memcmp(record.data, state, record.size));
		if (record.kind == SNAPSHOT_DATA)
			EXPECT(0, memcmp(record.data, page, sizeof page));
	}
	EXPECT(0xEEBFF000, snapshot_va(record.value));
	EXPECT(0x00801000, snapshot_word(record.data));
	EXPECT(0, snapshot_next(&reader, &record));
	EXPECT(written, taken);
}

static void every_byte(void)
{
	write_all();
	for (size_t i = 0; i < written && !test_failed; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			bytes[i] ^= 1u << bit;
			EXPECT(-1, read_all(bytes, written, NULL));
			bytes[i] ^= 1u << bit;
		}
		bytes[i] ^= 0xFF;
		EXPECT(-1, read_all(bytes, written, NULL));
		bytes[i] ^= 0xFF;
	}
	EXPECT(11 - 1, read_all(bytes, written, NULL));
}

static void every_truncation(void)
{
	write_all();
	for (size_t size = 0; size < written && !test_failed; size++) {
		uint8_t *block = block_copy(bytes, size);
		expect_wrong(block, size, "it ends before its end");
		free(block);
	}
}

/* Records that are whole, but not where they were. */
static void moved_records(void)
{
	static uint8_t other[sizeof bytes];

	write_all();
	for (unsigned i = 0; i < records; i++) {
		size_t from = starts[i], to = starts[i + 1], n = to - from;
		/* without it */
		memcpy(other, bytes, from);
		memcpy(other + from, bytes + to, written - to);
		EXPECT(-1, read_all(other, written - n, NULL));
		/* twice; the last is twice behind the end, which nobody reads */
		memcpy(other, bytes, to);
		memcpy(other + to, bytes + from, written - from);
		EXPECT(i + 1 == records ? (int)records - 1 : -1, read_all(other, written + n, NULL));
		if (i + 1 == records)
			continue;
		/* after the next one */
		size_t next = starts[i + 2] - to;
		memcpy(other, bytes, written);
		memcpy(other + from, bytes + to, next);
		memcpy(other + from + next, bytes + from, n);
		EXPECT(-1, read_all(other, written, NULL));
	}
}

/* Records with right checksums that do not go together. */
static void wrong_records(void)
{
	static const struct {
		uint32_t kind, value, word;
		const char *why;
	} cases[] = {
		{ SNAPSHOT_ZERO, 0xEEC00000 | PERM, 0, "a page lies outside of user memory" },
		{ SNAPSHOT_ZERO, 0xFFFFF000 | PERM, 0, "a page lies outside of user memory" },
		{ SNAPSHOT_ZERO, 0x00900000 | 1, 0, "a page has permissions that none can have" },
		{ SNAPSHOT_ZERO, 0x00900000 | PERM | 8, 0, "a page has permissions that none can have" },
		{ SNAPSHOT_ZERO, 0x00801000 | PERM, 0, "pages are not in order" },
		{ SNAPSHOT_EQUAL, 0x00900000 | PERM, 0x00900000, "a page is like one that has not come before" },
		{ SNAPSHOT_SAME, 0x00900000 | PERM, 0x00801001, "a page is like one that has not come before" },
		{ SNAPSHOT_STATE, 1, 0, "a part of the state comes after pages" },
		{ SNAPSHOT_STATE, 6, 0, "it has an unknown part of the state" },
		{ SNAPSHOT_STATE, 0, 0, "it has an unknown part of the state" },
		{ SNAPSHOT_ARCHIVE, 0, 0, "the boot archive comes twice, or after pages" },
		{ SNAPSHOT_END, 7, 0, "records are missing" },
		{ 0, 0, 0, "it has a record of an unknown kind" },
		{ SNAPSHOT_KINDS, 0, 0, "it has a record of an unknown kind" },
	};

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct snapshot_writer writer;
		uint8_t data[1024] = { 0 };
		written = 0;
		snapshot_begin(&writer, put, NULL);
		for (uint32_t part = 1; part < SNAPSHOT_PARTS; part++)
			snapshot_add(&writer, SNAPSHOT_STATE, part, state);
		snapshot_add(&writer, SNAPSHOT_DATA, 0x00801000 | PERM, page);
		set_word(data, cases[i].word);
		snapshot_add(&writer, cases[i].kind, cases[i].value, data);
		snapshot_end(&writer);
		expect_wrong(bytes, written, cases[i].why);
	}
}

static void missing_and_twice(void)
{
	struct snapshot_writer writer;

	written = 0;
	snapshot_begin(&writer, put, NULL);
	snapshot_add(&writer, SNAPSHOT_STATE, 1, state);
	snapshot_end(&writer);
	expect_wrong(bytes, written, "a part of the state is missing");
	written = 0;
	snapshot_begin(&writer, put, NULL);
	snapshot_add(&writer, SNAPSHOT_STATE, 2, state);
	snapshot_add(&writer, SNAPSHOT_STATE, 2, state);
	expect_wrong(bytes, written, "a part of the state comes twice");
}

static void other_headers(void)
{
	static const struct {
		unsigned at;
		uint8_t byte;
		const char *why;
	} cases[] = {
		{ 0, 'f', "it is no checkpoint" },
		{ 8, 2, "it is of another version" },
		{ 12, 2, "it is of another kind of machine" },
		{ 17, 0x20, "its pages are of another size" },
		{ 20, 1, "its header is not understood" },
		{ 27, 1, "its header is not understood" },
	};

	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		write_all();
		bytes[cases[i].at] = cases[i].byte;
		set_word(bytes + 28, crc32(0, bytes, 28));
		expect_wrong(bytes, written, cases[i].why);
	}
}

static int put_fails(const void *data, size_t n, void *arg)
{
	int *left = arg;

	(void)data;
	(void)n;
	return (*left)-- > 0 ? 0 : -E_NO_DISK;
}

/* Every error of who takes the bytes comes back. */
static void no_room(void)
{
	for (int calls = 0; calls < 8; calls++) {
		struct snapshot_writer writer;
		int left = calls;
		int err = snapshot_begin(&writer, put_fails, &left);
		if (err == 0)
			err = snapshot_add(&writer, SNAPSHOT_DATA, 0x00801000 | PERM, page);
		if (err == 0)
			err = snapshot_end(&writer);
		EXPECT(calls < 7 ? -E_NO_DISK : 0, err);
	}
}

int main(void)
{
	RUN(read_again);
	RUN(every_byte);
	RUN(every_truncation);
	RUN(moved_records);
	RUN(wrong_records);
	RUN(missing_and_twice);
	RUN(other_headers);
	RUN(no_room);
	return tests_failed != 0;
}
