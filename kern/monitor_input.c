/* What is typed at the monitor: lines, words, numbers. */
#include <common/string.h>
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/monitor_parts.h>
#include <kern/print.h>
#include <kern/request.h>

#define END_OF_INPUT 4 /* Ctrl-D */
#define ESCAPE 0x1B

static int read_byte(void)
{
	int byte;

	while ((byte = console_poll()) == 0) {
		if (this_cpu()->panic_depth == 0)
			request_serve();
		arch_pause();
	}
	return byte;
}

/* Take the rest of what an arrow key and the like send: ESC [ parameters letter. */
static void skip_escape(void)
{
	int byte = read_byte();

	while (byte == '[' || (byte >= '0' && byte <= '9') || byte == ';')
		byte = read_byte();
}

/* Read a line, without its end. False: end of input on an empty line. */
static bool read_text(char text[MONITOR_TEXT_MAX])
{
	unsigned length = 0;

	for (;;) {
		int byte = read_byte();
		if (byte == '\n' || byte == '\r')
			break;
		if (byte == END_OF_INPUT && length == 0)
			return false;
		if (byte == ESCAPE)
			skip_escape();
		if ((byte == '\b' || byte == 0x7F) && length > 0) {
			length--;
			kprintf("\b \b");
		}
		if (byte >= ' ' && byte < 0x7F && length < MONITOR_TEXT_MAX - 1) {
			text[length++] = (char)byte;
			kprintf("%c", byte);
		}
	}
	text[length] = '\0';
	kprintf("\n");
	return true;
}

/* Split text at blanks, in place. False: too many words. */
static bool split(char *text, struct monitor_line *line)
{
	line->count = 0;
	for (;;) {
		while (*text == ' ')
			*text++ = '\0';
		if (*text == '\0')
			return true;
		if (line->count == MONITOR_WORDS_MAX)
			return false;
		line->words[line->count++] = text;
		text = strfind(text, ' ');
	}
}

bool monitor_read(char text[MONITOR_TEXT_MAX], struct monitor_line *line)
{
	line->count = 0;
	if (!read_text(text))
		return false;
	if (!split(text, line)) {
		kprintf("That is more than %u words.\n", MONITOR_WORDS_MAX);
		line->count = 0;
	}
	return true;
}

bool monitor_number(const char *word, uint32_t *number)
{
	const char *at = word;

	*number = 0;
	if (at[0] == '0' && at[1] == 'x')
		at += 2;
	unsigned digits = 0;
	for (; *at; at++) {
		int digit = *at >= '0' && *at <= '9' ? *at - '0' : (*at | 0x20) - 'a' + 10;
		if (digit < 0 || digit > 15 || (*number >> 28) != 0)
			break;
		*number = *number << 4 | (uint32_t)digit;
		digits++;
	}
	if (*at == '\0' && digits > 0)
		return true;
	kprintf("'%s' is not a hexadecimal number of 32 bits.\n", word);
	return false;
}

bool monitor_word_is(const struct monitor_line *line, unsigned n, const char *text)
{
	return n < line->count && !strcmp(line->words[n], text);
}
