/* What the parts of mksyms share. A host program: any damage in its input ends it with a message. */
#ifndef FINCH_TOOLS_MKSYMS_H
#define FINCH_TOOLS_MKSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A run of bytes, read from the front. */
struct bytes {
	const uint8_t *at;
	const uint8_t *end;
};

/* A growing array of bytes. */
struct buffer {
	uint8_t *data;
	size_t size;
	size_t room;
};

struct function {
	uint32_t address;
	uint32_t size;
	const char *name;
	int rank;   /* which of several names for one address to take: the highest */
	bool label; /* the file gives no size: it reaches to the next one */
};

/* From its address on, up to that of the next, stands code of that file and line; line 0 where that is not known. */
struct line {
	uint32_t address;
	uint32_t file; /* index in files */
	uint32_t line;
	uint32_t order; /* in which it was read */
};

struct program {
	const char *path;
	uint8_t *image;
	size_t size;
	struct function *functions;
	size_t function_count;
	struct line *lines;
	size_t line_count;
	char **files;
	size_t file_count;
};

/* Print a message about the file at work on and exit with status 1. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
/* realloc and calloc that do not return without memory. */
void *grow(void *old, size_t size);

/* bytes.c: numbers from bytes and bytes from numbers, little-endian. Taking beyond the end fails. */
uint8_t take8(struct bytes *from);
uint16_t take16(struct bytes *from);
uint32_t take32(struct bytes *from);
uint64_t take_uleb(struct bytes *from);
int64_t take_sleb(struct bytes *from);
const char *take_string(struct bytes *from);
struct bytes take_bytes(struct bytes *from, uint64_t size);
void put_bytes(struct buffer *to, const void *data, size_t size);
void put32(struct buffer *to, uint32_t value);
void put_number(struct buffer *to, uint32_t value); /* 7 bits a byte */
void pad_to(struct buffer *to, size_t multiple);

/* elf.c: check the ELF file in program->image; find its functions, sorted and without overlap. */
void elf_open(struct program *program);
void elf_functions(struct program *program);
/* The contents of a section, empty if there is none of that name. */
struct bytes elf_section(const struct program *program, const char *name);
/* Write the program without its sections, with table as one more segment, read-only at address. */
void elf_write_program(const struct program *program, const struct buffer *table, uint32_t address, struct buffer *to);

/* lines.c: read the line table (DWARF 2 to 5), sorted by address. */
void dwarf_lines(struct program *program);

/* pack.c: make the table. */
void pack_table(const struct program *program, struct buffer *table);

#endif
