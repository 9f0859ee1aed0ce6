/*
 * For programs: the PCI bus, by configuration mechanism 1 (PCI Local Bus Specification 3.0, section 3.2.2.3.2).
 *
 * The mechanism is one pair of ports for the whole machine: an address, then data. Two programs that use it at the same
 * time read and write each other's registers; so one program does it for all others. That is the disk server
 * (srv/disks) where it runs, which shows what it found: <finch/disks.h>. Drivers get a copy of their device's
 * registers.
 */
#ifndef FINCH_PCI_H
#define FINCH_PCI_H

#include <abi/types.h>
#include <common/names.h>

/* Offsets in the configuration space: section 6.1, for all headers; and 6.2 for type 0 from PCI_BAR on. */
#define PCI_ID 0x00      /* device << 16 | vendor */
#define PCI_COMMAND 0x04 /* 16 bits; PCI_STATUS follows */
#define PCI_STATUS 0x06
#define PCI_CLASS 0x08   /* class << 24 | subclass << 16 | interface << 8 | revision */
#define PCI_HEADER 0x0E  /* 8 bits */
#define PCI_BAR 0x10     /* six words */
#define PCI_BUSES 0x18   /* of a bridge: its own bus, and << 8 the one behind it */
#define PCI_CAPABILITIES 0x34
#define PCI_LINE 0x3C    /* 8 bits: the interrupt line, as the firmware connected it; 0xFF: none */
#define PCI_PIN 0x3D     /* 8 bits: INTA is 1; 0: none */

/* PCI_COMMAND: section 6.2.2. */
#define PCI_COMMAND_PORTS 0x001
#define PCI_COMMAND_MEMORY 0x002
#define PCI_COMMAND_MASTER 0x004
#define PCI_COMMAND_NO_LINE 0x400

#define PCI_CLASS_BRIDGE_PCI 0x0604 /* class << 8 | subclass */
#define PCI_CLASS_IDE 0x0101
#define PCI_CLASS_SATA 0x0106

#define PCI_BARS 6

struct pci_config {
	uint32_t words[64];
};

/* Where a device is, and what. */
struct pci_device {
	uint8_t bus, slot, function;
	uint8_t line;       /* PCI_LINE */
	uint8_t pin;        /* PCI_PIN */
	uint8_t header;     /* PCI_HEADER */
	uint8_t interface;
	uint8_t revision;
	uint16_t class;     /* class << 8 | subclass */
	uint16_t vendor, device;
};

enum { PCI_BAR_NONE, PCI_BAR_PORTS, PCI_BAR_MEMORY };

struct pci_bar {
	uint32_t kind; /* PCI_BAR_ */
	uint32_t size; /* in ports or bytes */
	uint64_t base; /* the first port, or the physical address */
};

/*
 * Let this program use the mechanism. Before all others. 0; -E_BUSY: the disk server runs, and uses it; -E_BAD_ENV: the
 * right to use ports is missing.
 */
int pci_open(void) LINKED_NAME(pci_open);
/* All devices of the machine, also behind bridges, at most max of them. Returns how many. */
int pci_list(struct pci_device *devices, int max) LINKED_NAME(pci_list);

/* A register: offset is a multiple of 4. */
uint32_t pci_read(const struct pci_device *device, int offset) LINKED_NAME(pci_read);
void pci_write(const struct pci_device *device, int offset, uint32_t value) LINKED_NAME(pci_write);
/* Set the PCI_COMMAND_ bits `set`, and clear those of `clear`. */
void pci_command(const struct pci_device *device, uint16_t set, uint16_t clear) LINKED_NAME(pci_command);
/* Copy all registers. */
void pci_config_read(const struct pci_device *device, struct pci_config *config) LINKED_NAME(pci_config_read);
/*
 * What the base address registers say, six of them; one of 64 bits takes two, the second being PCI_BAR_NONE. To find
 * the sizes the device is made to answer nowhere for a moment: not while anybody uses it.
 */
void pci_bars(const struct pci_device *device, struct pci_bar bars[PCI_BARS]) LINKED_NAME(pci_bars);

/* The same of a copy; offset need not be a multiple. */
static inline uint8_t pci_config8(const struct pci_config *config, int offset)
{
	return (uint8_t)(config->words[offset / 4 % 64] >> offset % 4 * 8);
}

static inline uint32_t pci_config32(const struct pci_config *config, int offset)
{
	return config->words[offset / 4 % 64];
}

#define PCI_CAPABILITIES_MAX 48 /* no more fit: a longer list is a ring */

/*
 * The offset of the next capability `id` (section 6.7) after that at `from` (0: the first), or 0 if there is none.
 * Who goes through all of them ends after PCI_CAPABILITIES_MAX: nobody says that the list ends.
 */
int pci_capability(const struct pci_config *config, uint8_t id, int from) LINKED_NAME(pci_capability);

#endif
