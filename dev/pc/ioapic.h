/*
 * The I/O APICs: which interrupt line of a device reaches which CPU, with which vector.
 *
 * Set up on the boot CPU; then calls are serialised by platform.c's lock.
 *
 * Source: Intel 82093AA (IOAPIC) datasheet, section 3.
 */
#ifndef FINCH_DEV_PC_IOAPIC_H
#define FINCH_DEV_PC_IOAPIC_H

#include <dev/pc/machine.h>

/* Map the machine's I/O APICs and mask all their inputs. False: none answers. */
bool ioapic_init(const struct machine *m);
/* Send the line to the CPU with this APIC id, as vector, or for now hold it back. False: no I/O APIC has that input. */
bool ioapic_route(const struct machine_line *line, uint8_t apic_id, uint8_t vector, bool masked);

#endif
