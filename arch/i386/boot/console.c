/* The loader's output (console.h). Source for the chip: PC16550D data sheet, section 8. */
#include "console.h"

#include <arch/x86.h>

#include "bios.h"
#include "loader.h"

#define COM1 0x3F8
#define UART_DATA 0 /* with the divisor latch open: divisor, low byte */
#define UART_INTERRUPTS 1 /* and high byte */
#define UART_LINE 3
#define UART_MODEM 4
#define UART_STATUS 5
#define LINE_8N1 0x03
#define LINE_DIVISOR 0x80
#define STATUS_EMPTY 0x20 /* room for a byte to send */
#define STATUS_POLLS 100000 /* a byte at 115200 baud takes 87 us, a read of a port 1 us or less */

#define TEST_DEVICE 0xF4 /* QEMU's isa-debug-exit, where ./finch puts it */
#define LOADER_FAILED 17 /* the kernel's own status for "failed to start" */

/* The queues stay as they are: to switch them is to lose what has come in for the kernel. */
void console_init(void)
{
	outb(COM1 + UART_INTERRUPTS, 0);
	outb(COM1 + UART_LINE, LINE_DIVISOR);
	outb(COM1 + UART_DATA, 1);
	outb(COM1 + UART_INTERRUPTS, 0);
	outb(COM1 + UART_LINE, LINE_8N1);
	outb(COM1 + UART_MODEM, 0x03);
}

static void put(char c)
{
	struct bios_registers r = { .eax = 0x0E00 | (uint8_t)c, .ebx = 7 };

	if (c == '\n')
		put('\r');
	for (int polls = STATUS_POLLS; polls && !(inb(COM1 + UART_STATUS) & STATUS_EMPTY); polls--)
		;
	outb(COM1 + UART_DATA, (uint8_t)c);
	bios_call(0x10, &r);
}

static void put_string(const char *s)
{
	while (*s)
		put(*s++);
}

static void put_number(uint32_t value, unsigned base)
{
	if (value >= base)
		put_number(value / base, base);
	put("0123456789abcdef"[value % base]);
}

static void say_list(const char *format, __builtin_va_list list)
{
	for (; *format; format++) {
		if (*format != '%') {
			put(*format);
			continue;
		}
		switch (*++format) {
		case 's':
			put_string(__builtin_va_arg(list, const char *));
			break;
		case 'u':
			put_number(__builtin_va_arg(list, uint32_t), 10);
			break;
		case 'x':
			put_string("0x");
			put_number(__builtin_va_arg(list, uint32_t), 16);
			break;
		default:
			put(*format);
			break;
		}
	}
}

void say(const char *format, ...)
{
	__builtin_va_list list;

	__builtin_va_start(list, format);
	say_list(format, list);
	__builtin_va_end(list);
}

void fail(const char *format, ...)
{
	__builtin_va_list list;

	put_string("Finch loader: ");
	__builtin_va_start(list, format);
	say_list(format, list);
	__builtin_va_end(list);
	put('\n');
	if (loader_word("batch"))
		outl(TEST_DEVICE, LOADER_FAILED);
	bios_halt();
}
