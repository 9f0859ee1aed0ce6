/* What of the machine is the kernel's own: see claims.h. */
#include <dev/pc/claims.h>
#include <dev/pc/keyboard.h>
#include <dev/pc/lapic.h>
#include <dev/pc/uart.h>
#include <kern/arch.h>
#include <kern/boot.h>
#include <kern/platform.h>
#include <kern/trap.h>

#define TIMER_IRQ 0 /* its vector is that of each CPU's own timer */
#define CASCADE_IRQ 2
#define SPURIOUS_IRQ 7 /* its vector is the local APIC's for spurious interrupts */
#define RESET_CONTROL 0xCF9
#define PM1_SIZE 2     /* bytes of a control register: ACPI 6.4, 4.8.3.2 */

struct ports {
	uint16_t first, last;
};

/*
 * The chips that the kernel drives: their sources stand beside this file. The ports of PCI configuration, 0xCF8 to
 * 0xCFF, can be had, though RESET_CONTROL is one of them: who has them is trusted with all devices.
 */
static const struct ports fixed[] = {
	{ 0x20, 0x21 }, { 0xA0, 0xA1 }, { 0x4D0, 0x4D1 }, /* 8259s, and how their lines are triggered */
	{ 0x22, 0x23 },                                   /* IMCR */
	{ 0x40, 0x43 }, { 0x61, 0x61 },                   /* PIT and its gate */
	{ 0x60, 0x60 }, { 0x64, 0x64 },                   /* keyboard controller, which can reset the machine */
	{ 0x92, 0x92 },                                   /* so can this */
	{ 0x70, 0x71 },                                   /* battery clock; the mask of NMIs */
	{ 0x3D4, 0x3D5 },                                 /* the screen's cursor */
	{ 0x3F8, 0x3FF },                                 /* COM1 */
};

static const struct ports test_devices[] = { { 0xE9, 0xE9 }, { 0xF4, 0xF7 } };

static struct machine_power power;
static uint32_t apic_pages[1 + MACHINE_IOAPICS_MAX]; /* physical addresses of pages; 0: none */

void claims_init(const struct machine *m)
{
	power = m->power;
	apic_pages[0] = lapic_physical();
	for (unsigned i = 0; i < m->ioapic_count; i++)
		apic_pages[1 + i] = ROUNDDOWN(m->ioapics[i].address, (uint32_t)PGSIZE);
}

/* Does [port, port + count) touch size ports from `first` on (0: there are none)? */
static bool touches(uint32_t port, uint32_t count, uint32_t first, uint32_t size)
{
	return first && port < first + size && port + count > first;
}

static bool any(const struct ports *ports, unsigned n, uint32_t port, uint32_t count)
{
	for (unsigned i = 0; i < n; i++) {
		if (touches(port, count, ports[i].first, ports[i].last - ports[i].first + 1u))
			return true;
	}
	return false;
}

bool platform_ports_are_kernel(uint32_t port, uint32_t count)
{
	uint32_t reset = power.reset.memory ? 0 : power.reset.address;
	bool testing = boot_word("test") || boot_word("batch") || boot_word("testdev");

	return any(fixed, ARRAY_SIZE(fixed), port, count) ||
	       (testing && any(test_devices, ARRAY_SIZE(test_devices), port, count)) ||
	       touches(port, count, power.pm1a, PM1_SIZE) || touches(port, count, power.pm1b, PM1_SIZE) ||
	       touches(port, count, power.smi_command, 1) ||
	       (reset && reset != RESET_CONTROL && touches(port, count, reset, 1));
}

bool platform_irq_usable(unsigned line)
{
	const uint32_t own = 1u << TIMER_IRQ | 1u << KEYBOARD_IRQ | 1u << CASCADE_IRQ | 1u << UART_IRQ |
			     1u << SPURIOUS_IRQ;

	return line < MACHINE_ISA_LINES && !(own & 1u << line);
}

/* --- Memory --- */

#define SCREEN_START 0xB8000 /* text, which the console writes */

static bool overlaps(uint64_t start, uint64_t end, uint64_t first, uint64_t behind)
{
	return start < behind && end > first;
}

bool platform_memory_is_kernel(uint64_t start, uint64_t end)
{
	for (unsigned i = 0; i < ARRAY_SIZE(apic_pages); i++) {
		if (apic_pages[i] && overlaps(start, end, apic_pages[i], apic_pages[i] + PGSIZE))
			return true;
	}
	if (power.reset.address && power.reset.memory &&
	    overlaps(start, end, power.reset.address & ~(PGSIZE - 1u), (uint64_t)power.reset.address + 1))
		return true;
	/* Below 1 MB: the firmware's data, its code and its tables, which may all be RAM. */
	return overlaps(start, end, 0, IOPHYSMEM) || overlaps(start, end, SCREEN_START, EXTPHYSMEM);
}
