/*
 * The keyboard controller. Source for ports, commands and bits: Intel UPI-42 keyboard controller as in IBM Personal
 * System/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller".
 */
#include <arch/x86.h>
#include <dev/pc/keyboard.h>
#include <dev/pc/scancode.h>

enum {
	DATA = 0x60,
	STATUS = 0x64,  /* read */
	COMMAND = 0x64, /* write */

	STATUS_OUTPUT = 0x01, /* DATA holds a byte for us */
	STATUS_INPUT = 0x02,  /* the controller has not taken our byte yet */
	STATUS_MOUSE = 0x20,  /* the byte is the mouse's */

	READ_CONFIG = 0x20,
	WRITE_CONFIG = 0x60,
	MOUSE_OFF = 0xA7,
	KEYBOARD_OFF = 0xAD,
	KEYBOARD_ON = 0xAE,

	CONFIG_INTERRUPT = 0x01,
	CONFIG_MOUSE_INTERRUPT = 0x02,
	CONFIG_KEYBOARD_OFF = 0x10,
	CONFIG_MOUSE_OFF = 0x20,
	CONFIG_TRANSLATE = 0x40,
};
#define PATIENCE 20000 /* looks at the status: about 20 ms on a real bus */
#define HELD_MAX 32    /* bytes that controller and keyboard can hold, and some */

static bool present;
static struct scancode state;
static struct {
	char bytes[SCANCODE_BYTES_MAX];
	unsigned next, count;
} decoded;

/* Wait, with a bound, until the bits of mask in the status are as wanted. */
static bool await(uint8_t mask, uint8_t wanted)
{
	for (int looks = PATIENCE; looks > 0; looks--) {
		if ((inb(STATUS) & mask) == wanted)
			return true;
	}
	return false;
}

static bool send(int port, uint8_t byte)
{
	if (!await(STATUS_INPUT, 0))
		return false;
	outb(port, byte);
	return true;
}

/* Throw away what the controller holds. False: it never ends, so nothing is there. */
static bool flush(void)
{
	for (int i = 0; i < HELD_MAX; i++) {
		if (!(inb(STATUS) & STATUS_OUTPUT))
			return true;
		inb(DATA);
	}
	return false;
}

static bool set_up(void)
{
	if (inb(STATUS) == 0xFF)
		return false;
	if (!send(COMMAND, KEYBOARD_OFF) || !send(COMMAND, MOUSE_OFF) || !flush())
		return false;
	if (!send(COMMAND, READ_CONFIG) || !await(STATUS_OUTPUT, STATUS_OUTPUT))
		return false;
	uint8_t config = inb(DATA);
	config |= CONFIG_INTERRUPT | CONFIG_MOUSE_OFF | CONFIG_TRANSLATE;
	config &= ~(CONFIG_MOUSE_INTERRUPT | CONFIG_KEYBOARD_OFF);
	return send(COMMAND, WRITE_CONFIG) && send(DATA, config) && send(COMMAND, KEYBOARD_ON);
}

void keyboard_init(void)
{
	present = set_up();
}

int keyboard_read(void)
{
	if (decoded.next < decoded.count)
		return (uint8_t)decoded.bytes[decoded.next++];
	for (int i = 0; present && i < HELD_MAX; i++) {
		uint8_t status = inb(STATUS);
		if (!(status & STATUS_OUTPUT))
			return -1;
		uint8_t byte = inb(DATA);
		if (status & STATUS_MOUSE)
			continue;
		decoded.count = scancode_decode(&state, byte, decoded.bytes);
		decoded.next = 0;
		if (decoded.count > 0)
			return (uint8_t)decoded.bytes[decoded.next++];
	}
	return -1;
}
