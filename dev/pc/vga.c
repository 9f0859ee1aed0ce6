/*
 * The VGA's text screen. Source for registers: IBM Personal System/2 Hardware Interface Technical Reference, Video
 * Subsystem, "CRT Controller Registers".
 *
 * Under a hypervisor each access to this memory can cost a microsecond or more, so scrolling does not move the text.
 * The memory has room for 204 lines; the screen is a window onto it that moves down a line (the chip's start address),
 * and only at the memory's end are the lines of the window copied back to its beginning. Registers are written once a
 * piece of output.
 */
#include <arch/layout.h>
#include <arch/x86.h>
#include <dev/pc/vga.h>

enum {
	MEMORY = 0xB8000, /* physical */
	COLUMNS = 80,
	LINES = 25,
	LINES_HELD = 0x8000 / 2 / COLUMNS,
	TAB = 8,

	CRTC_INDEX = 0x3D4,
	CRTC_DATA = 0x3D5,
	CURSOR_START = 0x0A,
	CURSOR_END = 0x0B,
	START_HIGH = 0x0C, /* of the screen, in cells; the low half is the next register */
	CURSOR_HIGH = 0x0E,

	BLANK = 0x0720, /* a space, light grey on black */
	GREY = 0x0700,
};

static struct {
	unsigned top;    /* line of the memory that the screen begins with */
	unsigned line;   /* of the cursor, in the memory: top to top + LINES - 1 */
	unsigned column; /* of the cursor: 0 to COLUMNS - 1 */
	unsigned shown;  /* the top that the chip knows of */
	unsigned escape; /* bytes of a sequence ESC [ ... that have come, at most 2 */
} at;

static volatile uint16_t *cell(unsigned line, unsigned column)
{
	return (volatile uint16_t *)(KERNBASE + MEMORY) + line * COLUMNS + column;
}

static uint8_t crtc_read(unsigned index)
{
	outb(CRTC_INDEX, index);
	return inb(CRTC_DATA);
}

static void crtc_write(unsigned index, uint8_t value)
{
	outb(CRTC_INDEX, index);
	outb(CRTC_DATA, value);
}

static void crtc_write_pair(unsigned index, unsigned value)
{
	crtc_write(index, value >> 8);
	crtc_write(index + 1, value & 0xFF);
}

/* Copy a line of the memory, or with from == to blank it, by whole words. */
static void line_copy(unsigned to, unsigned from)
{
	volatile uint32_t *target = (volatile uint32_t *)cell(to, 0);
	volatile uint32_t *source = (volatile uint32_t *)cell(from, 0);

	for (unsigned i = 0; i < COLUMNS / 2; i++)
		target[i] = from == to ? (uint32_t)BLANK << 16 | BLANK : source[i];
}

/* Show one line more. */
static void scroll(void)
{
	at.top++;
	if (at.top + LINES > LINES_HELD) {
		for (unsigned i = 0; i < LINES - 1; i++)
			line_copy(i, at.top + i);
		at.line -= at.top;
		at.top = 0;
	}
	line_copy(at.top + LINES - 1, at.top + LINES - 1);
}

static void line_feed(void)
{
	at.column = 0;
	at.line++;
	if (at.line == at.top + LINES)
		scroll();
}

/*
 * The end of a sequence (ECMA-48, 8.3): H brings the cursor home; J and K blank what follows it on the screen or line.
 */
static void control(char letter)
{
	if (letter == 'H') {
		at.line = at.top;
		at.column = 0;
	} else if (letter == 'J' || letter == 'K') {
		volatile uint16_t *end = cell(letter == 'J' ? at.top + LINES : at.line + 1, 0);
		for (volatile uint16_t *to = cell(at.line, at.column); to < end; to++)
			*to = BLANK;
	}
}

/* True: c belongs to a sequence, and is not to be shown. Parameters are passed over; a control character ends it. */
static bool escape(char c)
{
	switch (at.escape) {
	case 0:
		at.escape = c == '\033';
		return at.escape;
	case 1:
		at.escape = c == '[' ? 2 : 0;
		return true;
	default:
		if (c >= '@')
			control(c);
		at.escape = c >= ' ' && c < '@' ? 2 : 0;
		return c >= ' ';
	}
}

static void put(char c)
{
	if (escape(c))
		return;
	switch (c) {
	case '\n':
		line_feed();
		return;
	case '\r':
		at.column = 0;
		return;
	case '\b':
		if (at.column > 0) {
			at.column--;
		} else if (at.line > at.top) {
			at.line--;
			at.column = COLUMNS - 1;
		}
		return;
	case '\t':
		do
			put(' ');
		while (at.column % TAB != 0);
		return;
	case '\a':
		return;
	}
	*cell(at.line, at.column) = GREY | (uint8_t)c;
	if (++at.column == COLUMNS)
		line_feed();
}

static void show(void)
{
	if (at.shown != at.top)
		crtc_write_pair(START_HIGH, at.top * COLUMNS);
	at.shown = at.top;
	crtc_write_pair(CURSOR_HIGH, at.line * COLUMNS + at.column);
}

void vga_init(void)
{
	unsigned start = crtc_read(START_HIGH) << 8 | crtc_read(START_HIGH + 1);
	unsigned cursor = crtc_read(CURSOR_HIGH) << 8 | crtc_read(CURSOR_HIGH + 1);

	if (start != 0 || cursor >= LINES * COLUMNS) {
		/* Not the firmware's usual screen: begin an empty one. */
		for (unsigned i = 0; i < LINES; i++)
			line_copy(i, i);
		cursor = 0;
		at.shown = LINES_HELD; /* no line: it has to be told */
	}
	at.line = cursor / COLUMNS;
	at.column = cursor % COLUMNS;
	if (at.column != 0)
		line_feed();
	/* An underline as the cursor, bit 5 clear: visible. */
	crtc_write(CURSOR_START, 14);
	crtc_write(CURSOR_END, 15);
	show();
}

void vga_write(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put(s[i]);
	show();
}
