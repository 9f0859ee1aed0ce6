/*
 * The pair of 8259 interrupt controllers. Masked and out of the way on machines with an I/O APIC; on those without,
 * they bring the ISA lines to the boot CPU.
 *
 * Set up on the boot CPU; then calls are serialised by platform.c's lock.
 *
 * Source: Intel 8259A datasheet; for the IMCR, MultiProcessor Specification 1.4, section 3.6.2.1.
 */
#ifndef FINCH_DEV_PC_PIC_H
#define FINCH_DEV_PC_PIC_H

#include <abi/types.h>

/* Set both up with vectors from IRQ_OFFSET on, all lines masked. imcr: connect the APICs to the CPU instead of them. */
void pic_init(bool imcr);
/* Let a line through, or hold it back. */
void pic_unmask(unsigned line);
void pic_mask(unsigned line);
/* Acknowledge the interrupt of a line. False: it was a spurious one, and nothing is to be done for it. */
bool pic_done(unsigned line);

#endif
