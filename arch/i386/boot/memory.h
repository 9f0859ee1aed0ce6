/*
 * The machine's RAM as the BIOS tells of it, and the way to reach it (address line 20).
 */
#ifndef FINCH_BOOT_MEMORY_H
#define FINCH_BOOT_MEMORY_H

#include "multiboot.h"

/* Open address line 20 and ask the BIOS for the memory map; fails (console.h) if either cannot be done. */
void memory_init(void);

/* One past the last byte of the RAM that begins at start and has no hole; start itself if there is none. Below 4 GB. */
uint32_t memory_end(uint32_t start);

/* The lowest multiple of 4 KB from `from` on where `bytes` of RAM are in one piece; 0 if there is none. */
uint32_t memory_find(uint32_t from, uint32_t bytes);

/* The most bytes that memory_find would find. */
uint32_t memory_largest(uint32_t from);

/* Fill in the fields about memory. They point into the loader's own memory. */
void memory_describe(struct multiboot_info *info);

#endif
