/*
 * Opening address line 20 (a20.h): by the BIOS (int 15h 2401h), by the keyboard controller's output port (IBM PC/AT
 * Technical Reference, 1-42: command D1h), by port 92h (PS/2 Technical Reference, system control port A).
 * Each way is tried only if the line is still shut, since on some machines one of them does harm.
 */
#include "a20.h"

#include <arch/x86.h>

#include "bios.h"

#define KEYBOARD_STATUS 0x64
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_DATA 0x60
#define KEYBOARD_BUSY 0x02
#define COMMAND_WRITE_OUTPUT 0xD1
#define COMMAND_NOTHING 0xFF
#define OUTPUT_A20_OPEN 0xDF /* all lines as at rest, address line 20 open */
#define CONTROL_PORT 0x92
#define CONTROL_A20 0x02
#define CONTROL_RESET 0x01
#define POLLS 100000

/* Shut, an address is the same memory as that 1 MB above it. */
static bool is_open(void)
{
	static volatile uint32_t low;
	volatile uint32_t *high = (volatile uint32_t *)((uintptr_t)&low + 0x100000);
	uint32_t kept = *high;
	bool open = false;

	/* A bus that answers late, or old contents that happen to agree: ask with several values. */
	for (uint32_t i = 1; i <= 32 && !open; i++) {
		low = i * 0x9E3779B9;
		*high = ~low;
		open = low == i * 0x9E3779B9;
	}
	if (open)
		*high = kept;
	return open;
}

static void by_bios(void)
{
	struct bios_registers r = { .eax = 0x2401 };

	bios_call(0x15, &r);
}

static void keyboard_wait(void)
{
	for (int polls = POLLS; polls && (inb(KEYBOARD_STATUS) & KEYBOARD_BUSY); polls--)
		;
}

static void by_keyboard(void)
{
	keyboard_wait();
	outb(KEYBOARD_COMMAND, COMMAND_WRITE_OUTPUT);
	keyboard_wait();
	outb(KEYBOARD_DATA, OUTPUT_A20_OPEN);
	keyboard_wait();
	outb(KEYBOARD_COMMAND, COMMAND_NOTHING);
	keyboard_wait();
}

static void by_control_port(void)
{
	outb(CONTROL_PORT, (inb(CONTROL_PORT) | CONTROL_A20) & ~CONTROL_RESET);
}

bool a20_open(void)
{
	static void (*const ways[])(void) = { by_bios, by_keyboard, by_control_port };

	for (unsigned i = 0; i < ARRAY_SIZE(ways) && !is_open(); i++) {
		ways[i]();
		for (int polls = POLLS / 1000; polls && !is_open(); polls--)
			;
	}
	return is_open();
}
