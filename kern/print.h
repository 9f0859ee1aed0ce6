/* The kernel's own output. Each call comes out whole, also when several CPUs print at once. */
#ifndef FINCH_KERN_PRINT_H
#define FINCH_KERN_PRINT_H

#include <abi/types.h>
#include <common/format.h>

/* Print to the console; formats of common/format.h. Longer pieces than 512 bytes are cut. */
void kprintf(const char *fmt, ...);
void kvprintf(const char *fmt, va_list ap);
/* Into size bytes at buf, ended by a zero. */
void print_buffer(char *buf, size_t size, const char *fmt, ...);
/* Print only when the kernel is talkative (boot word `verbose`). */
void kverbose(const char *fmt, ...);

#endif
