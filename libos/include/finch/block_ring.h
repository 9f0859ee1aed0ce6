/*
 * What a program and a disk's driver share: one page for each disk that a program has open. For libos/block.c and
 * drv/lib/.
 *
 * A slot is one request. The program fills it in, makes it BLOCK_SUBMITTED and sets its bit in `submitted`; the driver
 * takes the bit, does it, stores the result and makes it BLOCK_DONE; the program makes it BLOCK_IDLE. So the page alone
 * says what is to be done, and a driver that takes the place of another finds it there.
 *
 * Who is about to sleep says so first, and looks again after that; who has something for it wakes it: the driver, after
 * taking its word back, by a message BLOCK_DOORBELL, the program by unpark. The program's word stays, since a driver
 * can be killed at any moment, before the unpark too: the next driver sees it and wakes once more.
 *
 * The driver trusts nothing of what stands here: it copies a slot before it looks at it.
 */
#ifndef FINCH_BLOCK_RING_H
#define FINCH_BLOCK_RING_H

#include <finch/block.h>

enum { BLOCK_IDLE, BLOCK_SUBMITTED, BLOCK_DONE };

struct block_slot {
	uint32_t state;
	uint32_t op;
	uint64_t sector;
	uint32_t count;
	uint32_t offset; /* of the memory, in bytes, from the start of what is shared */
	int32_t result;
	uint32_t unused;
};

struct block_ring {
	/* The driver's. */
	envid_t driver;     /* whom to wake; 0: there is none now */
	uint32_t flags;     /* BLOCK_READ_ONLY, ... */
	uint64_t sectors;
	uint32_t gone;      /* the device is given up: nothing will be done any more */
	/* Both. */
	uint32_t driver_sleeps;
	envid_t waiter;     /* the program's: whom to unpark; 0: nobody sleeps */
	uint32_t waits;     /* the program's: how often it has gone to sleep */
	uint32_t submitted; /* a bit for each slot that the driver has not seen yet */
	struct block_slot slots[BLOCK_DEPTH];
};

static_assert(sizeof(struct block_ring) <= 4096, "one page");

/* The value of a message that wakes a driver. */
#define BLOCK_DOORBELL 0x626C6B21

#endif
