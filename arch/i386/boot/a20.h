/* Address line 20, which PCs hold at 0 until told otherwise (or until the BIOS has told them, as most have). */
#ifndef FINCH_BOOT_A20_H
#define FINCH_BOOT_A20_H

#include <abi/types.h>

/* Open it; false if nothing opens it. */
bool a20_open(void);

#endif
