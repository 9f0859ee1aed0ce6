/*
 * ACPI's tables: which CPUs and interrupt controllers there are, and how the machine is switched off and reset.
 *
 * Nothing that stands in a table is believed before it is checked: each function gets a pointer and the number of
 * bytes that may be read there, and reads no other. There is no interpreter: \_S5_ is found by its shape.
 *
 * Source: ACPI Specification 6.4, sections 5.2 (tables), 7.4.2 (\_Sx), 4.8.3 (fixed registers), 20.2 (AML's bytes).
 */
#ifndef FINCH_DEV_PC_ACPI_H
#define FINCH_DEV_PC_ACPI_H

#include <dev/pc/machine.h>

/* The root pointer's content. 0 for a table that is not there. */
struct acpi_root {
	uint32_t rsdt; /* physical */
	uint64_t xsdt;
};

/*
 * Read all that we need into m. A damaged table is reported in a line and passed over. True if m now lists CPUs; what
 * was found of power is in m either way.
 */
bool acpi_read(struct machine *m, machine_view *view);

/* --- The pieces. --- */

/* Find the root pointer in size bytes that start at a multiple of 16. False: there is none that is whole. */
bool acpi_root_find(const void *area, size_t size, struct acpi_root *root);
/* Is a table with this signature there, whole, in size bytes? signature NULL: any. */
bool acpi_table_check(const void *table, size_t size, const char *signature);
/* These three take tables that acpi_table_check accepted, and leave *m or the results half filled if they fail. */
bool acpi_madt_read(const void *madt, size_t size, struct machine *m);
/* *dsdt: the physical address of the DSDT, 0 for none below 4 GB. */
bool acpi_fadt_read(const void *fadt, size_t size, struct machine *m, uint32_t *dsdt);
/* The values of SLP_TYP for state S5, from \_S5_ in a DSDT or SSDT. False: not there, or not as expected. */
bool acpi_s5_find(const void *table, size_t size, uint8_t *off_a, uint8_t *off_b);

#endif
