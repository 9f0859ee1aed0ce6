/*
 * Strings and memory, for the kernel and for programs. Nothing here allocates; no function takes NULL.
 *
 * The names and results are C's, except: memcpy may be given areas that overlap; strchr does not find the
 * terminator; strfind and memfind return the end instead of NULL where the character is not there.
 */
#ifndef FINCH_COMMON_STRING_H
#define FINCH_COMMON_STRING_H

#include <abi/types.h>

size_t strlen(const char *s);
/* The length of s, or size if no terminator stands in its first size bytes. */
size_t strnlen(const char *s, size_t size);
char *strcpy(char *to, const char *from);
/* Copy at most size bytes and fill up with zeros; no terminator if from is size bytes or longer. */
char *strncpy(char *to, const char *from, size_t size);
char *strcat(char *to, const char *from);
/* Copy what fits into size bytes, always ended by a zero (but for size 0). Returns strlen(from). */
size_t strlcpy(char *to, const char *from, size_t size);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t size);
/* The first c in s, or NULL; the terminator counts as not there. */
char *strchr(const char *s, int c);
/* The first c in s, or the terminator. */
char *strfind(const char *s, int c);
/*
 * The number at s in base 2 to 36, or 0: by its prefix (0x, 0, else decimal). Blanks before it are passed over; *end,
 * if end is not NULL, is where it stopped (s where there was no number). Held within the range of long.
 */
long strtol(const char *s, char **end, int base);

void *memset(void *to, int c, size_t size);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);
/* The first byte c in size bytes at s, or the byte after them. */
void *memfind(const void *s, int c, size_t size);

#endif
