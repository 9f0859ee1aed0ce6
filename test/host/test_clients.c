/*
 * Host test of drv/lib/clients.c: of clients and a disk server that do the worst at the worst moment. The server has its
 * turn whenever the driver is about to look at a page that it shares with somebody.
 */
#define TEST_GROUP "clients"
#include "host.h"

#include <abi/env.h>
#include <abi/error.h>
#include <arch/mmu.h>
#include <sys/mman.h>

/* --- In place of libos and the disk server's mappings. --- */

#define FINCH_MEMORY_H
#define FINCH_SYSCALL_H
#define INC_LIB_H

#include <finch/driver.h>

#define RINGS ((uintptr_t)0x10000000) /* where rings can be mapped on the host too */
#undef DRIVER_CLIENT
#define DRIVER_CLIENT(n) (turn(), RINGS + (uintptr_t)(n) * 0x02000000)
#undef DRIVER_PAGE
#define DRIVER_PAGE (turn(), &page)

static struct driver_page page;
static const struct Env self = { .env_id = 0x1005 };
static const struct Env *thisenv = &self;
static pte_t uvpt[1 << 20];
static pde_t uvpd[1 << 10];
static int unparks;

static void turn(void);

static void libos_sys_unpark(envid_t envid)
{
	USED(envid);
	unparks++;
}

#pragma GCC diagnostic ignored "-Wpointer-to-int-cast" /* addresses of a machine of 32 bits */
#include <drv/lib/clients.c>

/* --- The disk server. --- */

#define NUMBER 3 /* the client that all is about */
#define UNIT 2
#define SECTORS 1000
#define JUNK 0xA5

static struct block_ring *ring;
static int turns, closes_at; /* the client closes at this turn; 0: never */
static bool closing, taken;

/* What the server does: take the ring away when the driver says that it does not use it. */
static void serve(void)
{
	if (!closing || taken || page.served[NUMBER] != 0)
		return;
	taken = true;
	memset(ring, JUNK, sizeof(*ring)); /* it is another's now */
}

static void turn(void)
{
	if (++turns == closes_at) {
		closing = true;
		page.clients[NUMBER].wanted = 0;
	}
	serve();
}

static bool is_junk(void)
{
	const uint8_t *byte = (const uint8_t *)ring;

	for (size_t i = 0; i < sizeof(*ring); i++)
		if (byte[i] != JUNK)
			return false;
	return true;
}

static void open_client(uint32_t wanted)
{
	turns = closes_at = 0;
	closing = taken = false;
	memset(ring, 0, sizeof(*ring));
	page.units[UNIT] = (struct driver_unit){ .sectors = SECTORS };
	page.clients[NUMBER] = (struct driver_client){ .wanted = wanted, .unit = UNIT, .pages = 4 };
}

/* --- The driver. --- */

static struct block_request *taken_requests[BLOCK_DEPTH];
static uint32_t taken_count;

static void take(struct block_request *request)
{
	taken_requests[taken_count++] = request;
}

/* Do what was taken. */
static void end_all(void)
{
	while (taken_count > 0)
		client_end(taken_requests[--taken_count], 0);
}

static void look(void)
{
	while (clients_look(take))
		end_all();
	clients_sleeps(1);
	clients_wake();
	clients_sleeps(0);
}

static void submit(uint32_t slot, struct block_slot what)
{
	ring->slots[slot] = what;
	ring->submitted |= 1u << slot;
}

/* --- The tests. --- */

static void begins_and_ends(void)
{
	open_client(7);
	look();
	EXPECT(7, page.served[NUMBER]);
	EXPECT(SECTORS, ring->sectors);
	EXPECT(self.env_id, ring->driver);
	page.clients[NUMBER].wanted = 0;
	look();
	EXPECT(0, page.served[NUMBER]);
}

/* A client may end at any moment, also while the driver begins to serve it. */
static void ends_at_any_moment(void)
{
	for (int at = 1; at < 60 && !test_failed; at++) {
		open_client(100 + (uint32_t)at);
		submit(1, (struct block_slot){ .state = BLOCK_SUBMITTED, .op = BLOCK_FLUSH });
		closes_at = at;
		look();
		closes_at = turns + 1; /* if it was not its time yet */
		turn();
		look();
		turn();
		EXPECT_THAT(taken);
		EXPECT_THAT(is_junk());
		EXPECT(0, page.served[NUMBER]);
	}
}

/* The same while a request is in the driver's hands: the ring stays until that has ended. */
static void ends_with_request(void)
{
	open_client(8);
	look();
	submit(1, (struct block_slot){ .state = BLOCK_SUBMITTED, .op = BLOCK_FLUSH });
	clients_look(take);
	EXPECT(1, taken_count);
	closing = true;
	page.clients[NUMBER].wanted = 0;
	look();
	EXPECT_THAT(!client_wanted(&clients[NUMBER].requests[1]));
	EXPECT_THAT(taken_count == 0 || !taken);
	end_all();
	look();
	turn();
	EXPECT_THAT(taken && is_junk());
}

/*
 * --- Memory: pages 0 and 1 of the client lie one behind the other, 2 elsewhere, only to be read, 3 is not there; the driver has
 * something of its own behind that. --- */

#define FIRST 0x0030F000u
#define THIRD 0x00700000u

static void map(void)
{
	uintptr_t va = RINGS + NUMBER * 0x02000000 + DRIVER_MEMORY;

	uvpd[PDX(va)] = PTE_P | PTE_U | PTE_W;
	uvpt[PGNUM(va)] = FIRST | PTE_P | PTE_U | PTE_W;
	uvpt[PGNUM(va) + 1] = (FIRST + PGSIZE) | PTE_P | PTE_U | PTE_W;
	uvpt[PGNUM(va) + 2] = THIRD | PTE_P | PTE_U;
	uvpt[PGNUM(va) + 3] = 0;
	uvpt[PGNUM(va) + 4] = 0x00800000u | PTE_P | PTE_U | PTE_W;
}

/* Submit it, and return its result, 0 if the driver was given it. */
static int try(struct block_slot what)
{
	what.state = BLOCK_SUBMITTED;
	submit(0, what);
	clients_look(take);
	if (taken_count == 1)
		return 0;
	return ring->slots[0].state == BLOCK_DONE ? ring->slots[0].result : 1;
}

static void checks_memory(void)
{
	const struct block_request *request = &clients[NUMBER].requests[0];

	map();
	open_client(9);
	look();
	EXPECT(0, try((struct block_slot){ .op = BLOCK_WRITE, .sector = 5, .count = 24 }));
	EXPECT(3, request->piece_count); /* a multiple of 64 KB lies between the first two */
	EXPECT(FIRST, request->pieces[0].address);
	EXPECT(PGSIZE, request->pieces[0].size);
	EXPECT(THIRD, request->pieces[2].address);
	end_all();
	EXPECT(0, try((struct block_slot){ .op = BLOCK_READ, .count = 8, .offset = PGSIZE / 2 }));
	EXPECT(FIRST + PGSIZE / 2, request->pieces[0].address);
	EXPECT(PGSIZE / 2, request->pieces[1].size);
	end_all();
	EXPECT(-E_FAULT, try((struct block_slot){ .op = BLOCK_READ, .count = 17 }));
	EXPECT(-E_FAULT, try((struct block_slot){ .op = BLOCK_WRITE, .count = 25 }));
	EXPECT(-E_FAULT, try((struct block_slot){ .op = BLOCK_WRITE, .count = 1, .offset = 256 }));
	EXPECT(-E_FAULT, try((struct block_slot){ .op = BLOCK_WRITE, .count = 1, .offset = 4 * PGSIZE }));
	EXPECT(-E_FAULT, try((struct block_slot){ .op = BLOCK_WRITE, .count = 2, .offset = 0xFFFFFE00 }));
	EXPECT(-E_INVAL, try((struct block_slot){ .op = BLOCK_WRITE, .count = 1, .sector = SECTORS }));
	EXPECT(-E_INVAL, try((struct block_slot){ .op = BLOCK_WRITE, .count = 2, .sector = ~0ull }));
	EXPECT(-E_INVAL, try((struct block_slot){ .op = BLOCK_WRITE, .count = 0 }));
	EXPECT(-E_INVAL, try((struct block_slot){ .op = BLOCK_FLUSH + 1, .count = 1 }));
}

/* What the driver is given is within the disk and the memory, whatever stands in the ring. */
static void check_given(const struct block_request *request)
{
	uint32_t bytes = 0;

	EXPECT(UNIT, request->unit);
	if (request->op == BLOCK_FLUSH)
		return;
	EXPECT_THAT(request->op == BLOCK_READ || request->op == BLOCK_WRITE);
	EXPECT_THAT(request->count > 0 && request->sector < SECTORS && request->count <= SECTORS - request->sector);
	EXPECT_THAT(request->piece_count <= BLOCK_PIECES_MAX);
	for (uint32_t i = 0; i < request->piece_count; i++) {
		const struct block_piece *piece = &request->pieces[i];
		uint32_t end = piece->address + piece->size;
		bool third = piece->address >= THIRD && end <= THIRD + PGSIZE && request->op == BLOCK_WRITE;
		EXPECT_THAT(third || (piece->address >= FIRST && end <= FIRST + 2 * PGSIZE));
		EXPECT(piece->address >> 16, (end - 1) >> 16);
		bytes += piece->size;
	}
	EXPECT(request->count * BLOCK_SECTOR, bytes);
}

static void takes_nonsense(void)
{
	map();
	for (int round = 0; round < 20000 && !test_failed; round++) {
		open_client(1000 + (uint32_t)round);
		closes_at = (int)random_below(200);
		for (int i = 0; i < 20 && !closing; i++) {
			struct block_slot good = { BLOCK_SUBMITTED, 1 + (uint32_t)random_below(3), random_below(SECTORS),
						   1 + (uint32_t)random_below(30), (uint32_t)random_below(40) * 512, 0, 0 };
			submit((uint32_t)random_below(BLOCK_DEPTH), good);
			damage((uint8_t *)ring, sizeof(*ring));
			clients_look(take);
			for (uint32_t n = 0; n < taken_count; n++)
				check_given(taken_requests[n]);
			if (random_below(2))
				end_all();
		}
		end_all();
		closes_at = turns + 1;
		for (int i = 0; i < 3; i++) {
			look();
			turn();
		}
		EXPECT_THAT(taken && is_junk());
	}
}

int main(void)
{
	ring = mmap((void *)(RINGS + NUMBER * 0x02000000), PGSIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if ((uintptr_t)ring != RINGS + NUMBER * 0x02000000) {
		printf("not ok clients: the host has something at %p\n", (void *)(RINGS + NUMBER * 0x02000000));
		return 1;
	}
	RUN(begins_and_ends);
	RUN(ends_at_any_moment);
	RUN(ends_with_request);
	RUN(checks_memory);
	RUN(takes_nonsense);
	return tests_failed != 0;
}
