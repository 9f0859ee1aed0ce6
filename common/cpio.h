/*
 * Reading the boot archive: cpio in the "newc" form (magic 070701). Everything in it is distrusted: nothing outside
 * its size bytes is read, and every walk ends.
 *
 * A record is a header of 110 bytes (the magic, then 13 numbers of 8 hexadecimal digits), the name with its
 * terminator, NULs up to a multiple of 4, the data, NULs up to a multiple of 4. The record TRAILER!!! ends it. Ours
 * pads the name field further, so that the data of each file starts on a page.
 */
#ifndef FINCH_COMMON_CPIO_H
#define FINCH_COMMON_CPIO_H

#include <abi/types.h>
#include <common/names.h>

struct cpio_file {
	const char *name; /* within the archive; a leading "./" or "/" is left out */
	const void *data; /* within the archive */
	size_t size;
	uint32_t mode;    /* as in stat(2): 0100755 for a program */
};

/*
 * Step to the next file. *offset is 0 at first and is kept by the caller; file is filled in. Returns 0;
 * -E_NOT_FOUND after the last one; -E_INVAL if the archive is damaged there. After an error *offset is unchanged.
 */
int cpio_next(const void *archive, size_t size, size_t *offset, struct cpio_file *file) LINKED_NAME(cpio_next);

/* Find the file called name. 0: *data and *len say where it is; -E_NOT_FOUND; -E_INVAL: damaged before it was found. */
int cpio_find(const void *archive, size_t size, const char *name, const void **data, size_t *len)
	LINKED_NAME(cpio_find);

/*
 * The size in bytes of a whole archive that starts at archive, trailer included, if it ends within size bytes; else 0.
 */
size_t cpio_size(const void *archive, size_t size) LINKED_NAME(cpio_size);

#endif
