/*
 * The console: output in whole pieces, and the bytes that were typed.
 */
#ifndef FINCH_KERN_CONSOLE_H
#define FINCH_KERN_CONSOLE_H

#include <abi/types.h>

struct env;

/* Print len bytes as one piece. */
void console_write(const char *s, size_t len);
/* A panic has begun: the lock is not waited for any more. */
void console_force(void);

/* Turn on input by interrupt. */
void console_listen(void);
/* The platform has input: take it in and wake who waits. */
void console_input(void);
/* The next typed byte, 0 if there is none. */
int console_take(void);
/* The same, but looks at the platform too: for the monitor, whose CPU takes no interrupts. Works after a panic. */
int console_poll(void);
/* The current environment sleeps until there is input (it was blocked by env_block already). */
void console_await(struct env *env);
/* env does not wait any more. */
void console_forget(struct env *env);

#endif
