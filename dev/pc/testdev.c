/* QEMU's devices for tests (kern/platform.h): isa-debug-exit at port 0xF4, isa-debugcon at port 0xE9. */
#include <arch/x86.h>
#include <kern/platform.h>

#define EXIT_PORT 0xF4
#define TEXT_PORT 0xE9

void platform_test_exit(unsigned status)
{
	outb(EXIT_PORT, status);
}

void platform_test_write(const char *s, size_t len)
{
	outsb(TEXT_PORT, s, len);
}
