/*
 * The ELF file: its sections, its functions, and writing it anew as a program without sections.
 * Source of the numbers: System V ABI, Edition 4.1, chapters 4 and 5, and its Intel386 supplement.
 */
#include <stdlib.h>
#include <string.h>

#include "mksyms.h"

#define EHDR_SIZE 52
#define EHDR_MACHINE 18
#define EHDR_PHOFF 28
#define EHDR_SHOFF 32
#define EHDR_PHENTSIZE 42
#define EHDR_PHNUM 44
#define EHDR_SHENTSIZE 46
#define EHDR_SHNUM 48
#define EHDR_SHSTRNDX 50
#define EM_386 3
#define PHDR_SIZE 32
#define PT_LOAD 1
#define PT_TLS 7 /* the template of thread-local data, which lies within a PT_LOAD */
#define PF_R 4
#define SHDR_SIZE 40
#define SHT_SYMTAB 2
#define SHT_NOBITS 8
#define SHF_EXECINSTR 4
#define SHN_LORESERVE 0xFF00
#define SYM_SIZE 16
#define STT_NOTYPE 0
#define STT_FUNC 2
#define STB_LOCAL 0
#define PAGE 4096

struct section {
	const char *name;
	uint32_t type, flags, address, offset, size, link;
};

struct segment {
	uint32_t type, offset, address, physical, file_size, memory_size, flags, align;
};

/* A part of the file. */
static struct bytes part(const struct program *program, uint64_t offset, uint64_t size)
{
	struct bytes all = {program->image, program->image + program->size};
	take_bytes(&all, offset);
	return take_bytes(&all, size);
}

static uint16_t header16(const struct program *program, unsigned at)
{
	struct bytes field = part(program, at, 2);
	return take16(&field);
}

static uint32_t header32(const struct program *program, unsigned at)
{
	struct bytes field = part(program, at, 4);
	return take32(&field);
}

void elf_open(struct program *program)
{
	/* The class (32 bits), the byte order (little) and the version follow the magic number. */
	static const uint8_t ident[] = {0x7F, 'E', 'L', 'F', 1, 1, 1};
	if (program->size < EHDR_SIZE || memcmp(program->image, ident, sizeof(ident)) ||
	    header16(program, EHDR_MACHINE) != EM_386)
		fail("not an ELF file for 32-bit x86");
	if ((header16(program, EHDR_SHNUM) && header16(program, EHDR_SHENTSIZE) != SHDR_SIZE) ||
	    (header16(program, EHDR_PHNUM) && header16(program, EHDR_PHENTSIZE) != PHDR_SIZE))
		fail("damaged: its tables have entries of an unknown size");
}

static struct section section_at(const struct program *program, unsigned index)
{
	struct section section = {.name = ""};
	struct bytes at = part(program, header32(program, EHDR_SHOFF) + (uint64_t)index * SHDR_SIZE, SHDR_SIZE);
	uint32_t name = take32(&at);
	section.type = take32(&at);
	section.flags = take32(&at);
	section.address = take32(&at);
	section.offset = take32(&at);
	section.size = take32(&at);
	section.link = take32(&at);
	if (index != header16(program, EHDR_SHSTRNDX)) {
		struct section names = section_at(program, header16(program, EHDR_SHSTRNDX));
		struct bytes strings = part(program, names.offset, names.size);
		take_bytes(&strings, name);
		section.name = take_string(&strings);
	}
	return section;
}

static struct bytes section_bytes(const struct program *program, const struct section *section)
{
	return section->type == SHT_NOBITS ? part(program, 0, 0) : part(program, section->offset, section->size);
}

struct bytes elf_section(const struct program *program, const char *name)
{
	for (unsigned i = 1; i < header16(program, EHDR_SHNUM); i++) {
		struct section section = section_at(program, i);
		if (!strcmp(section.name, name))
			return section_bytes(program, &section);
	}
	return part(program, 0, 0);
}

/* Take one symbol: a function, or a label of the assembler's in a section of instructions. */
static void add_function(struct program *program, struct bytes at, struct bytes strings)
{
	struct function function = {0};
	uint32_t name = take32(&at);
	function.address = take32(&at);
	function.size = take32(&at);
	unsigned info = take8(&at);
	take8(&at);
	unsigned section_index = take16(&at), type = info & 0xF;
	if ((type != STT_FUNC && type != STT_NOTYPE) || section_index == 0 || section_index >= SHN_LORESERVE)
		return;
	struct section section = section_at(program, section_index);
	take_bytes(&strings, name);
	function.name = take_string(&strings);
	uint32_t end = section.address + section.size;
	if (!(section.flags & SHF_EXECINSTR) || function.address < section.address || function.address >= end ||
	    !function.name[0])
		return;
	function.label = function.size == 0;
	if (function.label || function.size > end - function.address)
		function.size = end - function.address;
	function.rank = (type == STT_FUNC ? 2 : 0) + (info >> 4 != STB_LOCAL ? 1 : 0);
	program->functions = grow(program->functions, (program->function_count + 1) * sizeof(function));
	program->functions[program->function_count++] = function;
}

static int by_address(const void *left, const void *right)
{
	const struct function *a = left, *b = right;
	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->rank != b->rank ? b->rank - a->rank : strcmp(a->name, b->name);
}

/* Of several names for an address keep the best; drop labels within a function; end each where the next begins. */
static void settle_overlaps(struct program *program)
{
	struct function *to = program->functions;
	size_t kept = 0;
	for (size_t i = 0; i < program->function_count; i++) {
		struct function *next = &program->functions[i];
		if (kept > 0) {
			struct function *last = &to[kept - 1];
			bool inside = next->address - last->address < last->size;
			if (next->address == last->address || (inside && !last->label && next->label))
				continue;
			if (inside)
				last->size = next->address - last->address;
		}
		to[kept++] = *next;
	}
	program->function_count = kept;
}

void elf_functions(struct program *program)
{
	for (unsigned i = 1; i < header16(program, EHDR_SHNUM); i++) {
		struct section section = section_at(program, i);
		if (section.type != SHT_SYMTAB)
			continue;
		struct section names = section_at(program, section.link);
		struct bytes symbols = section_bytes(program, &section);
		while (symbols.end - symbols.at >= SYM_SIZE)
			add_function(program, take_bytes(&symbols, SYM_SIZE), section_bytes(program, &names));
	}
	if (program->function_count)
		qsort(program->functions, program->function_count, sizeof(program->functions[0]), by_address);
	settle_overlaps(program);
}

static struct segment segment_at(const struct program *program, unsigned index)
{
	struct bytes at = part(program, header32(program, EHDR_PHOFF) + (uint64_t)index * PHDR_SIZE, PHDR_SIZE);
	struct segment segment;
	segment.type = take32(&at);
	segment.offset = take32(&at);
	segment.address = take32(&at);
	segment.physical = take32(&at);
	segment.file_size = take32(&at);
	segment.memory_size = take32(&at);
	segment.flags = take32(&at);
	segment.align = take32(&at);
	return segment;
}

static void put_segment(struct buffer *to, const struct segment *segment)
{
	put32(to, segment->type);
	put32(to, segment->offset);
	put32(to, segment->address);
	put32(to, segment->physical);
	put32(to, segment->file_size);
	put32(to, segment->memory_size);
	put32(to, segment->flags);
	put32(to, segment->align);
}

static void set(struct buffer *to, size_t at, uint32_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to->data[at + i] = (uint8_t)(value >> 8 * i);
}

/*
 * Copy what the program loads, at the offsets where it stands, so that its pages stay aligned in the file. Returns
 * its segments as they go into the new table, the new one first: loaders may rely on ascending addresses.
 */
static unsigned copy_segments(const struct program *program, struct buffer *to, struct buffer *headers, size_t *front)
{
	unsigned count = 0;
	*front = program->size;
	put_bytes(to, program->image, EHDR_SIZE);
	for (unsigned i = 0; i < header16(program, EHDR_PHNUM); i++) {
		struct segment segment = segment_at(program, i);
		if ((segment.type != PT_LOAD && segment.type != PT_TLS) || segment.memory_size == 0)
			continue;
		struct bytes data = part(program, segment.offset, segment.file_size);
		size_t end = (size_t)segment.offset + segment.file_size;
		if (end > to->size && segment.file_size) {
			size_t from = to->size;
			put_bytes(to, program->image + from, end - from);
			if (segment.offset > from)
				memset(to->data + from, 0, segment.offset - from);
		}
		if (segment.file_size) {
			memcpy(to->data + segment.offset, data.at, segment.file_size);
			if (segment.offset < *front)
				*front = segment.offset;
		}
		put_segment(headers, &segment);
		count++;
	}
	return count;
}

void elf_write_program(const struct program *program, const struct buffer *table, uint32_t address, struct buffer *to)
{
	struct buffer headers = {0}, others = {0};
	size_t front;
	unsigned count = 1 + copy_segments(program, to, &others, &front);
	size_t copied = to->size, at = EHDR_SIZE, kept = header32(program, EHDR_PHOFF);
	pad_to(to, PAGE);
	/* The table takes whole pages, so that a loader can map them from the archive and need not copy any. */
	uint32_t size = (uint32_t)(table->size + PAGE - 1) & ~(PAGE - 1u);
	struct segment segment = {.type = PT_LOAD, .offset = (uint32_t)to->size, .address = address,
				  .physical = address, .file_size = size, .memory_size = size, .flags = PF_R,
				  .align = PAGE};
	put_segment(&headers, &segment);
	put_bytes(&headers, others.data, others.size);
	put_bytes(to, table->data, table->size);
	pad_to(to, PAGE);
	/*
	 * The program headers stay where they are if the linker script keeps a place for one more (an entry that is not
	 * loaded will do), or go right after the file's header if nothing is loaded from there; else to the end.
	 */
	if (headers.size <= (size_t)header16(program, EHDR_PHNUM) * PHDR_SIZE && kept >= EHDR_SIZE &&
	    kept + headers.size <= copied)
		at = kept;
	else if (front < EHDR_SIZE + headers.size)
		at = to->size;
	if (at == to->size)
		put_bytes(to, headers.data, headers.size);
	else
		memcpy(to->data + at, headers.data, headers.size);
	set(to, EHDR_PHOFF, (uint32_t)at, 4);
	set(to, EHDR_PHENTSIZE, PHDR_SIZE, 2);
	set(to, EHDR_PHNUM, count, 2);
	set(to, EHDR_SHOFF, 0, 4);
	set(to, EHDR_SHENTSIZE, 0, 2);
	set(to, EHDR_SHNUM, 0, 2);
	set(to, EHDR_SHSTRNDX, 0, 2);
	free(headers.data);
	free(others.data);
}
