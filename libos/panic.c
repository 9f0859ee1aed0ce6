/* Giving up, and complaining. Each message is put together first and goes out in one call. */
#include <common/format.h>
#include <inc/lib.h>

#define MESSAGE_SIZE 512

/* Print `[id] user WHAT in NAME at FILE:LINE: text`, cut off where it is longer than MESSAGE_SIZE. */
static void complain(const char *what, const char *file, int line, const char *fmt, va_list ap)
{
	char message[MESSAGE_SIZE];
	const size_t room = sizeof(message) - 1; /* the last byte is for the newline */

	snprintf(message, room, "[%08x] user %s in %s at %s:%d: ", sys_getenvid(), what, binaryname, file, line);
	size_t n = strlen(message);
	vsnprintf(message + n, room - n, fmt, ap);
	n = strlen(message);
	message[n++] = '\n';
	sys_cputs(message, n);
}

void libos_panic(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain("panic", file, line, fmt, ap);
	va_end(ap);
	for (;;)
		breakpoint();
}

void libos_warn(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain("warning", file, line, fmt, ap);
	va_end(ap);
}
