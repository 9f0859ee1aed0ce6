/*
 * Channel 2 of the interval timer. Source: Intel 8254 data sheet, "Programming the 8254"; for port 0x61: IBM Personal
 * System/2 Hardware Interface Technical Reference, "System Control Port B".
 */
#include <arch/x86.h>
#include <dev/pc/pit.h>

enum {
	CHANNEL_2 = 0x42,
	CONTROL = 0x43,
	PORT_B = 0x61,

	LATCH_2 = 0x80,
	COUNT_DOWN_2 = 0xB0, /* channel 2, two bytes, mode 0: down once, output high at the end */

	PORT_B_GATE = 0x01,
	PORT_B_SPEAKER = 0x02,
	PORT_B_WRITABLE = 0x0F,
	PORT_B_OUTPUT = 0x20,
};

void pit_start(void)
{
	uint8_t port_b = inb(PORT_B) & PORT_B_WRITABLE;

	outb(PORT_B, (port_b & ~PORT_B_SPEAKER) | PORT_B_GATE);
	outb(CONTROL, COUNT_DOWN_2);
	outb(CHANNEL_2, PIT_TICKS_MAX & 0xFF);
	outb(CHANNEL_2, PIT_TICKS_MAX >> 8);
}

void pit_latch(void)
{
	outb(CONTROL, LATCH_2);
}

int pit_ticks(void)
{
	unsigned low = inb(CHANNEL_2);
	unsigned count = inb(CHANNEL_2) << 8 | low;

	/* Looked at after the count was held: so a count that began anew is never taken for a good one. */
	if (inb(PORT_B) & PORT_B_OUTPUT)
		return -1;
	return PIT_TICKS_MAX - count;
}
