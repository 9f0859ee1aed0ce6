/*
 * Formatted output to the console and to memory. Text is gathered in a buffer, so that a line reaches the kernel in one
 * piece. The buffer is small because a program's stack may be a single page.
 */
#include <common/format.h>
#include <inc/lib.h>

struct console_sink {
	size_t used;
	int total;
	char text[256];
};

static void console_put(int c, void *arg)
{
	struct console_sink *sink = arg;

	sink->text[sink->used++] = (char)c;
	sink->total++;
	if (sink->used == sizeof(sink->text)) {
		sys_cputs(sink->text, sink->used);
		sink->used = 0;
	}
}

int vcprintf(const char *fmt, va_list ap)
{
	struct console_sink sink;

	sink.used = 0;
	sink.total = 0;
	format(console_put, &sink, fmt, ap);
	if (sink.used > 0)
		sys_cputs(sink.text, sink.used);
	return sink.total;
}

int cprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int total = vcprintf(fmt, ap);
	va_end(ap);
	return total;
}

void vprintfmt(void (*put)(int c, void *arg), void *arg, const char *fmt, va_list ap)
{
	format(put, arg, fmt, ap);
}

void printfmt(void (*put)(int c, void *arg), void *arg, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format(put, arg, fmt, ap);
	va_end(ap);
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	if (!buf || size == 0)
		return -E_INVAL;
	return format_buffer(buf, size, fmt, ap);
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int length = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return length;
}
