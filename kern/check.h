/* assert, panic, and marks for the compiler. */
#ifndef FINCH_KERN_CHECK_H
#define FINCH_KERN_CHECK_H

#include <variant.h> /* from kern/debug or kern/release: VARIANT_DEBUG, 1 or 0 */

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define must_use __attribute__((warn_unused_result))

/*
 * The kernel found itself broken: print the message, registers and a backtrace, stop the other CPUs, and enter the
 * monitor (or end the machine under the boot word `batch`). Never for anything that a program did.
 */
void panic(const char *fmt, ...) __attribute__((noreturn));

/* A condition that only a kernel bug can break. Checked in debug builds; always type-checked. */
#define assert(x)                                                                                                \
	do {                                                                                                     \
		if (VARIANT_DEBUG && unlikely(!(x)))                                                             \
			panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #x);                            \
	} while (0)

#endif
