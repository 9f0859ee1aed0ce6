/* What a multiboot loader hands over. Source: Multiboot specification 0.6.96, section 3.3. */
#ifndef FINCH_I386_MULTIBOOT_H
#define FINCH_I386_MULTIBOOT_H

#include <abi/types.h>

/* Fill in boot_info. Ends the boot if the loader is none, or tells nothing of memory. */
void multiboot_read(uint32_t magic, uint32_t info);

#endif
