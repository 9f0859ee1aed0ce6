/*
 * Scan codes to characters. Source for the codes: IBM Personal System/2 Hardware Interface Technical Reference,
 * Keyboard, "Scan Code Set 1"; for the escape sequences: VT100 User Guide, chapter 3, and VT220 Programmer Reference
 * Manual, section 3.5.
 */
#include <dev/pc/scancode.h>

enum {
	SHIFT_LEFT = 1,
	SHIFT_RIGHT = 2,
	CONTROL_LEFT = 4,
	CONTROL_RIGHT = 8,
	ALT_LEFT = 16,
	ALT_RIGHT = 32,
	SHIFT = SHIFT_LEFT | SHIFT_RIGHT,
	CONTROL = CONTROL_LEFT | CONTROL_RIGHT,
	ALT = ALT_LEFT | ALT_RIGHT,

	EXTENDED = 0xE0,
	PAUSE = 0xE1,
	RELEASED = 0x80,
	KEY_CAPS = 0x3A,
	KEY_NUM = 0x45,
	KEY_PAD_FIRST = 0x47, /* the number pad: 7 8 9 - 4 5 6 + 1 2 3 0 . */
	KEY_PAD_LAST = 0x53,
	KEY_SLASH = 0x35,
	KEY_ENTER = 0x1C,
};

/* By scan code, from 0; 0: no character. The number pad's stand at KEY_PAD_FIRST. */
static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 "
			    "\0\0\0\0\0\0\0\0\0\0\0\0\0" "789-456+1230.\0\0\\";
static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 "
			      "\0\0\0\0\0\0\0\0\0\0\0\0\0" "789-456+1230.\0\0|";

/* Keys with no character: what follows ESC. */
static const struct {
	uint8_t code;
	char text[5];
} functions[] = {
	{0x48, "[A"}, {0x50, "[B"}, {0x4D, "[C"}, {0x4B, "[D"}, {0x47, "[H"}, {0x4F, "[F"},
	{0x52, "[2~"}, {0x53, "[3~"}, {0x49, "[5~"}, {0x51, "[6~"},
	{0x3B, "OP"}, {0x3C, "OQ"}, {0x3D, "OR"}, {0x3E, "OS"}, {0x3F, "[15~"}, {0x40, "[17~"},
	{0x41, "[18~"}, {0x42, "[19~"}, {0x43, "[20~"}, {0x44, "[21~"}, {0x57, "[23~"}, {0x58, "[24~"},
};

/* The modifier that a key is, or 0. */
static uint8_t modifier(uint8_t key, bool extended)
{
	switch (key) {
	case 0x2A: /* extended: a shift that the keyboard makes up around other keys */
		return extended ? 0 : SHIFT_LEFT;
	case 0x36:
		return extended ? 0 : SHIFT_RIGHT;
	case 0x1D:
		return extended ? CONTROL_RIGHT : CONTROL_LEFT;
	case 0x38:
		return extended ? ALT_RIGHT : ALT_LEFT;
	}
	return 0;
}

/* What control makes of a character. */
static char control(char c)
{
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 1;
	if (c > '@' && c <= '_')
		return c - '@';
	return c;
}

/* The character of a key as things stand, or 0. */
static char character(const struct scancode *state, uint8_t key, bool extended)
{
	bool shift = state->held & SHIFT;

	if (extended && key != KEY_SLASH && key != KEY_ENTER)
		return 0;
	if (key >= sizeof(plain) - 1)
		return 0;
	char c = plain[key];
	bool pad = key >= KEY_PAD_FIRST && key <= KEY_PAD_LAST;
	if (pad && c != '-' && c != '+' && state->num == shift)
		return 0;
	if (state->caps && c >= 'a' && c <= 'z')
		shift = !shift;
	if (shift && !extended)
		c = shifted[key];
	return state->held & CONTROL ? control(c) : c;
}

static unsigned press(const struct scancode *state, uint8_t key, bool extended, char *out)
{
	unsigned n = 0;
	char c = character(state, key, extended);

	if (c != 0) {
		if (state->held & ALT)
			out[n++] = '\033';
		out[n++] = c;
		return n;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(functions); i++) {
		if (functions[i].code != key)
			continue;
		out[n++] = '\033';
		for (const char *p = functions[i].text; *p; p++)
			out[n++] = *p;
		break;
	}
	return n;
}

unsigned scancode_decode(struct scancode *state, uint8_t byte, char out[SCANCODE_BYTES_MAX])
{
	if (state->skip > 0) {
		state->skip--;
		return 0;
	}
	if (byte == EXTENDED) {
		state->extended = true;
		return 0;
	}
	if (byte == PAUSE) {
		state->skip = 2; /* 1D 45; its release comes with a prefix of its own */
		state->extended = false;
		return 0;
	}
	bool extended = state->extended;
	state->extended = false;
	uint8_t key = byte & ~RELEASED;
	uint8_t bit = modifier(key, extended);

	if (byte & RELEASED) {
		state->held &= ~bit;
		return 0;
	}
	state->held |= bit;
	if (bit != 0)
		return 0;
	if (!extended && key == KEY_CAPS)
		state->caps = !state->caps;
	if (!extended && key == KEY_NUM)
		state->num = !state->num;
	return press(state, key, extended, out);
}
