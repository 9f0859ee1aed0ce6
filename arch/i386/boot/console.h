/*
 * What the loader says: on the screen through the BIOS, and on COM1 (115200 8N1).
 */
#ifndef FINCH_BOOT_CONSOLE_H
#define FINCH_BOOT_CONSOLE_H

#include <abi/types.h>

/* Set COM1 up. */
void console_init(void);

/* Print; format has %s, %u (decimal) and %x (hexadecimal with 0x), nothing else. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Print "Finch loader: ", the message and an end of line, and halt. Where the boot words have `batch`, the machine is
 * ended through the test device first, with status LOADER_FAILED (which a boot that nobody watches waits for).
 */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
