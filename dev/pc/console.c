/* The console of a PC (kern/platform.h): output on serial port and screen, input from serial port and keyboard. */
#include <dev/pc/keyboard.h>
#include <dev/pc/time.h>
#include <dev/pc/uart.h>
#include <dev/pc/vga.h>
#include <kern/platform.h>

void platform_console_init(void)
{
	/* First of all, so that the boot's own time serves to measure the other clocks: see time.c. */
	time_init();
	uart_init();
	vga_init();
	keyboard_init();
}

void platform_console_write(const char *s, size_t len)
{
	uart_write(s, len);
	vga_write(s, len);
}

int platform_console_read(void)
{
	int byte = uart_read();

	if (byte < 0)
		byte = keyboard_read();
	if (byte == '\r')
		return '\n';
	if (byte == 0x7F)
		return '\b';
	return byte;
}

void platform_console_listen(bool on)
{
	/* The keyboard needs no mask: see keyboard_read. */
	uart_listen(on);
}
