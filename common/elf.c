/*
 * Reading ELF programs for i386, distrusting every field. Headers are copied, for they may stand at any address; by the
 * compiler in line, for a call costs several times the few moves, and starting a program copies ten.
 */
#include <abi/error.h>
#include <common/elf.h>
#include <common/string.h>

static bool header_good(const struct elf32_header *header)
{
	return header->magic == ELF_MAGIC && header->class == ELF_CLASS_32 && header->data == ELF_DATA_LITTLE &&
	       header->ident_version == ELF_VERSION && header->version == ELF_VERSION &&
	       header->type == ELF_TYPE_EXECUTABLE && header->machine == ELF_MACHINE_386;
}

/* Do count bytes from offset on lie within size? */
static bool within(uint32_t offset, uint32_t count, size_t size)
{
	return offset <= size && count <= size - offset;
}

int elf_check(const void *image, size_t size)
{
	struct elf32_header header;

	if (size < sizeof(header))
		return -E_NOT_EXEC;
	__builtin_memcpy(&header, image, sizeof(header));
	if (!header_good(&header))
		return -E_NOT_EXEC;
	if (header.phnum == 0 || header.phentsize != sizeof(struct elf32_program_header))
		return -E_NOT_EXEC;
	if (!within(header.phoff, header.phnum * (uint32_t)sizeof(struct elf32_program_header), size))
		return -E_NOT_EXEC;
	return header.phnum;
}

int elf_segment(const void *image, size_t size, int i, struct elf_segment *segment)
{
	struct elf32_header header;
	struct elf32_program_header program;

	__builtin_memcpy(&header, image, sizeof(header));
	__builtin_memcpy(&program, (const char *)image + header.phoff + (size_t)i * sizeof(program), sizeof(program));
	if (program.type != ELF_PT_LOAD || program.memsize == 0)
		return 0;
	if (program.filesize > program.memsize || program.memsize > 0xFFFFFFFF - program.va)
		return -E_NOT_EXEC;
	if (!within(program.offset, program.filesize, size))
		return -E_NOT_EXEC;
	*segment = (struct elf_segment){
		.data = (const char *)image + program.offset,
		.offset = program.offset,
		.filesize = program.filesize,
		.va = program.va,
		.memsize = program.memsize,
		.flags = program.flags,
	};
	return 1;
}

uint32_t elf_entry(const void *image)
{
	struct elf32_header header;
	__builtin_memcpy(&header, image, sizeof(header));
	return header.entry;
}
