/*
 * The serial port COM1. Source for registers and bits: National Semiconductor PC16550D data sheet, section 8.
 *
 * Sending polls: one look at the chip for each 16 bytes, the size of its FIFO. A chip that has stopped (flow held up
 * by the other end) is waited for once, for long; until it moves again each piece only gets one look, so that a
 * kernel whose reader is gone still runs.
 */
#include <arch/x86.h>
#include <dev/pc/uart.h>

#define BASE 0x3F8
enum {
	DATA = BASE,          /* receive and transmit buffers; divisor's low half */
	IER = BASE + 1,       /* interrupt enable; divisor's high half */
	FCR = BASE + 2,       /* FIFO control */
	LCR = BASE + 3,       /* line control */
	MCR = BASE + 4,       /* modem control */
	LSR = BASE + 5,       /* line status */

	IER_RECEIVED = 0x01,
	IER_ALL = 0x0F,
	FCR_ON = 0x01,        /* use the FIFOs; empties them if they were not in use */
	FCR_AT_8 = 0x80,      /* interrupt at 8 bytes, or some time after the last */
	LCR_8N1 = 0x03,
	LCR_DIVISOR = 0x80,
	MCR_DTR_RTS = 0x03,
	MCR_OUT2 = 0x08,      /* on a PC: connects the interrupt line */
	MCR_LOOP = 0x10,      /* what is sent is received; the line is not heard */
	LSR_DATA_READY = 0x01,
	LSR_BREAK = 0x10,
	LSR_CAN_SEND = 0x20,  /* the whole FIFO is free */
};
#define DIVISOR 1 /* of 115200 baud */
#define FIFO_SIZE 16
#define PATIENCE 5000000 /* looks at the chip: some seconds. 16 bytes take 1.4 ms; a reader on the host may be slow */

static bool present;
static bool stuck; /* it did not move within PATIENCE */
static int early = -1; /* a byte that came before the FIFO was on, which would have lost it */

/* Is there a chip? Its interrupt bits can be set and cleared; an empty bus gives ones. */
static bool probe(void)
{
	outb(IER, 0);
	if ((inb(IER) & IER_ALL) != 0)
		return false;
	outb(IER, IER_ALL);
	bool kept = (inb(IER) & IER_ALL) == IER_ALL;
	outb(IER, 0);
	return kept;
}

/* Use the FIFOs. Meanwhile the line is disconnected, so that no byte comes in between and is lost. */
static void start_fifo(void)
{
	outb(MCR, MCR_DTR_RTS | MCR_LOOP);
	if (inb(LSR) & LSR_DATA_READY)
		early = inb(DATA);
	outb(FCR, FCR_ON | FCR_AT_8);
}

void uart_init(void)
{
	outb(LCR, LCR_8N1);
	present = probe();
	if (!present)
		return;
	outb(LCR, LCR_8N1 | LCR_DIVISOR);
	outb(DATA, DIVISOR & 0xFF);
	outb(IER, DIVISOR >> 8);
	outb(LCR, LCR_8N1);
	start_fifo();
	outb(MCR, MCR_DTR_RTS | MCR_OUT2);
	/* Emulators fetch the next byte when one is taken, and were not told of the last: take one that is not there. */
	if (early >= 0 && !(inb(LSR) & LSR_DATA_READY))
		inb(DATA);
}

/* Wait, with a bound, until the FIFO is free. */
static bool can_send(void)
{
	for (int looks = stuck ? 1 : PATIENCE; looks > 0; looks--) {
		if (inb(LSR) & LSR_CAN_SEND) {
			stuck = false;
			return true;
		}
	}
	stuck = true;
	return false;
}

void uart_write(const char *s, size_t len)
{
	bool returned = false; /* the '\r' of the '\n' at s is out */

	while (present && len > 0) {
		bool sending = can_send();
		for (int room = FIFO_SIZE; room > 0 && len > 0; room--) {
			bool lead = *s == '\n' && !returned;
			if (sending)
				outb(DATA, lead ? '\r' : *s);
			returned = lead;
			if (!lead) {
				s++;
				len--;
			}
		}
	}
}

int uart_read(void)
{
	if (!present)
		return -1;
	if (early >= 0) {
		int byte = early;
		early = -1;
		return byte;
	}
	for (int looks = FIFO_SIZE; looks > 0; looks--) {
		uint8_t status = inb(LSR);
		if (!(status & LSR_DATA_READY))
			return -1;
		uint8_t byte = inb(DATA);
		if (!(status & LSR_BREAK)) /* a break comes as a zero that nobody sent */
			return byte;
	}
	return -1;
}

void uart_listen(bool on)
{
	if (present)
		outb(IER, on ? IER_RECEIVED : 0);
}
