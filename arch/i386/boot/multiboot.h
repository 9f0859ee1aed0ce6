/*
 * Multiboot, version 1: what a kernel says of itself and what it is handed.
 * Source: Multiboot Specification 0.6.96, sections 3.1.1 to 3.3. For C and assembler.
 */
#ifndef FINCH_BOOT_MULTIBOOT_H
#define FINCH_BOOT_MULTIBOOT_H

#define MULTIBOOT_HEADER_MAGIC 0x1BADB002
#define MULTIBOOT_HEADER_WITHIN 8192 /* it lies in this many first bytes of the file, on a multiple of 4 */

/* What a kernel may ask for, in its header's flags. Bits 0 to 15 are demands, others may be ignored. */
#define MULTIBOOT_WANTS_PAGED_MODULES 0x00000001
#define MULTIBOOT_WANTS_MEMORY 0x00000002
#define MULTIBOOT_WANTS_ANY 0x0000FFFF
#define MULTIBOOT_HAS_ADDRESSES 0x00010000 /* load by the header's addresses, not by the ELF headers */

#define MULTIBOOT_MAGIC 0x2BADB002 /* in eax when the kernel is entered */

/* Bits of multiboot_info.flags: which of its fields hold something. */
#define MULTIBOOT_MEMORY 0x0001
#define MULTIBOOT_BOOT_DEVICE 0x0002
#define MULTIBOOT_COMMAND_LINE 0x0004
#define MULTIBOOT_MODULES 0x0008
#define MULTIBOOT_MEMORY_MAP 0x0040
#define MULTIBOOT_LOADER_NAME 0x0200

#define MULTIBOOT_RAM 1 /* multiboot_region.type: free for use */

#ifndef __ASSEMBLER__

#include <abi/types.h>

/* Physical addresses throughout. */
struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower; /* KB from 0 */
	uint32_t mem_upper; /* KB from 1 MB to the first hole */
	uint32_t boot_device; /* the BIOS drive in the top 8 bits, then three levels of partition, 0xFF: none */
	uint32_t cmdline;
	uint32_t mods_count;
	uint32_t mods_addr;
	uint32_t symbols[4];
	uint32_t mmap_length; /* bytes */
	uint32_t mmap_addr;
	uint32_t drives_length;
	uint32_t drives_addr;
	uint32_t config_table;
	uint32_t boot_loader_name;
	uint32_t apm_table;
	uint32_t vbe[4];
};

struct multiboot_module {
	uint32_t start;
	uint32_t end; /* one past its last byte */
	uint32_t string;
	uint32_t reserved;
};

struct multiboot_region {
	uint32_t size; /* of what follows: 20, or more */
	uint64_t start;
	uint64_t length;
	uint32_t type;
} __attribute__((packed));

#endif

#endif
