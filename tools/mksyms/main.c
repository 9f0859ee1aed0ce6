/*
 * mksyms: packs the functions, files and lines of a linked program into the table that backtraces are printed from.
 *
 *     mksyms ELF TABLE              write the table alone (it is linked into the kernel: see kernel.S)
 *     mksyms --program ELF OUT      write the program as it goes into the boot archive: without sections, thus without
 *                                   debugging data, and with the table as a read-only segment at 0x00200000
 *
 * ELF is for 32-bit x86, with DWARF line numbers if it was compiled with -g; what it lacks the table lacks. The
 * layout of the table is in common/symtab_format.h. Takes a few milliseconds a program.
 */
#include <common/symtab_format.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mksyms.h"

#define USTABDATA 0x00200000 /* as in the layout of the i386 */

static const char *working_on;

void fail(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fprintf(stderr, "mksyms: %s: ", working_on);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

void *grow(void *old, size_t size)
{
	void *new = realloc(old, size ? size : 1);
	if (!new)
		fail("out of memory");
	return new;
}

static void read_file(struct program *program)
{
	FILE *file = fopen(program->path, "rb");
	if (!file)
		fail("cannot be opened");
	size_t room = 1 << 16, n;
	program->image = grow(NULL, room);
	while ((n = fread(program->image + program->size, 1, room - program->size, file)) > 0) {
		program->size += n;
		if (program->size == room)
			program->image = grow(program->image, room *= 2);
	}
	if (ferror(file))
		fail("cannot be read");
	fclose(file);
}

static void write_file(const char *path, const struct buffer *content)
{
	working_on = path;
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(content->data, 1, content->size, file) != content->size || fclose(file))
		fail("cannot be written");
}

int main(int argc, char **argv)
{
	bool whole = argc > 1 && !strcmp(argv[1], "--program");
	if (argc != (whole ? 4 : 3)) {
		fprintf(stderr, "usage: mksyms [--program] ELF OUT\n");
		return 2;
	}
	struct program program = {.path = argv[argc - 2]};
	struct buffer table = {0}, out = {0};
	working_on = program.path;
	read_file(&program);
	elf_open(&program);
	elf_functions(&program);
	dwarf_lines(&program);
	pack_table(&program, &table);
	if (table.size > SYMTAB_SIZE_MAX)
		fail("its table of symbols is larger than %d bytes", (int)SYMTAB_SIZE_MAX);
	if (whole)
		elf_write_program(&program, &table, USTABDATA, &out);
	write_file(argv[argc - 1], whole ? &out : &table);
	return 0;
}
