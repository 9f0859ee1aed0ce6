/*
 * QEMU's device `edu`, for tests of drivers: it raises its interrupt when told to, and copies between memory and a
 * buffer of its own. Source: QEMU's docs/specs/edu.txt; for the configuration space, PCI Local Bus 3.0, section 6.1 and
 * 3.2.2.3.2.
 */
#ifndef TEST_EDU_H
#define TEST_EDU_H

#include "check.h"
#include <inc/x86.h>

#define PCI_ADDRESS 0xCF8
#define PCI_DATA 0xCFC
#define PCI_PORTS 8
#define EDU_ID 0x11E81234u

/* Registers, as indexes of 32-bit words. */
enum {
	EDU_ALIVE = 0x04 / 4,      /* reads back inverted */
	EDU_STATUS = 0x24 / 4,     /* bits of the interrupts that it raises */
	EDU_RAISE = 0x60 / 4,
	EDU_CLEAR = 0x64 / 4,
	EDU_DMA_FROM = 0x80 / 4,
	EDU_DMA_TO = 0x88 / 4,
	EDU_DMA_COUNT = 0x90 / 4,
	EDU_DMA_COMMAND = 0x98 / 4,
};
enum { EDU_DMA_START = 1, EDU_DMA_TO_MEMORY = 2 };
#define EDU_BUFFER 0x40000 /* its own 4 KB, as the DMA engine addresses them */
#define EDU_SIZE 0x100000

static uint32_t pci_read(unsigned slot, unsigned reg)
{
	outl(PCI_ADDRESS, 0x80000000 | slot << 11 | reg);
	return inl(PCI_DATA);
}

static void pci_write(unsigned slot, unsigned reg, uint32_t value)
{
	outl(PCI_ADDRESS, 0x80000000 | slot << 11 | reg);
	outl(PCI_DATA, value);
}

struct edu {
	uint32_t physical;
	unsigned line;
};

/* Find it on bus 0, and let it have the bus. False: this machine has none. The ports of PCI are the caller's. */
static bool edu_find(struct edu *edu)
{
	for (unsigned slot = 0; slot < 32; slot++) {
		if (pci_read(slot, 0) != EDU_ID)
			continue;
		edu->physical = pci_read(slot, 0x10) & ~0xFu;
		edu->line = pci_read(slot, 0x3C) & 0xFF;
		pci_write(slot, 4, 0x6); /* memory, bus master; INTx not switched off */
		return true;
	}
	return false;
}

/* The first page of its registers at va; fails the test if there is no such device. */
static volatile uint32_t *edu_map(struct edu *edu, void *va)
{
	expect_is(libos_sys_port_allow(0, PCI_ADDRESS, PCI_PORTS, 1), 0);
	if (!edu_find(edu))
		fail("expected QEMU's device edu on bus 0, saw none");
	expect_is(libos_sys_device_map(0, (uintptr_t)va, RW, edu->physical), 0);
	return va;
}

#endif
