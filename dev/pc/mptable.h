/*
 * The MultiProcessor table of machines without ACPI: which CPUs and interrupt controllers there are.
 *
 * Everything that stands in it is checked before it is believed: each function gets a pointer and the number of
 * bytes that may be read there, and reads no other.
 *
 * Source: Intel MultiProcessor Specification 1.4, chapters 4 and 5.
 */
#ifndef FINCH_DEV_PC_MPTABLE_H
#define FINCH_DEV_PC_MPTABLE_H

#include <dev/pc/machine.h>

/* The floating pointer's content. */
struct mptable_pointer {
	uint32_t table;    /* physical address of the configuration table; 0: none */
	uint8_t standard;  /* else the number of a default configuration, 1 to 7 */
	bool imcr;         /* PIC mode: there is an IMCR */
};

/*
 * Read the table into m, which knows no CPU yet. True if m now lists CPUs. A damaged table is reported in a line, and
 * leaves m without CPUs.
 */
bool mptable_read(struct machine *m, machine_view *view);

/* --- The pieces. --- */

/* Find the floating pointer in size bytes that start at a multiple of 16. False: there is none that is whole. */
bool mptable_find(const void *area, size_t size, struct mptable_pointer *pointer);
/* Read the configuration table, of which size bytes may be read. False: damaged, or it lists no CPU. */
bool mptable_parse(const void *table, size_t size, struct machine *m);
/* Default configuration `number`. False: there is none with this number. */
bool mptable_standard(unsigned number, struct machine *m);

#endif
