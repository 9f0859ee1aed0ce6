/* What the keys of a PC keyboard (scan code set 1, US layout) mean. Pure: touches no hardware. */
#ifndef FINCH_DEV_SCANCODE_H
#define FINCH_DEV_SCANCODE_H

#include <abi/types.h>

#define SCANCODE_BYTES_MAX 8 /* that one key can give */

/* A decoder's state; all zero at the start. */
struct scancode {
	uint8_t held;      /* modifier keys that are down */
	bool caps, num;    /* locks that are on */
	bool extended;     /* the prefix 0xE0 came */
	uint8_t skip;      /* bytes that still belong to the Pause key */
};

/*
 * Take in one byte from the keyboard. Returns how many bytes of input it makes (0 to SCANCODE_BYTES_MAX), which are
 * put into out: a character, or what a VT100 sends for the key. Alt puts an ESC before.
 */
unsigned scancode_decode(struct scancode *state, uint8_t byte, char out[SCANCODE_BYTES_MAX]);

#endif
