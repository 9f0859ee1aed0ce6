/* The I/O APICs: see ioapic.h. */
#include <dev/pc/ioapic.h>
#include <kern/arch.h>
#include <kern/print.h>

/* The two memory words through which registers are reached: 32-bit words, 16 bytes apart. */
enum { SELECT = 0, WINDOW = 4 };

enum { REG_VERSION = 1, REG_REDIRECTION = 0x10 }; /* two registers for each input */

#define REDIRECTION_LOW 0x2000 /* section 3.2.4; fixed delivery, physical destination */
#define REDIRECTION_LEVEL 0x8000
#define REDIRECTION_MASKED 0x10000

#define INPUTS_MAX 240 /* more than the register numbers reach: not an I/O APIC */

struct ioapic {
	volatile uint32_t *window;
	uint32_t gsi_base;
	unsigned inputs;
};

static struct ioapic ioapics[MACHINE_IOAPICS_MAX];
static unsigned ioapic_count;

static uint32_t reg_read(const struct ioapic *ioapic, unsigned reg)
{
	ioapic->window[SELECT] = reg;
	return ioapic->window[WINDOW];
}

static void reg_write(const struct ioapic *ioapic, unsigned reg, uint32_t value)
{
	ioapic->window[SELECT] = reg;
	ioapic->window[WINDOW] = value;
}

static bool open(struct ioapic *ioapic, const struct machine_ioapic *told)
{
	ioapic->window = arch_device_map(told->address, 32);
	if (!ioapic->window)
		return false;
	ioapic->gsi_base = told->gsi_base;
	/* Bits 16-23: the highest input. Where no chip answers, all bits read as one or as zero. */
	uint32_t version = reg_read(ioapic, REG_VERSION);
	ioapic->inputs = (version >> 16 & 0xFF) + 1;
	if (version == 0 || ioapic->inputs > INPUTS_MAX)
		return false;
	for (unsigned i = 0; i < ioapic->inputs; i++)
		reg_write(ioapic, REG_REDIRECTION + 2 * i, REDIRECTION_MASKED);
	return true;
}

bool ioapic_init(const struct machine *m)
{
	for (unsigned i = 0; i < m->ioapic_count; i++) {
		if (open(&ioapics[ioapic_count], &m->ioapics[i]))
			ioapic_count++;
		else
			kprintf("the I/O APIC at 0x%08x does not answer; going on without it\n",
				m->ioapics[i].address);
	}
	return ioapic_count > 0;
}

bool ioapic_route(const struct machine_line *line, uint8_t apic_id, uint8_t vector, bool masked)
{
	for (unsigned i = 0; i < ioapic_count; i++) {
		const struct ioapic *ioapic = &ioapics[i];
		uint32_t input = line->gsi - ioapic->gsi_base;
		if (line->gsi < ioapic->gsi_base || input >= ioapic->inputs)
			continue;
		unsigned reg = REG_REDIRECTION + 2 * input;
		reg_write(ioapic, reg + 1, (uint32_t)apic_id << 24);
		/* The mode stays while it is masked: an interrupt may be in service whose end the chip is told by that. */
		reg_write(ioapic, reg,
			  vector | (line->low ? REDIRECTION_LOW : 0) | (line->level ? REDIRECTION_LEVEL : 0) |
				  (masked ? REDIRECTION_MASKED : 0));
		return true;
	}
	return false;
}
