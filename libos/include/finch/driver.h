/*
 * What the disk server (srv/disks) and a driver that it has started share: two pages at DRIVER_PAGE, and where all else
 * stands in the driver's address space. For those two; programs use <finch/block.h>.
 *
 * The server gives a driver everything that it has: the ports, interrupt lines and memory of its device, memory for
 * DMA, and the memory of programs that have one of its disks open. The server has all that memory mapped too: so what a
 * device may still write into, after its driver has died, is nobody else's until the next driver has reset it.
 *
 * Each field has one writer: the pages see to that. The driver wakes the server by unpark(server), the server the
 * driver by a message DRIVER_WAKE, if `sleeps` says that it sleeps (see <finch/block_ring.h>).
 */
#ifndef FINCH_DRIVER_H
#define FINCH_DRIVER_H

#include <finch/block_ring.h>
#include <finch/pci.h>

#define DRIVER_CLIENTS 16
#define DRIVER_UNITS 8
#define DRIVER_RANGES 6
#define DRIVER_MODEL 40

/* The driver's address space: a client's ring is a page, its memory DRIVER_MEMORY behind that. */
#define DRIVER_CLIENT(n) (0x80000000u + (uint32_t)(n) * 0x02000000)
#define DRIVER_MEMORY 0x00400000u
#define DRIVER_PAGE 0xB0000000u
#define DRIVER_DMA 0xB0400000u
#define DRIVER_DEVICE 0xB1000000u /* device memory, and what stands there of each range: its va */

#define DRIVER_WAKE 0x64727621 /* a message from the server */

/* What a driver has of its device: of a PCI device, those are its base address registers. */
struct driver_range {
	uint32_t kind; /* PCI_BAR_ */
	uint32_t base; /* the first port, or the physical address */
	uint32_t size; /* in ports or bytes */
	uint32_t va;   /* of memory: where it is mapped, uncached; 0: it is not */
};

/* A disk. A controller may have several. */
struct driver_unit {
	uint64_t sectors; /* 0: there is no disk here */
	uint32_t flags;   /* BLOCK_READ_ONLY, ... */
	uint32_t unused;
	char model[DRIVER_MODEL]; /* for people; ended by a zero */
};

/* A disk that a program has open. */
struct driver_client {
	uint32_t wanted; /* not 0: to be served; a number that is new for each program, and not DRIVER_BEGINS */
	uint32_t unit;
	uint32_t pages;  /* that are shared, all mapped; only grows while it is wanted */
	envid_t envid;
};

#define DRIVER_BEGINS 0xFFFFFFFFu

enum { DRIVER_STARTING, DRIVER_READY, DRIVER_FAILED };

struct driver_page {
	/* --- The server's page, which the driver can only read. --- */
	envid_t server;       /* whom to unpark */
	uint32_t lines;       /* a bit for each interrupt line that it is attached to; 0: none, it has to poll */
	uint32_t dma_pages;   /* at DRIVER_DMA, contiguous */
	uint32_t dma_address; /* the physical address of the first */
	struct driver_range ranges[DRIVER_RANGES];
	struct pci_config config; /* when the driver was started; for what stands in the capabilities */
	struct pci_device device;
	struct driver_client clients[DRIVER_CLIENTS];

	/* --- The driver's page. --- */
	uint32_t state __attribute__((aligned(4096))); /* DRIVER_ */
	int32_t error;        /* of a driver that failed */
	uint32_t unit_count;  /* one behind the last that is used */
	struct driver_unit units[DRIVER_UNITS];
	/* As wanted; DRIVER_BEGINS: not yet; 0: it has nothing of that client in its hands, nor looks at its ring. */
	uint32_t served[DRIVER_CLIENTS];
	uint32_t sleeps;      /* and the server takes that back */
	/* How it went so far. */
	uint32_t requests, errors, timeouts, resets, interrupts;
};

#define DRIVER_PAGES (sizeof(struct driver_page) / 4096)
static_assert(DRIVER_PAGES == 2, "one page of the server's, one of the driver's");

#endif
