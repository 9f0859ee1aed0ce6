/*
 * The I/O APICs: which interrupt line of a device reaches which CPU, with which vector.
 *
 * Used at boot alone, on the boot CPU; no lock.
 *
 * Source: Intel 82093AA (IOAPIC) datasheet, section 3.
 */
#ifndef FINCH_DEV_PC_IOAPIC_H
#define FINCH_DEV_PC_IOAPIC_H

#include <dev/pc/machine.h>

/* Map the machine's I/O APICs and mask all their inputs. False: none answers. */
bool ioapic_init(const struct machine *m);
/* Send the line to the CPU with this APIC id, as vector. False: no I/O APIC has that input. */
bool ioapic_route(const struct machine_line *line, uint8_t apic_id, uint8_t vector);

#endif
