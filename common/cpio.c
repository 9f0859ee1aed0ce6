/* Reading the boot archive: cpio in the "newc" form, everything distrusted. */
#include <abi/error.h>
#include <common/cpio.h>
#include <common/string.h>

#define MAGIC "070701"
#define TRAILER "TRAILER!!!"
#define HEADER_SIZE 110
/* The places of the numbers used, of the 13 that follow the magic. */
enum { FIELD_MODE = 1, FIELD_FILESIZE = 6, FIELD_NAMESIZE = 11 };

/* A record with its places worked out: all within the archive. */
struct record {
	const char *name;
	size_t data; /* offset of the data from the archive's start */
	size_t filesize;
	size_t next; /* offset of the next record; may be past the archive's end by its padding */
};

/* The 8 hexadecimal digits of number i in the header; false if they are none. */
static bool read_field(const char *header, int i, uint32_t *value)
{
	*value = 0;
	for (const char *p = header + 6 + 8 * i, *end = p + 8; p < end; p++) {
		uint32_t digit;
		if (*p >= '0' && *p <= '9')
			digit = (uint32_t)(*p - '0');
		else if ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f')
			digit = (uint32_t)((*p | 0x20) - 'a') + 10;
		else
			return false;
		*value = *value << 4 | digit;
	}
	return true;
}

/* Work out the record at offset; false if it is damaged or passes the archive's end. */
static bool read_record(const char *archive, size_t size, size_t offset, struct record *record)
{
	uint32_t namesize, filesize;
	const char *header = archive + offset;

	if (offset % 4 != 0 || offset > size || size - offset < HEADER_SIZE || memcmp(header, MAGIC, 6) != 0)
		return false;
	if (!read_field(header, FIELD_FILESIZE, &filesize) || !read_field(header, FIELD_NAMESIZE, &namesize))
		return false;
	if (namesize == 0 || namesize > size - offset - HEADER_SIZE)
		return false;
	record->name = header + HEADER_SIZE;
	if (strnlen(record->name, namesize) == namesize)
		return false;

	record->data = ROUNDUP(offset + HEADER_SIZE + namesize, 4);
	if (record->data > size || filesize > size - record->data)
		return false;
	record->filesize = filesize;
	size_t pad = (4 - filesize % 4) % 4;
	record->next = record->data + filesize + pad;
	return true;
}

static const char *plain_name(const char *name)
{
	for (;;) {
		if (name[0] == '/')
			name++;
		else if (name[0] == '.' && name[1] == '/')
			name += 2;
		else
			return name;
	}
}

int cpio_next(const void *archive, size_t size, size_t *offset, struct cpio_file *file)
{
	struct record record;

	if (!read_record(archive, size, *offset, &record))
		return -E_INVAL;
	if (strcmp(record.name, TRAILER) == 0)
		return -E_NOT_FOUND;
	if (!read_field((const char *)archive + *offset, FIELD_MODE, &file->mode))
		return -E_INVAL;
	*offset = record.next;
	file->name = plain_name(record.name);
	file->data = (const char *)archive + record.data;
	file->size = record.filesize;
	return 0;
}

int cpio_find(const void *archive, size_t size, const char *name, const void **data, size_t *len)
{
	struct cpio_file file;
	size_t offset = 0;
	int err;

	while ((err = cpio_next(archive, size, &offset, &file)) == 0) {
		if (strcmp(file.name, name) != 0)
			continue;
		*data = file.data;
		*len = file.size;
		return 0;
	}
	return err;
}

size_t cpio_size(const void *archive, size_t size)
{
	struct cpio_file file;
	struct record trailer;
	size_t offset = 0;
	int err;

	while ((err = cpio_next(archive, size, &offset, &file)) == 0)
		;
	if (err != -E_NOT_FOUND || !read_record(archive, size, offset, &trailer))
		return 0;
	return MIN(trailer.next, size);
}
