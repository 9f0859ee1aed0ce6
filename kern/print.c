/* The kernel's own output: a piece is formatted into a buffer on the stack and written whole. */
#include <kern/boot.h>
#include <kern/console.h>
#include <kern/print.h>

void kvprintf(const char *fmt, va_list ap)
{
	char text[512];
	int len = format_buffer(text, sizeof text, fmt, ap);

	console_write(text, MIN((size_t)len, sizeof text - 1));
}

void kprintf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	kvprintf(fmt, ap);
	va_end(ap);
}

void kverbose(const char *fmt, ...)
{
	va_list ap;

	if (!boot_verbose)
		return;
	va_start(ap, fmt);
	kvprintf(fmt, ap);
	va_end(ap);
}

void print_buffer(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_buffer(buf, size, fmt, ap);
	va_end(ap);
}
