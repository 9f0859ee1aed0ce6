/* Makes the table: see common/symtab_format.h for its layout. */
#include <common/symtab_format.h>
#include <stdlib.h>
#include <string.h>

#include "mksyms.h"

#define NO_NUMBER 0xFFFFFFFFu

/* The table's parts as they grow. */
struct parts {
	struct buffer functions, files, lines, strings;
	uint32_t *file_numbers; /* the program's number of a file -> the table's */
	uint32_t file_count;
};

static uint32_t put_string(struct parts *parts, const char *text)
{
	uint32_t offset = (uint32_t)parts->strings.size;
	put_bytes(&parts->strings, text, strlen(text) + 1);
	return offset;
}

/* Only files that rows name come into the table, numbered as they appear. */
static uint32_t file_number(const struct program *program, struct parts *parts, uint32_t file)
{
	if (parts->file_numbers[file] == NO_NUMBER) {
		parts->file_numbers[file] = parts->file_count++;
		put32(&parts->files, put_string(parts, program->files[file]));
	}
	return parts->file_numbers[file];
}

static uint32_t zigzag(int32_t n)
{
	return n < 0 ? 2 * ~(uint32_t)n + 1 : 2 * (uint32_t)n;
}

/*
 * Put the rows of a function, given the first row that reaches into it. A row that repeats the line before it, or
 * stands for code that no line made (line 0), only makes the row before it longer.
 */
static void put_rows(const struct program *program, struct parts *parts, const struct function *function, size_t row)
{
	uint32_t at = function->address, file = 0, line = 0;
	unsigned rows = 0;
	for (; row < program->line_count; row++) {
		const struct line *next = &program->lines[row];
		uint32_t begin = next->address > at ? next->address : at;
		if (begin - function->address >= function->size || rows == SYMTAB_ROWS_MAX)
			break;
		if (next->line == 0)
			continue;
		uint32_t number = file_number(program, parts, next->file);
		if (rows++ == 0) {
			put_number(&parts->lines, number);
			put_number(&parts->lines, next->line);
		} else if (number != file || next->line != line) {
			put_number(&parts->lines, begin - at);
			put_number(&parts->lines, zigzag((int32_t)(next->line - line)) << 1 | (number != file));
			if (number != file)
				put_number(&parts->lines, number);
			at = begin;
		}
		file = number;
		line = next->line;
	}
	put_number(&parts->lines, 0);
}

/* Whether a row with a line begins at or before the function's first byte or within it; *row: the first that counts. */
static bool find_rows(const struct program *program, const struct function *function, size_t *row)
{
	size_t low = 0, high = program->line_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (program->lines[middle].address <= function->address)
			low = middle + 1;
		else
			high = middle;
	}
	*row = low > 0 ? low - 1 : 0;
	for (size_t i = *row; i < program->line_count; i++) {
		if (program->lines[i].address >= function->address + function->size)
			return false;
		if (program->lines[i].line)
			return true;
	}
	return false;
}

static void put_function(const struct program *program, struct parts *parts, const struct function *function)
{
	size_t row;
	bool lines = find_rows(program, function, &row);
	put32(&parts->functions, function->address);
	put32(&parts->functions, function->size);
	put32(&parts->functions, put_string(parts, function->name));
	put32(&parts->functions, lines ? (uint32_t)parts->lines.size : SYMTAB_NO_LINES);
	if (lines)
		put_rows(program, parts, function, row);
}

void pack_table(const struct program *program, struct buffer *table)
{
	struct parts parts = {.file_numbers = grow(NULL, program->file_count * sizeof(uint32_t))};
	memset(parts.file_numbers, 0xFF, program->file_count * sizeof(uint32_t));
	for (size_t i = 0; i < program->function_count; i++)
		put_function(program, &parts, &program->functions[i]);
	uint32_t lines = (uint32_t)(SYMTAB_HEADER_SIZE + parts.functions.size + parts.files.size);
	uint32_t strings = (uint32_t)(lines + parts.lines.size);
	put32(table, SYMTAB_MAGIC);
	put32(table, SYMTAB_VERSION);
	put32(table, (uint32_t)(strings + parts.strings.size));
	put32(table, (uint32_t)program->function_count);
	put32(table, parts.file_count);
	put32(table, lines);
	put32(table, strings);
	put32(table, 0);
	put_bytes(table, parts.functions.data, parts.functions.size);
	put_bytes(table, parts.files.data, parts.files.size);
	put_bytes(table, parts.lines.data, parts.lines.size);
	put_bytes(table, parts.strings.data, parts.strings.size);
	free(parts.functions.data);
	free(parts.files.data);
	free(parts.lines.data);
	free(parts.strings.data);
	free(parts.file_numbers);
}
