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
/*
 * Take in what the platform has, and wake who waits if there is something. Under the boot word `monitor`, Ctrl-\ is not
 * taken in, but calls the monitor (ATTEND_MONITOR).
 */
void console_input(void);
/* The next typed byte, 0 if there is none. */
int console_take(void);
/* The same, but looks at the platform too: for the monitor, whose CPU takes no interrupts. Works after a panic. */
int console_poll(void);
/* While held, input is taken by console_poll alone, and another CPU that a panic stops has none of it. */
void console_hold(bool held);
/*
 * env begins to wait for input, or does not wait any more. Its lock is held, so that the list always has those whose
 * wait is ENV_WAIT_CONSOLE, but for one who is being woken. What was typed before is not looked for: console_input does
 * that.
 */
void console_await(struct env *env);
void console_forget(struct env *env);

#endif
