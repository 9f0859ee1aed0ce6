/* The bytes of a checkpoint: see snapshot.h. */
#include <abi/error.h>
#include <common/crc32.h>
#include <common/string.h>
#include "snapshot.h"

#define HEADER_SIZE 32
#define HEAD_SIZE 12 /* of a record: kind, value, size of the data */

static const char magic[8] = "FINCHCKP"; /* without a zero at the end */

/* The sizes of the parts of the state, as <abi/state.h> has them; checkpoint_file.c asserts it. */
static const uint16_t part_sizes[SNAPSHOT_PARTS] = { 0, 80, 840, 12, 28, 32 };

uint32_t snapshot_size(uint32_t kind, uint32_t value)
{
	switch (kind) {
	case SNAPSHOT_STATE:
		return value < SNAPSHOT_PARTS ? part_sizes[value] : 0;
	case SNAPSHOT_DATA:
		return SNAPSHOT_PAGE;
	case SNAPSHOT_EQUAL:
	case SNAPSHOT_SAME:
		return 4;
	default:
		return 0;
	}
}

static void set_word(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* --- Writing --- */

static int write_bytes(struct snapshot_writer *writer, const void *data, uint32_t n)
{
	writer->crc = crc32(writer->crc, data, n);
	return n ? writer->put(data, n, writer->arg) : 0;
}

/* The checksum of all that has been written, but for checksums: with its own checksum any text has the same one. */
static int write_crc(struct snapshot_writer *writer)
{
	uint8_t bytes[4];

	set_word(bytes, writer->crc);
	return writer->put(bytes, sizeof bytes, writer->arg);
}

int snapshot_begin(struct snapshot_writer *writer, snapshot_put put, void *arg)
{
	uint8_t header[HEADER_SIZE - 4] = { 0 };

	*writer = (struct snapshot_writer){ .put = put, .arg = arg };
	memcpy(header, magic, sizeof magic);
	set_word(header + 8, SNAPSHOT_VERSION);
	set_word(header + 12, SNAPSHOT_MACHINE);
	set_word(header + 16, SNAPSHOT_PAGE);
	int err = write_bytes(writer, header, sizeof header);
	return err < 0 ? err : write_crc(writer);
}

int snapshot_add(struct snapshot_writer *writer, uint32_t kind, uint32_t value, const void *data)
{
	uint32_t size = snapshot_size(kind, value);
	uint8_t head[HEAD_SIZE];

	set_word(head, kind);
	set_word(head + 4, value);
	set_word(head + 8, size);
	int err = write_bytes(writer, head, sizeof head);
	if (err == 0)
		err = write_bytes(writer, data, size);
	if (err == 0)
		err = write_crc(writer);
	writer->records++;
	return err;
}

int snapshot_end(struct snapshot_writer *writer)
{
	return snapshot_add(writer, SNAPSHOT_END, writer->records, NULL);
}

/* --- Reading --- */

static int refuse(struct snapshot_reader *reader, const char *wrong)
{
	reader->wrong = wrong;
	return -E_INVAL;
}

static int read_plain(struct snapshot_reader *reader, uint8_t *data, uint32_t n)
{
	return n && reader->get(data, n, reader->arg) < 0 ? refuse(reader, "it ends before its end") : 0;
}

static int read_bytes(struct snapshot_reader *reader, uint8_t *data, uint32_t n)
{
	int err = read_plain(reader, data, n);

	if (err == 0)
		reader->crc = crc32(reader->crc, data, n);
	return err;
}

/* The checksum that follows must be that of all that was read. */
static int read_crc(struct snapshot_reader *reader)
{
	uint8_t bytes[4];
	int err = read_plain(reader, bytes, sizeof bytes);

	if (err < 0)
		return err;
	return snapshot_word(bytes) == reader->crc ? 0 : refuse(reader, "a checksum is wrong: it is damaged");
}

int snapshot_open(struct snapshot_reader *reader, snapshot_get get, void *arg)
{
	uint8_t header[HEADER_SIZE - 4];

	*reader = (struct snapshot_reader){ .get = get, .arg = arg };
	int err = read_bytes(reader, header, sizeof header);
	if (err < 0)
		return err;
	if (memcmp(header, magic, sizeof magic) != 0)
		return refuse(reader, "it is no checkpoint");
	/* The version first: a later one may have another header from here on. */
	if (snapshot_word(header + 8) != SNAPSHOT_VERSION)
		return refuse(reader, "it is of another version");
	if ((err = read_crc(reader)) < 0)
		return err;
	if (snapshot_word(header + 12) != SNAPSHOT_MACHINE)
		return refuse(reader, "it is of another kind of machine");
	if (snapshot_word(header + 16) != SNAPSHOT_PAGE)
		return refuse(reader, "its pages are of another size");
	for (int i = 20; i < HEADER_SIZE - 4; i++)
		if (header[i])
			return refuse(reader, "its header is not understood");
	return 0;
}

static bool is_page(uint32_t kind)
{
	return kind == SNAPSHOT_DATA || kind == SNAPSHOT_ZERO || kind == SNAPSHOT_EQUAL || kind == SNAPSHOT_SAME;
}

static int check_page(struct snapshot_reader *reader, const struct snapshot_record *record)
{
	uint32_t va = snapshot_va(record->value), perm = snapshot_perm(record->value);

	if (va >= SNAPSHOT_TOP)
		return refuse(reader, "a page lies outside of user memory");
	if ((perm & SNAPSHOT_MUST) != SNAPSHOT_MUST || perm & ~SNAPSHOT_MAY)
		return refuse(reader, "a page has permissions that none can have");
	if (va < reader->next)
		return refuse(reader, "pages are not in order");
	if (record->kind == SNAPSHOT_EQUAL || record->kind == SNAPSHOT_SAME) {
		uint32_t earlier = snapshot_word(record->data);
		if (earlier % SNAPSHOT_PAGE || earlier >= va)
			return refuse(reader, "a page is like one that has not come before");
	}
	reader->next = va + SNAPSHOT_PAGE;
	return 0;
}

static int check_part(struct snapshot_reader *reader, const struct snapshot_record *record)
{
	uint32_t bit = 1u << record->value;

	if (reader->next)
		return refuse(reader, "a part of the state comes after pages");
	if (reader->parts & bit)
		return refuse(reader, "a part of the state comes twice");
	reader->parts |= bit;
	return 0;
}

static int check_archive(struct snapshot_reader *reader, const struct snapshot_record *record)
{
	if (reader->archive || reader->next || record->value)
		return refuse(reader, "the boot archive comes twice, or after pages");
	reader->archive = true;
	return 0;
}

static int check_end(struct snapshot_reader *reader, const struct snapshot_record *record)
{
	if (reader->parts != (1u << SNAPSHOT_PARTS) - 2)
		return refuse(reader, "a part of the state is missing");
	return record->value == reader->records ? 0 : refuse(reader, "records are missing");
}

static int check_record(struct snapshot_reader *reader, const struct snapshot_record *record)
{
	if (is_page(record->kind))
		return check_page(reader, record);
	if (record->kind == SNAPSHOT_STATE)
		return check_part(reader, record);
	return record->kind == SNAPSHOT_ARCHIVE ? check_archive(reader, record) : check_end(reader, record);
}

/* Its kind, value and size, as far as they can be told without the rest. */
static int read_head(struct snapshot_reader *reader, struct snapshot_record *record)
{
	uint8_t head[HEAD_SIZE];
	int err = read_bytes(reader, head, sizeof head);

	if (err < 0)
		return err;
	record->kind = snapshot_word(head);
	record->value = snapshot_word(head + 4);
	record->size = snapshot_word(head + 8);
	if (record->kind == 0 || record->kind >= SNAPSHOT_KINDS)
		return refuse(reader, "it has a record of an unknown kind");
	if (record->kind == SNAPSHOT_STATE && snapshot_size(record->kind, record->value) == 0)
		return refuse(reader, "it has an unknown part of the state");
	return record->size == snapshot_size(record->kind, record->value) ? 0 : refuse(reader, "a record has a wrong size");
}

int snapshot_next(struct snapshot_reader *reader, struct snapshot_record *record)
{
	int err = read_head(reader, record);

	if (err == 0)
		err = read_bytes(reader, record->data, record->size);
	if (err == 0)
		err = read_crc(reader);
	if (err == 0)
		err = check_record(reader, record);
	if (err < 0)
		return err;
	reader->records++;
	return record->kind != SNAPSHOT_END;
}
