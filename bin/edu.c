/*
 * edu: a whole driver on one page, for QEMU's teaching device (QEMU_EXTRA="-device edu" ./finch run; its manual is
 * QEMU's docs/specs/edu). It finds the device on the PCI bus, maps its registers, has it compute a factorial and copy
 * memory, and is told by interrupt. At the prompt: grant ports,irq,mmio,dma edu. doc/drivers.md goes through it.
 */
#include <finch/ipc.h>
#include <finch/memory.h>
#include <finch/pci.h>
#include <finch/process.h>
#include <finch/rights.h>
#include <finch/syscall.h>
#include <inc/lib.h>

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11E8

/* Registers, in bytes from the start of device memory. */
#define IDENTITY 0x00  /* 0x010000ED */
#define FACTORIAL 0x08 /* write n, later read n! */
#define STATUS 0x20
#define STATUS_BUSY 0x01
#define STATUS_INTERRUPT 0x80 /* interrupt when a factorial is done */
#define RAISED 0x24           /* why it interrupts */
#define ACKNOWLEDGE 0x64      /* no more, for these reasons */
#define DMA_FROM 0x80
#define DMA_TO 0x88
#define DMA_COUNT 0x90
#define DMA_COMMAND 0x98
#define DMA_START 0x01
#define DMA_OUT 0x02 /* from the device to memory */
#define DMA_INTERRUPT 0x04
#define DMA_BUFFER 0x40000 /* the device's own memory, as it sees it */

#define REGISTERS ((volatile uint32_t *)0x20000000)
#define MEMORY ((uint32_t *)0x24000000)
#define RW (PTE_P | PTE_U | PTE_W)
#define WAIT_MS 5000
#define BYTES 2048 /* to copy; the device holds 4096, of which QEMU refuses the last */

static uint32_t line;

static void must(int result, const char *what)
{
	if (result >= 0)
		return;
	printf("edu: %s: %e\n", what, result);
	exit_status(1);
}

static uint32_t get(uint32_t offset)
{
	return REGISTERS[offset / sizeof(uint32_t)];
}

static void put(uint32_t offset, uint32_t value)
{
	REGISTERS[offset / sizeof(uint32_t)] = value;
}

static struct pci_device find(void)
{
	static struct pci_device devices[64];
	int count = pci_list(devices, 64);

	for (int i = 0; i < count; i++)
		if (devices[i].vendor == EDU_VENDOR && devices[i].device == EDU_DEVICE)
			return devices[i];
	printf("edu: this machine has no such device; QEMU_EXTRA='-device edu' ./finch run has\n");
	exit_status(1);
}

/* Sleep until it interrupts. The line may be shared: what another device does is not for us. */
static void await_interrupt(void)
{
	for (bool ours = false; !ours;) {
		must(sys_ipc_wait(IPC_NO_PAGES, 0, WAIT_MS), "no interrupt");
		if (thisenv->env_ipc_from != 0)
			continue; /* somebody's message */
		uint32_t raised = get(RAISED);
		put(ACKNOWLEDGE, raised);
		must(libos_sys_irq(0, line, IRQ_DONE), "the line");
		ours = raised != 0;
	}
}

static void copy(uint32_t from, uint32_t to, uint32_t direction)
{
	put(DMA_FROM, from);
	put(DMA_TO, to);
	put(DMA_COUNT, BYTES);
	put(DMA_COMMAND, DMA_START | DMA_INTERRUPT | direction);
	await_interrupt();
}

/* From one page into the device, and back to the page behind it. */
static bool try_dma(void)
{
	uint32_t address;

	must(pages_alloc_dma(MEMORY, 2, &address), "memory for DMA");
	for (uint32_t i = 0; i < BYTES / sizeof(uint32_t); i++)
		MEMORY[i] = i * i;
	copy(address, DMA_BUFFER, 0);
	copy(DMA_BUFFER, address + PGSIZE, DMA_OUT);
	return memcmp(MEMORY, (char *)MEMORY + PGSIZE, BYTES) == 0;
}

void umain(int argc, char **argv)
{
	struct pci_bar bars[PCI_BARS];

	if (!rights_need(RIGHT_PORTS | RIGHT_IRQ | RIGHT_MMIO | RIGHT_DMA))
		exit_status(1);
	must(pci_open(), "the PCI bus");
	struct pci_device device = find();
	pci_bars(&device, bars);
	line = device.line;
	uint32_t pages = libos_range(RW, bars[0].size / PGSIZE);
	must(libos_sys_device_map(0, (uintptr_t)REGISTERS, pages, (uintptr_t)bars[0].base), "its registers");
	must(libos_sys_irq(0, line, IRQ_ATTACH), "its line");
	pci_command(&device, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
	printf("edu: %08x at %08x, line %u\n", get(IDENTITY), (uint32_t)bars[0].base, line);
	put(STATUS, STATUS_INTERRUPT);
	put(FACTORIAL, 10);
	await_interrupt();
	uint32_t factorial = get(FACTORIAL);
	bool right = try_dma();
	pci_command(&device, 0, PCI_COMMAND_MASTER);
	printf("edu: 10! is %u; %d bytes went in and came back %s\n", factorial, BYTES, right ? "whole" : "damaged");
	right &= factorial == 3628800;
	printf("edu: %s\n", right ? "all right" : "wrong");
	exit_status(!right);
}
