/*
 * Where the loader's parts go: from LOADER (disk.h) on, all below 64 KB. What the disk holds of it must leave two
 * bytes of its sectors for the boot area's check. Goes through the preprocessor.
 */
#include "disk.h"

OUTPUT_FORMAT(elf32-i386)
ENTRY(loader_start)

PHDRS
{
	code PT_LOAD FLAGS(5);
	data PT_LOAD FLAGS(6);
}

SECTIONS
{
	. = LOADER;
	.text : { *(.start) *(.text .text.*) } :code
	.rodata : { *(.rodata .rodata.*) }
	.data : { *(.data .data.*) } :data
	file_end = .;
	.bss : {
		bss_start = .;
		*(.bss .bss.* COMMON)
		bss_end = .;
	} :data
	/DISCARD/ : { *(.note.* .comment .eh_frame) }
	ASSERT(file_end <= LOADER + LOADER_SECTORS * SECTOR_BYTES - 2, "the loader does not fit its sectors")
	ASSERT(bss_start >= LOADER, "the loader's data would lie in the header")
	ASSERT(bss_end <= LOADER_LIMIT, "the loader's data does not fit below 64 KB")
}
