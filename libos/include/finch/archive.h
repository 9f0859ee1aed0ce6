/*
 * For programs: the boot archive, which the first program has at UARCHIVE and passes on to what it starts. A program
 * that uses these functions (or spawn, which does) has it; others are started without: <finch/start.h>.
 *
 * Files are found by name: `hello`, `/boot/hello` and `/bin/hello` are the same. Data starts on a page, so that whole
 * pages of it can be mapped elsewhere.
 */
#ifndef FINCH_ARCHIVE_H
#define FINCH_ARCHIVE_H

#include <common/cpio.h>
#include <common/names.h>

/* The bytes mapped at UARCHIVE: 0 if there is no archive. */
size_t archive_size(void) LINKED_NAME(archive_size);

/* Find a file. 0, or -E_NOT_FOUND, -E_BAD_PATH (no name in it), -E_INVAL (the archive is damaged). */
int archive_find(const char *path, const void **data, size_t *size) LINKED_NAME(archive_find);

/* Step through the files: *offset is 0 at first. 0, or -E_NOT_FOUND after the last, -E_INVAL. */
int archive_next(size_t *offset, struct cpio_file *file) LINKED_NAME(archive_next);

#endif
