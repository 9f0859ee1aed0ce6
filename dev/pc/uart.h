/* The serial port COM1: a 16550 at port 0x3F8. Calls are serialised by the console lock; no CPU interrupts needed. */
#ifndef FINCH_DEV_UART_H
#define FINCH_DEV_UART_H

#include <abi/types.h>

#define UART_IRQ 4 /* ISA interrupt line */

/* Set up 115200 baud, 8 data bits, no parity, 1 stop bit. Without a chip, the other calls do nothing. */
void uart_init(void);
/* Send len bytes; '\n' goes as "\r\n". What a chip that has stopped sending does not take within the bound is lost. */
void uart_write(const char *s, size_t len);
/* The next byte received (0 to 255), or -1. */
int uart_read(void);
/*
 * Interrupt when bytes have come, or not. What comes meanwhile stays in the chip, and interrupts once that is on again.
 */
void uart_listen(bool on);

#endif
