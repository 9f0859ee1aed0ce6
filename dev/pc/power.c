/*
 * Switching the machine off and starting it anew. Each way is tried, then given a bounded time to work before the next.
 *
 * Source: ACPI Specification 6.4, sections 4.8.3.2 (PM1 control), 4.8.3.6 (reset register), 16.1 (sleep states); for
 * port 0xCF9, any Intel chipset's datasheet, "Reset Control Register".
 */
#include <arch/x86.h>
#include <dev/pc/power.h>
#include <dev/pc/time.h>
#include <kern/arch.h>
#include <kern/platform.h>

#define PM1_SCI_ENABLE 0x0001
#define PM1_SLEEP_TYPE 0x1C00
#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_ENABLE 0x2000

#define MODE_SWITCH_NS 300000000u /* firmware that takes over the mode switch is slow */
#define RESET_NS 50000000u        /* for a reset or power-off to happen */

#define RESET_CONTROL_PORT 0xCF9
enum { RESET_SYSTEM = 0x02, RESET_NOW = 0x04 };

#define KEYBOARD_PORT 0x64 /* i8042: bit 1 of the status is set while it is busy; command 0xFE pulls the CPU's reset */
#define KEYBOARD_BUSY 0x02
#define KEYBOARD_RESET 0xFE
#define KEYBOARD_TRIES 100000

static struct machine_power power;
static volatile uint8_t *reset_memory;

void power_init(const struct machine_power *told)
{
	power = *told;
	if (power.reset.address && power.reset.memory)
		reset_memory = arch_device_map(power.reset.address, 1);
}

/* Have the firmware hand the power registers over, if it keeps them. */
static void acpi_enable(void)
{
	if (!power.smi_command || !power.acpi_enable || inw(power.pm1a) & PM1_SCI_ENABLE)
		return;
	outb(power.smi_command, power.acpi_enable);
	uint64_t until = platform_time_ns() + MODE_SWITCH_NS;
	for (unsigned tries = MODE_SWITCH_NS / 256; tries > 0 && platform_time_ns() < until; tries--) {
		if (inw(power.pm1a) & PM1_SCI_ENABLE)
			return;
		arch_pause();
	}
}

static uint16_t sleep_word(uint16_t port, uint8_t type)
{
	uint16_t kept = (uint16_t)(inw(port) & ~(PM1_SLEEP_TYPE | PM1_SLEEP_ENABLE));

	return (uint16_t)(kept | type << PM1_SLEEP_TYPE_SHIFT);
}

void platform_poweroff(void)
{
	uint16_t a, b = 0;

	if (!power.can_off)
		return;
	acpi_enable();
	a = sleep_word(power.pm1a, power.off_a);
	if (power.pm1b)
		b = sleep_word(power.pm1b, power.off_b);
	/* The types first, then both enables, close together. */
	outw(power.pm1a, a);
	if (power.pm1b)
		outw(power.pm1b, b);
	outw(power.pm1a, a | PM1_SLEEP_ENABLE);
	if (power.pm1b)
		outw(power.pm1b, b | PM1_SLEEP_ENABLE);
	time_wait_ns(RESET_NS);
}

static void reset_by_acpi(void)
{
	if (reset_memory)
		*reset_memory = power.reset_value;
	else if (power.reset.address && !power.reset.memory)
		outb((int)power.reset.address, power.reset_value);
	else
		return;
	time_wait_ns(RESET_NS);
}

static void reset_by_chipset(void)
{
	outb(RESET_CONTROL_PORT, RESET_SYSTEM);
	outb(RESET_CONTROL_PORT, RESET_SYSTEM | RESET_NOW);
	time_wait_ns(RESET_NS);
}

static void reset_by_keyboard(void)
{
	for (unsigned tries = KEYBOARD_TRIES; tries > 0 && inb(KEYBOARD_PORT) & KEYBOARD_BUSY; tries--)
		arch_pause();
	outb(KEYBOARD_PORT, KEYBOARD_RESET);
	time_wait_ns(RESET_NS);
}

/* An exception that finds no handler, nor one for that: the CPU shuts down, and the board resets it. */
static void reset_by_shutdown(void)
{
	static const struct __attribute__((packed)) {
		uint16_t limit;
		uint32_t base;
	} nothing;

	__asm__ volatile("lidt %0; int3" : : "m"(nothing));
}

void platform_reboot(void)
{
	reset_by_acpi();
	reset_by_chipset();
	reset_by_keyboard();
	reset_by_shutdown();
	arch_halt();
}
