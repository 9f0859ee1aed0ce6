/*
 * The local APIC: see lapic.h. Section numbers are of the Intel SDM vol. 3A, chapter "Advanced Programmable Interrupt
 * Controller (APIC)", written 11.x here as in recent editions.
 */
#include <arch/x86.h>
#include <common/div64.h>
#include <dev/pc/lapic.h>
#include <dev/pc/time.h>
#include <kern/arch.h>
#include <kern/check.h>
#include <kern/platform.h>
#include <kern/trap.h>

#define USUAL_ADDRESS 0xFEE00000

/* Registers, table 11-1: byte offsets. */
enum {
	REG_ID = 0x20,
	REG_VERSION = 0x30,
	REG_TASK_PRIORITY = 0x80,
	REG_EOI = 0xB0,
	REG_SPURIOUS = 0xF0,
	REG_ERROR = 0x280,
	REG_ICR_LOW = 0x300,
	REG_ICR_HIGH = 0x310,
	REG_LVT_TIMER = 0x320,
	REG_LVT_COUNTERS = 0x340,
	REG_LVT_LINT0 = 0x350,
	REG_LVT_LINT1 = 0x360,
	REG_LVT_ERROR = 0x370,
	REG_TIMER_INITIAL = 0x380,
	REG_TIMER_CURRENT = 0x390,
	REG_TIMER_DIVIDE = 0x3E0,
};

#define SPURIOUS_ENABLE 0x100  /* 11.9 */
#define LVT_MASKED 0x10000     /* 11.5.1 */
#define LVT_NMI 0x400
#define LVT_EXTINT 0x700
#define LVT_LOW 0x2000
#define ICR_NMI 0x400          /* 11.6.1 */
#define ICR_INIT 0x500
#define ICR_STARTUP 0x600
#define ICR_PENDING 0x1000
#define ICR_ASSERT 0x4000
#define ICR_LEVEL 0x8000
#define DIVIDE_BY_16 3         /* 11.5.4 */

#define MSR_APIC_BASE 0x1B     /* 11.4.4 */
#define MSR_APIC_X2 0x400
#define MSR_APIC_ENABLE 0x800

/* Loops until the APIC has sent what it was told to: a message takes a microsecond at most on a working bus. */
#define SEND_TRIES 100000

/* The timer counts the bus clock divided by 16, of 1 GHz at most: so a rate fits timer_factor. Until measured: */
#define RATE_MAX_KHZ 999999
#define RATE_GUESS_KHZ 62500 /* QEMU's */

static volatile uint32_t *registers;
static uint32_t registers_physical;
static uint32_t base_msr; /* what every CPU's MSR is to hold; 0: it has none */
static uint32_t timer_factor; /* timer ticks = ns * timer_factor >> 32 */

static inline uint32_t reg_read(unsigned reg)
{
	return registers[reg / 4];
}

static inline void reg_write(unsigned reg, uint32_t value)
{
	registers[reg / 4] = value;
}

static uint64_t msr_read(uint32_t msr)
{
	uint64_t value;
	__asm__ volatile("rdmsr" : "=A"(value) : "c"(msr));
	return value;
}

static void msr_write(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "A"(value) : "memory");
}

/* --- Setting up --- */

struct identity {
	bool apic, base_msr, intel, virtual;
	unsigned family;
};

/* Intel SDM vol. 2, CPUID: leaves 0 and 1. */
static struct identity identify(void)
{
	uint32_t vendor, signature, ecx, edx;

	cpuid(0, NULL, &vendor, NULL, NULL);
	cpuid(1, &signature, NULL, &ecx, &edx);
	unsigned family = signature >> 8 & 0xF;
	return (struct identity){
		.apic = edx & 1 << 9,
		.base_msr = edx & 1 << 5 && family >= 6, /* the Pentium has MSRs, but not this one */
		.intel = vendor == 0x756E6547,           /* "Genu" */
		.virtual = ecx & 1u << 31,
		.family = family,
	};
}

/*
 * Switch it on at the address that the others use, and out of the mode with 32-bit ids: that takes a step through off.
 */
static void enable(void)
{
	enum { BOOT_CPU = 0x100 };

	if (!base_msr)
		return;
	uint64_t old = msr_read(MSR_APIC_BASE);
	if (old & MSR_APIC_X2)
		msr_write(MSR_APIC_BASE, old & ~(uint64_t)(MSR_APIC_X2 | MSR_APIC_ENABLE));
	if ((old & ~(uint64_t)BOOT_CPU) != base_msr)
		msr_write(MSR_APIC_BASE, base_msr | (old & BOOT_CPU));
}

bool lapic_init(uint32_t table)
{
	struct identity cpu = identify();
	uint32_t physical = table ? table : USUAL_ADDRESS;

	if (!cpu.apic)
		return false;
	if (cpu.base_msr) {
		uint64_t base = msr_read(MSR_APIC_BASE);
		if (base >> 32 == 0 && base >> PGSHIFT != 0)
			physical = (uint32_t)base;
	}
	physical &= ~(uint32_t)(PGSIZE - 1);
	base_msr = cpu.base_msr ? physical | MSR_APIC_ENABLE : 0;
	registers_physical = physical;
	registers = arch_device_map(physical, PGSIZE);
	if (!registers)
		return false;
	enable();
	lapic_timer_set_rate(RATE_GUESS_KHZ);
	return true;
}

uint32_t lapic_physical(void)
{
	return registers_physical;
}

void lapic_init_cpu(bool legacy, bool nmi_low)
{
	enable();
	/* On before the rest: while it is off, the LVT's mask bits cannot be cleared (11.4.7.2). */
	reg_write(REG_SPURIOUS, SPURIOUS_ENABLE | LAPIC_SPURIOUS_VECTOR);
	reg_write(REG_TASK_PRIORITY, 0);
	reg_write(REG_LVT_TIMER, IRQ_OFFSET); /* one shot */
	reg_write(REG_TIMER_DIVIDE, DIVIDE_BY_16);
	reg_write(REG_TIMER_INITIAL, 0);
	if ((reg_read(REG_VERSION) >> 16 & 0xFF) >= 4)
		reg_write(REG_LVT_COUNTERS, LVT_MASKED);
	reg_write(REG_LVT_LINT0, legacy ? LVT_EXTINT : LVT_MASKED);
	reg_write(REG_LVT_LINT1, LVT_NMI | (nmi_low ? LVT_LOW : 0));
	lapic_errors();
	reg_write(REG_LVT_ERROR, ERROR_VECTOR);
	lapic_done(); /* one that the firmware may have left */
}

uint8_t lapic_id(void)
{
	return (uint8_t)(reg_read(REG_ID) >> 24);
}

/* --- Interrupts taken --- */

void lapic_done(void)
{
	reg_write(REG_EOI, 0);
}

uint32_t lapic_errors(void)
{
	/* A write makes the register show what happened since the last write (11.5.3); twice forgets that too. */
	reg_write(REG_ERROR, 0);
	uint32_t errors = reg_read(REG_ERROR);
	reg_write(REG_ERROR, 0);
	return errors;
}

/* --- Interrupts sent --- */

/* Until the one before is gone: else this one would be lost (11.6.1, delivery status). */
static void wait_sent(void)
{
	for (unsigned tries = SEND_TRIES; tries > 0 && reg_read(REG_ICR_LOW) & ICR_PENDING; tries--)
		arch_pause();
}

static void send(uint8_t id, uint32_t what)
{
	wait_sent();
	reg_write(REG_ICR_HIGH, (uint32_t)id << 24);
	reg_write(REG_ICR_LOW, what);
}

void lapic_send(uint8_t id, uint8_t vector)
{
	send(id, ICR_ASSERT | vector);
}

void lapic_send_nmi(uint8_t id)
{
	/* The sender may itself be in an NMI that came between the two writes of a send: leave the first one as it was. */
	uint32_t high = reg_read(REG_ICR_HIGH);

	send(id, ICR_ASSERT | ICR_NMI);
	wait_sent();
	reg_write(REG_ICR_HIGH, high);
}

/*
 * The MP specification (B.4) wants 10 ms after INIT and 200 us after each STARTUP. That is for the 82489DX and the
 * first Pentiums, whose INIT took that long. Later CPUs (Intel's from the Pentium Pro, others' from family 15, and
 * every virtual one) are ready once INIT is delivered; with 32 CPUs the waits would be a third of a second of the boot.
 * The second STARTUP is for a first one that came too early; a CPU that runs ignores it. 10 us between them is far more
 * than a delivery takes. Whether the CPU came up is the caller's to see.
 */
void lapic_start(uint8_t id, uint32_t start)
{
	struct identity cpu = identify();
	bool quick = cpu.virtual || cpu.family >= 15 || (cpu.intel && cpu.family >= 6);

	send(id, ICR_INIT | ICR_LEVEL | ICR_ASSERT);
	wait_sent();
	send(id, ICR_INIT | ICR_LEVEL); /* ignored from the Pentium 4 on */
	wait_sent();
	if (!quick)
		time_wait_ns(10000000);
	send(id, ICR_STARTUP | start >> PGSHIFT);
	wait_sent();
	time_wait_ns(quick ? 10000 : 200000);
	send(id, ICR_STARTUP | start >> PGSHIFT);
	wait_sent();
}

/* --- The timer --- */

void lapic_timer_count_start(void)
{
	reg_write(REG_LVT_TIMER, LVT_MASKED | IRQ_OFFSET);
	reg_write(REG_TIMER_DIVIDE, DIVIDE_BY_16);
	reg_write(REG_TIMER_INITIAL, 0xFFFFFFFF);
}

uint32_t lapic_timer_count_elapsed(void)
{
	return 0xFFFFFFFF - reg_read(REG_TIMER_CURRENT);
}

void lapic_timer_set_rate(uint32_t khz)
{
	uint64_t factor = (uint64_t)MIN(MAX(khz, (uint32_t)1), (uint32_t)RATE_MAX_KHZ) << 32;

	div64_32(&factor, 1000000);
	timer_factor = (uint32_t)factor;
	reg_write(REG_TIMER_INITIAL, 0);
	reg_write(REG_LVT_TIMER, IRQ_OFFSET); /* one shot */
}

void platform_timer_set(uint64_t ns)
{
	uint64_t ticks;

	if (likely(ns >> 32 == 0))
		ticks = (uint64_t)(uint32_t)ns * timer_factor >> 32;
	else if (ns >> 38 == 0) /* up to 275 s, in units of 64 ns */
		ticks = (uint64_t)(uint32_t)(ns >> 6) * timer_factor >> 26;
	else
		ticks = 0xFFFFFFFF;
	if (unlikely(ticks >> 32 != 0))
		ticks = 0xFFFFFFFF;
	if (unlikely(ticks == 0 && ns != 0))
		ticks = 1;
	reg_write(REG_TIMER_INITIAL, (uint32_t)ticks);
}
