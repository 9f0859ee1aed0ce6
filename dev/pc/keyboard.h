/* The keyboard, behind the controller i8042. Calls are serialised by the console lock. */
#ifndef FINCH_DEV_KEYBOARD_H
#define FINCH_DEV_KEYBOARD_H

#include <abi/types.h>

#define KEYBOARD_IRQ 1 /* ISA interrupt line, edge-triggered */

/* Set up the controller: keyboard on, interrupting, translated to scan code set 1; mouse off. May be missing. */
void keyboard_init(void);
/*
 * The next byte of input, or -1. A byte that is not fetched stays in the controller, which gives no new interrupt
 * until it is: so there is nothing to mask.
 */
int keyboard_read(void);

#endif
