/*
 * Formatted output, one character at a time to a function that the caller gives. No memory, no locale, and no use of
 * the FPU.
 *
 * A conversion is % [- 0 # +] [width or *] [. precision or *] [l ll z] and one of
 *   c d i o u x X s %    as in C
 *   f F g G              a double as in C, exact to the last digit that is asked for
 *   p                    a pointer: 0x and eight digits (as many more as it needs)
 *   e                    an error number of either sign, as its text ("error 99" where there is none)
 * # writes 0x before a hexadecimal number that is not 0 and 0 before an octal one; with s it shows bytes that are not
 * printable ASCII as '?'. A NULL string is printed as (null). What is no conversion is printed as it stands.
 */
#ifndef FINCH_COMMON_FORMAT_H
#define FINCH_COMMON_FORMAT_H

#include <abi/types.h>
#include <common/names.h>

#ifndef va_start
typedef __builtin_va_list va_list;
#define va_start(list, last) __builtin_va_start(list, last)
#define va_arg(list, type) __builtin_va_arg(list, type)
#define va_end(list) __builtin_va_end(list)
#define va_copy(to, from) __builtin_va_copy(to, from)
#endif

/* Write fmt with its arguments through put, which gets each character (0 to 255) and arg. */
void format(void (*put)(int c, void *arg), void *arg, const char *fmt, va_list ap) LINKED_NAME(format);

/*
 * The same into size bytes at buf, ended by a zero wherever size is not 0. Returns the length that the whole text
 * has, which is more than size - 1 if it did not fit.
 */
int format_buffer(char *buf, size_t size, const char *fmt, va_list ap) LINKED_NAME(format_buffer);

#endif
