/*
 * The registers of an AHCI controller, which stand in memory (ABAR). Source: Serial ATA AHCI 1.3.1, section 3.
 */
#ifndef DRV_AHCI_REGISTERS_H
#define DRV_AHCI_REGISTERS_H

#include <abi/types.h>

#define AHCI_PORTS 32

/* Section 3.3. */
struct ahci_port_registers {
	uint32_t list, list_high; /* command headers: on a multiple of 1 KB */
	uint32_t fis, fis_high;   /* where received FISes go: on a multiple of 256 */
	uint32_t interrupts;      /* PORT_INTERRUPT_, cleared by writing 1 */
	uint32_t interrupts_on;
	uint32_t command; /* PORT_COMMAND_ */
	uint32_t reserved;
	uint32_t task;      /* the device's status, and << 8 its error register */
	uint32_t signature; /* after a reset: LBA high, mid, low, count */
	uint32_t sata_status, sata_control, sata_error; /* SATA_ */
	uint32_t sata_active; /* a bit for each queued command that the device has */
	uint32_t issue;       /* a bit for each slot that is to be, or is, done */
	uint32_t more[17];
};

/* Section 3.1. */
struct ahci_registers {
	uint32_t capabilities; /* AHCI_CAN_ */
	uint32_t control;      /* AHCI_CONTROL_ */
	uint32_t interrupts;   /* a bit for each port, cleared by writing 1 */
	uint32_t implemented;  /* a bit for each port */
	uint32_t version;
	uint32_t coalescing[2];
	uint32_t enclosure[2];
	uint32_t capabilities_2;
	uint32_t handoff; /* AHCI_HANDOFF_ */
	uint32_t more[53];
	struct ahci_port_registers ports[AHCI_PORTS];
};

static_assert(offsetof(struct ahci_registers, ports) == 0x100, "AHCI 3");
static_assert(sizeof(struct ahci_port_registers) == 0x80, "AHCI 3.3");

#define AHCI_CAN_SLOTS(capabilities) (((capabilities) >> 8 & 0x1F) + 1)
#define AHCI_CAN_QUEUE (1u << 30)
#define AHCI_CAN_HANDOFF (1u << 0) /* in capabilities_2 */

#define AHCI_CONTROL_RESET (1u << 0)
#define AHCI_CONTROL_INTERRUPTS (1u << 1)
#define AHCI_CONTROL_AHCI (1u << 31) /* not as an IDE controller */

#define AHCI_HANDOFF_FIRMWARE (1u << 0) /* the firmware has it */
#define AHCI_HANDOFF_OURS (1u << 1)

#define PORT_COMMAND_START (1u << 0)
#define PORT_COMMAND_SPIN_UP (1u << 1)
#define PORT_COMMAND_POWER (1u << 2)
#define PORT_COMMAND_FIS (1u << 4)
#define PORT_COMMAND_FIS_RUNS (1u << 14)
#define PORT_COMMAND_RUNS (1u << 15)
#define PORT_COMMAND_ACTIVE (1u << 28) /* four bits: the power state that the link is to go to */

#define PORT_INTERRUPT_DONE 0x00000009     /* a FIS came that ends commands: registers; or a bit for each queued one */
#define PORT_INTERRUPT_CONNECT (1u << 6)   /* something was plugged in */
#define PORT_INTERRUPT_PHY (1u << 22)      /* the link came or went */
#define PORT_INTERRUPT_OVERFLOW (1u << 24) /* the device moved more than was asked for */
#define PORT_INTERRUPT_FATAL 0x78000000    /* the device reports an error; host bus and interface errors */

#define SATA_STATUS_DETECTED(status) ((status) & 0xF)
#define SATA_PRESENT 1 /* a device, but no link yet */
#define SATA_LINKED 3
#define SATA_CONTROL_RESET 1
#define SATA_CONTROL_AWAKE 0x300 /* no power saving by itself */

#endif
