/* Loading the kernel: an ELF file with a multiboot header, at its physical addresses, all above 1 MB. */
#ifndef FINCH_BOOT_KERNEL_H
#define FINCH_BOOT_KERNEL_H

#include "disk.h"

struct kernel {
	uint32_t entry; /* physical */
	uint32_t end;   /* one past the last byte of memory that it takes */
};

/* Load it; fails (console.h) if it is damaged, if it is no kernel for us, or if there is too little memory. */
void kernel_load(const struct disk_part *part, struct kernel *kernel);

#endif
