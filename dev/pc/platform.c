/*
 * The PC as kern/platform.h wants it: reads the firmware's tables, sets up the interrupt controllers, and knows the
 * CPUs.
 *
 * All is written by platform_init on the boot CPU and constant afterwards; the interrupt controllers have a lock.
 */
#include <common/string.h>
#include <dev/pc/acpi.h>
#include <dev/pc/claims.h>
#include <dev/pc/ioapic.h>
#include <dev/pc/keyboard.h>
#include <dev/pc/lapic.h>
#include <dev/pc/mptable.h>
#include <dev/pc/pic.h>
#include <dev/pc/power.h>
#include <dev/pc/rtc.h>
#include <dev/pc/time.h>
#include <dev/pc/uart.h>
#include <kern/boot.h>
#include <kern/arch.h>
#include <kern/atomic.h>
#include <kern/check.h>
#include <kern/lock.h>
#include <kern/platform.h>
#include <kern/print.h>
#include <kern/trap.h>

#define ERRORS_TOLD 8 /* then no more: a broken bus could fill the console */

static uint8_t apic_ids[CPUS_MAX]; /* of our CPUs: [0] is the one that booted */
static unsigned cpus_found = 1;
static bool nmi_low;
static bool legacy; /* there is no I/O APIC: interrupts come through the 8259, to CPU 0 */
static atomic_t errors_told;
static struct machine_line lines[MACHINE_ISA_LINES];
static struct spinlock chips_lock = SPINLOCK(RANK_DEVICE, "interrupt controllers");

/* --- At boot --- */

static void read_tables(struct machine *m)
{
	machine_init(m);
	if (acpi_read(m, arch_table_map) || mptable_read(m, arch_table_map))
		return;
	kprintf("the firmware tells neither by ACPI nor by an MP table what CPUs there are: using this one\n");
}

static void number_cpus(const struct machine *m)
{
	unsigned beyond = 0;

	apic_ids[0] = lapic_id();
	for (unsigned i = 0; i < m->cpu_count; i++) {
		if (m->cpus[i] == apic_ids[0])
			continue;
		if (cpus_found < CPUS_MAX)
			apic_ids[cpus_found++] = m->cpus[i];
		else
			beyond++;
	}
	if (beyond)
		kprintf("the machine has %u CPUs; using %u\n", cpus_found + beyond, cpus_found);
}

/* Let a line through to the boot CPU, or hold it back. False: it reaches no interrupt controller. */
static bool line_set(unsigned line, bool through)
{
	bool there = true;

	spin_lock(&chips_lock);
	if (!legacy)
		there = ioapic_route(&lines[line], apic_ids[0], IRQ_OFFSET + line, !through);
	else if (through)
		pic_unmask(line);
	else
		pic_mask(line);
	spin_unlock(&chips_lock);
	return there;
}

/* Bring the console's interrupt lines to this CPU. */
static void route_lines(const struct machine *m)
{
	static const uint8_t own[] = { KEYBOARD_IRQ, UART_IRQ };

	memcpy(lines, m->isa, sizeof lines);
	pic_init(m->imcr);
	legacy = !ioapic_init(m);
	for (unsigned i = 0; i < ARRAY_SIZE(own); i++) {
		if (!line_set(own[i], true))
			kprintf("interrupt line %u has no input at any I/O APIC: its device stays silent\n", own[i]);
	}
}

void platform_init(void)
{
	struct machine m;
	uint32_t timer_khz;

	read_tables(&m);
	if (!lapic_init(m.lapic))
		boot_fail("this machine's CPU has no local APIC that can be used");
	nmi_low = m.nmi_low;
	lapic_timer_count_start();
	time_calibrate(lapic_timer_count_elapsed, &timer_khz);
	lapic_timer_set_rate(timer_khz);
	if (m.century)
		rtc_set_century_register(m.century);
	power_init(&m.power);
	claims_init(&m);
	number_cpus(&m);
	route_lines(&m);
}

void platform_init_cpu(void)
{
	lapic_init_cpu(legacy && lapic_id() == apic_ids[0], nmi_low);
}

/* --- CPUs --- */

unsigned platform_cpu_count(void)
{
	return cpus_found;
}

uint32_t platform_cpu_hardware_id(unsigned n)
{
	assert(n < cpus_found);
	return apic_ids[n];
}

void platform_cpu_start(unsigned n, uint32_t start)
{
	assert(n > 0 && n < cpus_found);
	lapic_start(apic_ids[n], start);
}

void platform_send_request(unsigned n)
{
	assert(n < cpus_found);
	lapic_send(apic_ids[n], REQUEST_VECTOR);
}

void platform_send_nmi(unsigned n)
{
	assert(n < cpus_found);
	lapic_send_nmi(apic_ids[n]);
}

/* --- Interrupts --- */

static void tell_error(void)
{
	uint32_t errors = lapic_errors();

	if (errors && atomic_add(&errors_told, 1) <= ERRORS_TOLD)
		kprintf("the local APIC with id %u reports error 0x%02x\n", lapic_id(), errors);
}

static bool legacy_done(unsigned line)
{
	spin_lock(&chips_lock);
	bool real = pic_done(line);
	spin_unlock(&chips_lock);
	return real;
}

enum platform_event platform_interrupt(unsigned line)
{
	if (line == ERROR_VECTOR - IRQ_OFFSET) {
		tell_error();
		return PLATFORM_NOTHING;
	}
	if (legacy && line < MACHINE_ISA_LINES && !legacy_done(line))
		return PLATFORM_NOTHING;
	/* What the device has is read by platform_console_read. */
	return line == KEYBOARD_IRQ || line == UART_IRQ ? PLATFORM_INPUT : PLATFORM_DEVICE;
}

void platform_irq_enable(unsigned line)
{
	line_set(line, true);
}

void platform_irq_disable(unsigned line)
{
	line_set(line, false);
}

bool platform_irq_keeps(unsigned line)
{
	/*
	 * The 8259 remembers edges of lines that are masked; the I/O APIC does not (its datasheet, section 3.2.4, bit 16).
	 */
	return legacy || lines[line].level;
}

void platform_interrupt_done(void)
{
	lapic_done();
}
