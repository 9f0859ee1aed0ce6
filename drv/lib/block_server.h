/*
 * The half of a disk's driver that is the same for all of them: it serves the programs that have its disks open, and
 * calls the other half, struct block_driver, which knows the device. One thread; all calls of the driver come from
 * block_main.
 *
 * A driver program is
 *
 *	void umain(int argc, char **argv)
 *	{
 *		block_main(&driver);
 *	}
 *
 * Its device is described at driver_page() (<finch/driver.h>): ports, device memory, DMA memory, a copy of the PCI
 * registers. The disk server has enabled ports, memory and bus mastering.
 */
#ifndef DRV_LIB_BLOCK_SERVER_H
#define DRV_LIB_BLOCK_SERVER_H

#include <common/list.h>
#include <finch/driver.h>

/* A page holds eight sectors; memory need not start on one. */
#define BLOCK_PIECES_MAX (BLOCK_COUNT_MAX / 8 + 1)

/* A part of a request's memory that is contiguous for the device too. None crosses a multiple of 64 KB. */
struct block_piece {
	uint32_t address; /* physical; a multiple of 512 */
	uint32_t size;    /* bytes, a multiple of 512, at most 64 KB */
};

/*
 * A request: checked, so that unit, sector and count are within the disk, and its memory is there (and writable, for a
 * read) until block_end.
 */
struct block_request {
	uint32_t op;       /* BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH; of a flush only unit counts */
	uint32_t unit;
	uint64_t sector;
	uint32_t count;    /* sectors, 1 to BLOCK_COUNT_MAX */
	char *memory;      /* for those who move the data themselves */
	uint32_t piece_count;
	struct block_piece pieces[BLOCK_PIECES_MAX];
	uint32_t tag;      /* the driver's own, for whatever it wants */

	/* drv/lib's own. */
	struct list link;
	uint32_t state, client, slot, tries, since;
};

struct block_driver {
	const char *name;
	uint32_t timeout_ms; /* how long a request may take before the device counts as hung; 0: 5 s */
	/*
	 * Reset the device, find its disks and fill in page->units and unit_count: one behind the last that is used
	 * (units without sectors are no disks; none at all is no error, the program ends then). 0, or an error: it
	 * cannot be used. Not to wait for the device for longer than it needs (a second or two at most, by block_pause
	 * and block_now).
	 */
	int (*start)(struct driver_page *page);
	/*
	 * Begin a request. 0: block_end will be called for it, from here or later; -E_BUSY: the unit takes no more now,
	 * it will be offered again after the next block_end; another error: that is its result.
	 */
	int (*submit)(struct block_request *request);
	/*
	 * Look what the device has done, and call block_end for that. Called when an interrupt came (before the line is
	 * let go again: what the device's line is held by must be cleared here), and when a request's time is up or no
	 * interrupts come. Must not take long.
	 */
	void (*interrupt)(void);
	/*
	 * A request of this unit took too long: reset the device, so that it does not touch any memory of requests any
	 * more, and make it ready. All requests that were begun and not ended, of this unit, or of all where the reset
	 * is for all of them, are the caller's again: they are submitted anew or ended. Returns a bit for each such
	 * unit, or an error: the device is dead.
	 */
	int (*reset)(uint32_t unit);
};

/* Serve, for ever. Ends with status 0 if there are no disks. */
void block_main(const struct block_driver *driver) __attribute__((noreturn));

/* For drivers: a request has ended, with 0 or an error. It is not the driver's any more. */
void block_end(struct block_request *request, int result);

static inline struct driver_page *driver_page(void)
{
	return (struct driver_page *)DRIVER_PAGE;
}

/* DMA memory, as the device sees it: the physical address of what stands at va in it. */
static inline uint32_t driver_physical(const volatile void *va)
{
	return driver_page()->dma_address + ((uint32_t)va - DRIVER_DMA);
}

/* Milliseconds; and give the CPU away for that long. For start and reset. */
uint32_t block_now(void);
void block_pause(uint32_t ms);
/* Have milliseconds gone by since block_now() was `since`? */
bool block_passed(uint32_t since, uint32_t ms);

/* For people: print a line that begins with the driver's name; format as of cprintf. */
void block_say(const char *format, ...);

#endif
