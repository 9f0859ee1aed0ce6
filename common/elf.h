/*
 * Reading ELF programs for i386, distrusting every field. The image may lie at any address, aligned or not, and may
 * end anywhere: nothing outside its size bytes is read.
 *
 * Source: System V ABI, chapter 4 (object files), and its Intel386 supplement.
 */
#ifndef FINCH_COMMON_ELF_H
#define FINCH_COMMON_ELF_H

#include <abi/types.h>
#include <common/names.h>

#define ELF_MAGIC 0x464C457Fu /* 7F 'E' 'L' 'F', as a little-endian word */

enum { ELF_CLASS_32 = 1, ELF_DATA_LITTLE = 1, ELF_VERSION = 1 };
enum { ELF_TYPE_EXECUTABLE = 2, ELF_MACHINE_386 = 3 };
enum { ELF_PT_LOAD = 1 };
enum { ELF_FLAG_EXEC = 1, ELF_FLAG_WRITE = 2, ELF_FLAG_READ = 4 };

struct elf32_header {
	uint32_t magic;
	uint8_t class;
	uint8_t data;
	uint8_t ident_version;
	uint8_t pad[9];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint32_t entry;
	uint32_t phoff;
	uint32_t shoff;
	uint32_t flags;
	uint16_t ehsize;
	uint16_t phentsize;
	uint16_t phnum;
	uint16_t shentsize;
	uint16_t shnum;
	uint16_t shstrndx;
};

struct elf32_program_header {
	uint32_t type;
	uint32_t offset;
	uint32_t va;
	uint32_t pa;
	uint32_t filesize;
	uint32_t memsize;
	uint32_t flags;
	uint32_t align;
};

struct elf32_section_header {
	uint32_t name;
	uint32_t type;
	uint32_t flags;
	uint32_t addr;
	uint32_t offset;
	uint32_t size;
	uint32_t link;
	uint32_t info;
	uint32_t addralign;
	uint32_t entsize;
};

/* One loadable piece of a program: filesize bytes at data, then zeros up to memsize, to stand at va. */
struct elf_segment {
	const void *data;
	uint32_t offset;   /* of data within the image */
	uint32_t filesize; /* <= memsize */
	uint32_t va;
	uint32_t memsize;  /* va + memsize <= 2^32 - 1 */
	uint32_t flags;    /* ELF_FLAG_ */
};

/* How many program headers the image has, or -E_NOT_EXEC if it is no ELF program for i386. */
int elf_check(const void *image, size_t size) LINKED_NAME(elf_check);

/*
 * Describe program header i, which elf_check has counted. 1: *segment is filled in; 0: it is not to be loaded (not
 * PT_LOAD, or empty); -E_NOT_EXEC: its numbers are impossible.
 */
int elf_segment(const void *image, size_t size, int i, struct elf_segment *segment) LINKED_NAME(elf_segment);

/* Where the program starts, of an image that elf_check accepted. */
uint32_t elf_entry(const void *image) LINKED_NAME(elf_entry);

#endif
