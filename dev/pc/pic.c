/* The pair of 8259 interrupt controllers: see pic.h. */
#include <arch/x86.h>
#include <dev/pc/pic.h>
#include <kern/trap.h>

enum { FIRST_COMMAND = 0x20, FIRST_DATA = 0x21, SECOND_COMMAND = 0xA0, SECOND_DATA = 0xA1 };

#define CASCADE_LINE 2 /* of the first, where the second is connected */
#define WORST_LINE 7   /* of each: what a request that vanished is taken for */

#define ICW1_INIT 0x11 /* edge triggered, cascaded, ICW4 follows */
#define ICW4_8086 0x01
#define OCW2_EOI 0x20
#define OCW3_IN_SERVICE 0x0B /* the next read of the command port gives the in-service register */

#define IMCR_SELECT_PORT 0x22
#define IMCR_DATA_PORT 0x23
#define IMCR 0x70
#define IMCR_APIC 0x01

void pic_init(bool imcr)
{
	outb(FIRST_COMMAND, ICW1_INIT);
	outb(SECOND_COMMAND, ICW1_INIT);
	outb(FIRST_DATA, IRQ_OFFSET);
	outb(SECOND_DATA, IRQ_OFFSET + 8);
	outb(FIRST_DATA, 1 << CASCADE_LINE);
	outb(SECOND_DATA, CASCADE_LINE);
	outb(FIRST_DATA, ICW4_8086);
	outb(SECOND_DATA, ICW4_8086);
	outb(FIRST_DATA, 0xFF);
	outb(SECOND_DATA, 0xFF);
	if (imcr) {
		outb(IMCR_SELECT_PORT, IMCR);
		outb(IMCR_DATA_PORT, IMCR_APIC);
	}
}

void pic_unmask(unsigned line)
{
	if (line >= 8) {
		outb(SECOND_DATA, inb(SECOND_DATA) & (uint8_t)~(1 << (line - 8)));
		line = CASCADE_LINE;
	}
	outb(FIRST_DATA, inb(FIRST_DATA) & (uint8_t)~(1 << line));
}

void pic_mask(unsigned line)
{
	int port = line >= 8 ? SECOND_DATA : FIRST_DATA;

	outb(port, inb(port) | (uint8_t)(1 << line % 8));
}

static bool in_service(int command_port, unsigned line)
{
	outb(command_port, OCW3_IN_SERVICE);
	return inb(command_port) >> line & 1;
}

bool pic_done(unsigned line)
{
	bool real = true;

	if (line >= 8) {
		/* Of a spurious one the second chip knows nothing, but the first one does. */
		real = line % 8 != WORST_LINE || in_service(SECOND_COMMAND, WORST_LINE);
		if (real)
			outb(SECOND_COMMAND, OCW2_EOI);
	} else if (line == WORST_LINE && !in_service(FIRST_COMMAND, WORST_LINE)) {
		return false;
	}
	outb(FIRST_COMMAND, OCW2_EOI);
	return real;
}
