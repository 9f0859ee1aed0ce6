/*
 * What the firmware tells of the machine, whichever table it came from: CPUs, interrupt routing, switching off.
 *
 * acpi.c or mptable.c fills a struct machine; platform.c gives it to the chips. Plain data without a lock: written at
 * boot, constant afterwards. Nothing in it is trusted beyond being in range.
 */
#ifndef FINCH_DEV_PC_MACHINE_H
#define FINCH_DEV_PC_MACHINE_H

#include <abi/types.h>

#define MACHINE_APIC_IDS 255 /* 0 to 254; 255 addresses all CPUs */
#define MACHINE_IOAPICS_MAX 8
#define MACHINE_ISA_LINES 16

struct machine_ioapic {
	uint32_t address;  /* physical */
	uint32_t gsi_base; /* the number of its first input among all inputs of the machine */
	uint8_t id;
};

/* Where an ISA interrupt line ends, and what it looks like there. */
struct machine_line {
	uint32_t gsi;
	bool low;   /* active low */
	bool level; /* level triggered */
};

/* A register of a device: 8 bits, in port or memory space. */
struct machine_register {
	uint32_t address; /* 0: there is none */
	bool memory;
};

struct machine_power {
	uint16_t pm1a, pm1b;   /* control ports; 0: there is none */
	uint16_t smi_command;  /* port that takes acpi_enable to hand power management over; 0: it is ours already */
	uint8_t acpi_enable;
	uint8_t off_a, off_b;  /* SLP_TYP of state S5 */
	bool can_off;
	struct machine_register reset;
	uint8_t reset_value;
};

struct machine {
	uint32_t lapic;               /* physical; 0: not told */
	uint8_t cpus[MACHINE_APIC_IDS]; /* APIC ids of the CPUs that may be started, each once, in the table's order */
	unsigned cpu_count;
	struct machine_ioapic ioapics[MACHINE_IOAPICS_MAX];
	unsigned ioapic_count;
	struct machine_line isa[MACHINE_ISA_LINES];
	bool nmi_low;                 /* the NMI pin of the CPUs is active low */
	bool imcr;                    /* interrupts bypass the APICs until the IMCR is told otherwise */
	uint8_t century;              /* the battery clock's register of the century; 0: not told */
	struct machine_power power;
};

/* A read-only view of physical memory, or NULL where there can be none. */
typedef const void *machine_view(uint32_t physical, size_t size);

/* Nothing known: no CPU, no I/O APIC, each ISA line at the input of its number, active high, by its edge. */
void machine_init(struct machine *m);
/* Forget CPUs, I/O APICs and lines (a table turned out damaged); what is known of power stays. */
void machine_forget_cpus(struct machine *m);
/* Note a CPU. Ids from 255 on and those noted already are dropped. */
void machine_add_cpu(struct machine *m, uint32_t apic_id);
/* Note an I/O APIC. False: no room, or not a possible one. */
bool machine_add_ioapic(struct machine *m, uint8_t id, uint32_t address, uint32_t gsi_base);

/* The sum of size bytes, as firmware tables are checked by: 0 if they are whole. */
uint8_t machine_sum(const void *bytes, size_t size);
/* Little-endian numbers at any alignment. */
uint16_t machine_get16(const uint8_t *from);
uint32_t machine_get32(const uint8_t *from);
uint64_t machine_get64(const uint8_t *from);

#endif
