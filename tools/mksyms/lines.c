/*
 * The line table: runs each line program of .debug_line and keeps the rows.
 * Source: DWARF Debugging Information Format, version 5, section 6.2; version 4, section 6.2; of the latter's
 * layout are versions 2 and 3 too.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mksyms.h"

enum { FORM_BLOCK2 = 0x03, FORM_BLOCK4 = 0x04, FORM_DATA2 = 0x05, FORM_DATA4 = 0x06, FORM_DATA8 = 0x07,
       FORM_STRING = 0x08, FORM_BLOCK = 0x09, FORM_BLOCK1 = 0x0A, FORM_DATA1 = 0x0B, FORM_STRP = 0x0E,
       FORM_UDATA = 0x0F, FORM_DATA16 = 0x1E, FORM_LINE_STRP = 0x1F };
enum { CONTENT_PATH = 1, CONTENT_DIRECTORY = 2 };
enum { LNS_COPY = 1, LNS_ADVANCE_PC, LNS_ADVANCE_LINE, LNS_SET_FILE, LNS_SET_COLUMN, LNS_NEGATE_STMT,
       LNS_BASIC_BLOCK, LNS_CONST_ADD_PC, LNS_FIXED_ADVANCE_PC };
enum { LNE_END_SEQUENCE = 1, LNE_SET_ADDRESS, LNE_DEFINE_FILE };

#define NO_FILE 0xFFFFFFFFu

/* One unit's tables of names, and what its line program needs to know. */
struct unit {
	struct bytes debug_str, debug_line_str;
	const char **directories;
	size_t directory_count;
	uint32_t *files; /* the unit's number of a file -> ours */
	size_t file_count;
	unsigned version, least_instruction, line_range, opcode_base;
	int line_base;
	uint8_t opcode_lengths[256];
};

struct entry {
	const char *path;
	uint64_t directory;
};

/* Join directory and name, both relative to the place of the build where they lie below it, without "." and "..". */
static char *tidy_path(const char *base, const char *directory, const char *name)
{
	char here[4096], *path = grow(NULL, strlen(directory) + strlen(name) + 2), *to = path, *part, *rest;
	path[0] = '\0';
	if (name[0] != '/' && directory[0])
		strcat(strcpy(path, directory), "/");
	strcat(path, name);
	if (!getcwd(here, sizeof(here)))
		here[0] = '\0';
	for (unsigned i = 0; i < 2; i++) {
		const char *prefix = i ? here : base;
		size_t length = strlen(prefix);
		if (length && !strncmp(path, prefix, length) && path[length] == '/')
			memmove(path, path + length + 1, strlen(path + length + 1) + 1);
	}
	char *tidy = grow(NULL, strlen(path) + 2);
	to = tidy;
	if (path[0] == '/')
		*to++ = '/';
	*to = '\0';
	for (part = strtok_r(path, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
		char *before = to;
		while (before > tidy && before[-1] != '/')
			before--;
		if (!strcmp(part, "."))
			continue;
		if (!strcmp(part, "..") && to > before && strcmp(before, "..")) {
			to = before > tidy + 1 ? before - 1 : before;
			*to = '\0';
			continue;
		}
		if (to > tidy && to[-1] != '/')
			*to++ = '/';
		strcpy(to, part);
		to += strlen(part);
	}
	free(path);
	return tidy;
}

static uint32_t add_file(struct program *program, char *path)
{
	for (size_t i = program->file_count; i-- > 0;)
		if (!strcmp(program->files[i], path)) {
			free(path);
			return (uint32_t)i;
		}
	program->files = grow(program->files, (program->file_count + 1) * sizeof(char *));
	program->files[program->file_count] = path;
	return (uint32_t)program->file_count++;
}

static void add_unit_file(struct program *program, struct unit *unit, const char *name, uint64_t directory)
{
	const char *base = unit->directory_count ? unit->directories[0] : "";
	const char *within = directory < unit->directory_count ? unit->directories[directory] : "";
	unit->files = grow(unit->files, (unit->file_count + 1) * sizeof(uint32_t));
	unit->files[unit->file_count++] = add_file(program, tidy_path(base, within, name));
}

static void add_directory(struct unit *unit, const char *name)
{
	unit->directories = grow(unit->directories, (unit->directory_count + 1) * sizeof(char *));
	unit->directories[unit->directory_count++] = name;
}

static const char *string_at(struct bytes section, uint32_t offset)
{
	take_bytes(&section, offset);
	return take_string(&section);
}

/* Take a value of the given form; those of text go to *text, numbers are returned. */
static uint64_t take_form(struct unit *unit, struct bytes *from, uint64_t form, const char **text)
{
	switch (form) {
	case FORM_STRING: *text = take_string(from); return 0;
	case FORM_STRP: *text = string_at(unit->debug_str, take32(from)); return 0;
	case FORM_LINE_STRP: *text = string_at(unit->debug_line_str, take32(from)); return 0;
	case FORM_UDATA: return take_uleb(from);
	case FORM_DATA1: return take8(from);
	case FORM_DATA2: return take16(from);
	case FORM_DATA4: return take32(from);
	case FORM_DATA8: take_bytes(from, 8); return 0;
	case FORM_DATA16: take_bytes(from, 16); return 0;
	case FORM_BLOCK: take_bytes(from, take_uleb(from)); return 0;
	case FORM_BLOCK1: take_bytes(from, take8(from)); return 0;
	case FORM_BLOCK2: take_bytes(from, take16(from)); return 0;
	case FORM_BLOCK4: take_bytes(from, take32(from)); return 0;
	default: fail("its line table has a form that is not known: 0x%x", (unsigned)form);
	}
}

/* A table of directories or files as of version 5: what each entry holds, then the entries. */
static struct entry *take_entries(struct unit *unit, struct bytes *from, size_t *count)
{
	struct bytes format = *from;
	unsigned fields = take8(from);
	for (unsigned i = 0; i < 2 * fields; i++)
		take_uleb(from);
	*count = take_uleb(from);
	if (*count > (size_t)(from->end - from->at))
		fail("damaged: more names than bytes in its line table");
	struct entry *entries = grow(NULL, *count * sizeof(*entries));
	for (size_t i = 0; i < *count; i++) {
		struct bytes at = format;
		entries[i] = (struct entry){.path = ""};
		take8(&at);
		for (unsigned f = 0; f < fields; f++) {
			uint64_t content = take_uleb(&at), form = take_uleb(&at);
			const char *text = "";
			uint64_t number = take_form(unit, from, form, &text);
			if (content == CONTENT_PATH)
				entries[i].path = text;
			if (content == CONTENT_DIRECTORY)
				entries[i].directory = number;
		}
	}
	return entries;
}

static void take_names_5(struct program *program, struct unit *unit, struct bytes *header)
{
	size_t count;
	struct entry *entries = take_entries(unit, header, &count);
	for (size_t i = 0; i < count; i++)
		add_directory(unit, entries[i].path);
	free(entries);
	entries = take_entries(unit, header, &count);
	for (size_t i = 0; i < count; i++)
		add_unit_file(program, unit, entries[i].path, entries[i].directory);
	free(entries);
}

/* Up to version 4 numbers begin at 1, and 0 is the directory of the build, whose name stands elsewhere. */
static void take_names_4(struct program *program, struct unit *unit, struct bytes *header)
{
	const char *name;
	add_directory(unit, "");
	while (*(name = take_string(header)))
		add_directory(unit, name);
	add_unit_file(program, unit, "?", 0);
	while (*(name = take_string(header))) {
		add_unit_file(program, unit, name, take_uleb(header));
		take_uleb(header);
		take_uleb(header);
	}
}

static void add_row(struct program *program, struct unit *unit, uint32_t address, uint64_t file, uint32_t line)
{
	static size_t room;
	if (program->line_count == room) {
		room = room ? 2 * room : 4096;
		program->lines = grow(program->lines, room * sizeof(struct line));
	}
	uint32_t ours = file < unit->file_count ? unit->files[file] : NO_FILE;
	program->lines[program->line_count] = (struct line){.address = address, .file = ours == NO_FILE ? 0 : ours,
							    .line = ours == NO_FILE ? 0 : line,
							    .order = (uint32_t)program->line_count};
	program->line_count++;
}

/* A sequence ends at this address: its rows for that have nothing that they are about, but what begins there may have. */
static void drop_empty_rows(struct program *program, uint32_t end)
{
	while (program->line_count > 0) {
		const struct line *last = &program->lines[program->line_count - 1];
		if (last->address != end || last->line == 0)
			break;
		program->line_count--;
	}
}

/* The registers of the line program that matter here. */
struct registers {
	uint32_t address;
	uint64_t file;
	uint32_t line;
};

static const struct registers at_start = {.file = 1, .line = 1};

static void run_extended(struct program *program, struct unit *unit, struct bytes *code, struct registers *now)
{
	struct bytes operands = take_bytes(code, take_uleb(code));
	if (operands.at == operands.end)
		return;
	switch (take8(&operands)) {
	case LNE_END_SEQUENCE:
		drop_empty_rows(program, now->address);
		add_row(program, unit, now->address, NO_FILE, 0);
		*now = at_start;
		break;
	case LNE_SET_ADDRESS:
		now->address = take32(&operands);
		break;
	case LNE_DEFINE_FILE: {
		const char *name = take_string(&operands);
		add_unit_file(program, unit, name, take_uleb(&operands));
		break;
	}
	}
}

static void run_standard(struct program *program, struct unit *unit, unsigned opcode, struct bytes *code,
			 struct registers *now)
{
	switch (opcode) {
	case LNS_COPY:
		add_row(program, unit, now->address, now->file, now->line);
		break;
	case LNS_ADVANCE_PC:
		now->address += (uint32_t)take_uleb(code) * unit->least_instruction;
		break;
	case LNS_ADVANCE_LINE:
		now->line += (uint32_t)take_sleb(code);
		break;
	case LNS_SET_FILE:
		now->file = take_uleb(code);
		break;
	case LNS_CONST_ADD_PC:
		now->address += (255 - unit->opcode_base) / unit->line_range * unit->least_instruction;
		break;
	case LNS_FIXED_ADVANCE_PC:
		now->address += take16(code);
		break;
	default:
		for (unsigned i = 0; i < unit->opcode_lengths[opcode]; i++)
			take_uleb(code);
	}
}

static void run(struct program *program, struct unit *unit, struct bytes code)
{
	struct registers now = at_start;
	while (code.at < code.end) {
		unsigned opcode = take8(&code);
		if (opcode == 0) {
			run_extended(program, unit, &code, &now);
		} else if (opcode < unit->opcode_base) {
			run_standard(program, unit, opcode, &code, &now);
		} else {
			unsigned special = opcode - unit->opcode_base;
			now.address += special / unit->line_range * unit->least_instruction;
			now.line += (uint32_t)(unit->line_base + (int)(special % unit->line_range));
			add_row(program, unit, now.address, now.file, now.line);
		}
	}
}

static void take_unit(struct program *program, struct unit *unit, struct bytes content)
{
	unit->version = take16(&content);
	if (unit->version < 2 || unit->version > 5)
		return;
	if (unit->version >= 5)
		take_bytes(&content, 2); /* the sizes of an address and of a segment selector */
	struct bytes header = take_bytes(&content, take32(&content));
	unit->least_instruction = take8(&header);
	if (unit->version >= 4)
		take8(&header); /* operations an instruction */
	take8(&header);         /* whether rows begin as statements */
	unit->line_base = (int8_t)take8(&header);
	unit->line_range = take8(&header);
	unit->opcode_base = take8(&header);
	if (unit->line_range == 0 || unit->opcode_base == 0)
		fail("damaged: a line table that divides by zero");
	for (unsigned i = 1; i < unit->opcode_base; i++)
		unit->opcode_lengths[i] = take8(&header);
	if (unit->version >= 5)
		take_names_5(program, unit, &header);
	else
		take_names_4(program, unit, &header);
	run(program, unit, content);
}

static int by_address(const void *left, const void *right)
{
	const struct line *a = left, *b = right;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/*
 * Of rows for one address the last counts, but the end of one sequence does not hide the beginning of another: only
 * the end that follows a row at once is of the same sequence.
 */
static void settle_rows(struct program *program)
{
	size_t kept = 0;
	struct line *rows = program->lines;
	for (size_t i = 0; i < program->line_count; i++) {
		if (kept > 0 && rows[kept - 1].address == rows[i].address) {
			if (rows[i].line || rows[i].order == rows[kept - 1].order + 1)
				rows[kept - 1] = rows[i];
			continue;
		}
		rows[kept++] = rows[i];
	}
	program->line_count = kept;
}

void dwarf_lines(struct program *program)
{
	struct bytes section = elf_section(program, ".debug_line");
	while (section.end - section.at >= 4) {
		struct unit unit = {.debug_str = elf_section(program, ".debug_str"),
				    .debug_line_str = elf_section(program, ".debug_line_str")};
		uint32_t length = take32(&section);
		if (length >= 0xFFFFFFF0)
			fail("its line table is in the 64-bit form of DWARF");
		take_unit(program, &unit, take_bytes(&section, length));
		free(unit.directories);
		free(unit.files);
	}
	if (program->line_count)
		qsort(program->lines, program->line_count, sizeof(struct line), by_address);
	settle_rows(program);
}
