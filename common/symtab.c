/* Look-up in a packed table of functions, files and lines. See symtab.h for what it promises. */
#include <common/string.h>
#include <common/symtab.h>
#include <common/symtab_format.h>

#define READ_AT_ONCE 64

/* A table whose header was read and whose parts lie within it, in order. */
struct table {
	symtab_read *read;
	void *context;
	uint32_t size;
	uint32_t functions; /* how many */
	uint32_t files;     /* how many */
	uint32_t lines;     /* offset */
	uint32_t strings;   /* offset */
};

struct function {
	uint32_t address;
	uint32_t size;
	uint32_t name;
	uint32_t lines;
};

/* The bytes of the table from a given offset up to an end, read in pieces. */
struct stream {
	const struct table *table;
	uint32_t offset; /* of the next piece */
	uint32_t end;
	uint32_t have; /* bytes in piece */
	uint32_t used; /* of them */
	uint8_t piece[READ_AT_ONCE];
};

struct row {
	uint32_t file;
	uint32_t line;
};

static uint32_t word_at(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static bool read_words(const struct table *table, uint32_t offset, uint32_t *words, uint32_t count)
{
	uint8_t bytes[READ_AT_ONCE];
	if (!table->read(table->context, offset, bytes, count * 4))
		return false;
	for (uint32_t i = 0; i < count; i++)
		words[i] = word_at(bytes + i * 4);
	return true;
}

/* Read the header and check that the parts fit, so that no later sum can overflow. */
static bool open_table(struct table *table, symtab_read *read, void *context)
{
	uint32_t header[SYMTAB_HEADER_SIZE / 4];
	table->read = read;
	table->context = context;
	if (!read_words(table, 0, header, SYMTAB_HEADER_SIZE / 4))
		return false;
	table->size = header[SYMTAB_AT_SIZE / 4];
	table->functions = header[SYMTAB_AT_FUNCTIONS / 4];
	table->files = header[SYMTAB_AT_FILES / 4];
	table->lines = header[SYMTAB_AT_LINES / 4];
	table->strings = header[SYMTAB_AT_STRINGS / 4];
	if (header[SYMTAB_AT_MAGIC / 4] != SYMTAB_MAGIC || header[SYMTAB_AT_VERSION / 4] != SYMTAB_VERSION)
		return false;
	if (table->size > SYMTAB_SIZE_MAX || table->strings > table->size || table->lines > table->strings)
		return false;
	if (table->functions > SYMTAB_SIZE_MAX / SYMTAB_FUNCTION_SIZE || table->files > SYMTAB_SIZE_MAX / 4)
		return false;
	return SYMTAB_HEADER_SIZE + table->functions * SYMTAB_FUNCTION_SIZE + table->files * 4 <= table->lines;
}

static bool read_function(const struct table *table, uint32_t index, struct function *function)
{
	uint32_t words[SYMTAB_FUNCTION_SIZE / 4];
	if (!read_words(table, SYMTAB_HEADER_SIZE + index * SYMTAB_FUNCTION_SIZE, words, ARRAY_SIZE(words)))
		return false;
	*function = (struct function){.address = words[0], .size = words[1], .name = words[2], .lines = words[3]};
	return true;
}

/* The last function that does not begin after address, if it reaches that far. */
static bool find_function(const struct table *table, uint32_t address, struct function *found)
{
	uint32_t low = 0, high = table->functions;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (!read_function(table, middle, found))
			return false;
		if (found->address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 && read_function(table, low - 1, found) && found->address <= address &&
	       address - found->address < found->size;
}

static struct stream open_stream(const struct table *table, uint32_t offset, uint32_t end)
{
	return (struct stream){.table = table, .offset = offset, .end = end};
}

static bool next_byte(struct stream *stream, uint8_t *byte)
{
	if (stream->used == stream->have) {
		uint32_t n = MIN(stream->end - stream->offset, (uint32_t)READ_AT_ONCE);
		if (n == 0 || !stream->table->read(stream->table->context, stream->offset, stream->piece, n))
			return false;
		stream->offset += n;
		stream->have = n;
		stream->used = 0;
	}
	*byte = stream->piece[stream->used++];
	return true;
}

/* A number of 7 bits a byte; false at the end, and for one of more than 32 bits. */
static bool next_number(struct stream *stream, uint32_t *number)
{
	*number = 0;
	for (unsigned shift = 0; shift < 32; shift += 7) {
		uint8_t byte;
		if (!next_byte(stream, &byte))
			return false;
		if (shift == 28 && byte > 0x0F)
			return false;
		*number |= (uint32_t)(byte & 0x7F) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

/* Take the next row's numbers; false when there are no more rows, or none that make sense. */
static bool next_row(struct stream *stream, uint32_t *distance, struct row *row)
{
	uint32_t code;
	if (!next_number(stream, distance) || *distance == 0 || !next_number(stream, &code))
		return false;
	if ((code & 1) && !next_number(stream, &row->file))
		return false;
	uint32_t zigzag = code >> 1;
	row->line += zigzag & 1 ? ~(zigzag >> 1) : zigzag >> 1;
	return true;
}

/* The row that holds at offset within the function. */
static bool find_row(const struct table *table, const struct function *function, uint32_t offset, struct row *found)
{
	if (function->lines >= table->strings - table->lines)
		return false;
	struct stream stream = open_stream(table, table->lines + function->lines, table->strings);
	if (!next_number(&stream, &found->file) || !next_number(&stream, &found->line))
		return false;
	struct row row = *found;
	uint32_t distance, rest = offset;
	for (unsigned i = 0; i < SYMTAB_ROWS_MAX && next_row(&stream, &distance, &row) && distance <= rest; i++) {
		rest -= distance;
		*found = row;
	}
	return true;
}

/* Copy the string at offset within strings, cut to size - 1 bytes, what is not printable replaced. */
static void read_string(const struct table *table, uint32_t offset, char *to, size_t size)
{
	uint8_t byte;
	size_t length = 0;
	if (offset < table->size - table->strings) {
		struct stream stream = open_stream(table, table->strings + offset, table->size);
		while (length < size - 1 && next_byte(&stream, &byte) && byte)
			to[length++] = byte > ' ' && byte < 0x7F ? (char)byte : '?';
	}
	to[length] = '\0';
}

bool symtab_find(symtab_read *read, void *context, uintptr_t address, struct symtab_place *place)
{
	struct table table;
	struct function function;
	struct row row;
	uint32_t file_name;

	*place = (struct symtab_place){0};
	if (address != (uint32_t)address || !open_table(&table, read, context) ||
	    !find_function(&table, (uint32_t)address, &function))
		return false;
	place->offset = (uint32_t)address - function.address;
	read_string(&table, function.name, place->function, sizeof(place->function));
	if (!find_row(&table, &function, place->offset, &row) || row.file >= table.files ||
	    !read_words(&table, SYMTAB_HEADER_SIZE + table.functions * SYMTAB_FUNCTION_SIZE + row.file * 4, &file_name, 1))
		return place->function[0] != '\0';
	place->line = row.line;
	read_string(&table, file_name, place->file, sizeof(place->file));
	return place->function[0] != '\0';
}

bool symtab_address(symtab_read *read, void *context, const char *name, uintptr_t *address)
{
	struct table table;
	struct function function;
	char text[SYMTAB_NAME_MAX];

	if (!open_table(&table, read, context))
		return false;
	for (uint32_t i = 0; i < table.functions && read_function(&table, i, &function); i++) {
		read_string(&table, function.name, text, sizeof(text));
		if (strcmp(text, name) == 0) {
			*address = function.address;
			return true;
		}
	}
	return false;
}
