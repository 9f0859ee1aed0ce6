/*
 * Look-up of an address in a packed table of functions, files and lines (common/symtab_format.h).
 *
 * The table is read through a function of the caller's, and nothing in it is believed: whatever bytes it holds, a
 * look-up reads only within the size that the table states (and SYMTAB_SIZE_MAX), takes bounded time, and yields
 * at worst wrong names, made of printable characters. Keeps no state and takes no lock.
 */
#ifndef FINCH_COMMON_SYMTAB_H
#define FINCH_COMMON_SYMTAB_H

#include <abi/types.h>
#include <common/names.h>

/* Copy n bytes from offset in the table; false if that cannot be done. At most 64 bytes are asked for at once. */
typedef bool symtab_read(void *context, size_t offset, void *to, size_t n);

#define SYMTAB_NAME_MAX 64

struct symtab_place {
	uint32_t offset;                /* of the address within its function, in bytes */
	uint32_t line;                  /* from 1; 0 if not known */
	char function[SYMTAB_NAME_MAX]; /* cut to fit, ended by a zero */
	char file[SYMTAB_NAME_MAX];     /* the same; "" if not known */
};

/*
 * What stands at address. False if the table names no function there or cannot be read. For a return address ask
 * for the byte before it: the call may be the last instruction of its function or line.
 */
bool symtab_find(symtab_read *read, void *context, uintptr_t address, struct symtab_place *place)
	LINKED_NAME(symtab_find);
/* Where the first function of that name begins. False if there is none, or the table cannot be read. */
bool symtab_address(symtab_read *read, void *context, const char *name, uintptr_t *address) LINKED_NAME(symtab_address);

#endif
