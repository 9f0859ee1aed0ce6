/* Clients and their rings: see clients.h. */
#include <drv/lib/clients.h>
#include <finch/memory.h>
#include <finch/syscall.h>
#include <inc/lib.h>

static struct client {
	uint32_t busy;  /* a bit for each slot that is in the driver's hands */
	bool ended;     /* some have ended, and it was not woken yet */
	uint32_t woken; /* its sleep, as counted in the ring, that it was woken from last */
	struct block_request requests[BLOCK_DEPTH]; /* of each slot */
} clients[DRIVER_CLIENTS];

static struct block_ring *ring_of(uint32_t n)
{
	return (struct block_ring *)DRIVER_CLIENT(n);
}

static const struct driver_client *entry_of(uint32_t n)
{
	return &driver_page()->clients[n];
}

static uint32_t *served_of(uint32_t n)
{
	return &driver_page()->served[n];
}

static inline uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* --- Checking a request. --- */

/* Note where a page of the request's memory is. False: it is not mapped, or only to be read. */
static bool add_page(struct block_request *request, uintptr_t va, uint32_t size)
{
	pte_t wanted = PTE_P | (request->op == BLOCK_READ ? PTE_W : 0);

	if (!(uvpd[PDX(va)] & PTE_P) || (uvpt[PGNUM(va)] & wanted) != wanted)
		return false;
	uint32_t address = PTE_ADDR(uvpt[PGNUM(va)]) + PGOFF(va);
	struct block_piece *next = &request->pieces[request->piece_count], *last = next - 1;
	if (request->piece_count > 0 && last->address + last->size == address && address % 0x10000 != 0) {
		last->size += size;
		return true;
	}
	*next = (struct block_piece){ address, size };
	request->piece_count++;
	return true;
}

static int check_memory(struct block_request *request, uint32_t client, uint32_t offset)
{
	uint32_t size = request->count * BLOCK_SECTOR, shared = load(&entry_of(client)->pages) * PGSIZE;

	if (offset % BLOCK_SECTOR != 0 || offset > shared || size > shared - offset)
		return -E_FAULT;
	uintptr_t va = DRIVER_CLIENT(client) + DRIVER_MEMORY + offset;
	request->memory = (char *)va;
	for (uint32_t step; size > 0; va += step, size -= step) {
		step = MIN(size, PGSIZE - PGOFF(va));
		if (!add_page(request, va, step))
			return -E_FAULT;
	}
	return 0;
}

/* Copy a slot, and check the copy. 0 or an error for the client. */
static int read_slot(struct block_request *request, uint32_t n, const struct block_slot *shared)
{
	struct block_slot slot;
	const struct driver_unit *unit = &driver_page()->units[request->unit];

	memcpy(&slot, shared, sizeof(slot));
	__asm__ volatile("" : : : "memory"); /* the copy is what counts from here on */
	request->op = slot.op;
	request->sector = slot.sector;
	request->count = slot.count;
	request->piece_count = 0;
	request->tries = 0;
	if (slot.op == BLOCK_FLUSH)
		return 0;
	if (slot.op != BLOCK_READ && slot.op != BLOCK_WRITE)
		return -E_INVAL;
	if (slot.count == 0 || slot.count > BLOCK_COUNT_MAX || slot.sector > unit->sectors ||
	    slot.count > unit->sectors - slot.sector)
		return -E_INVAL;
	if (slot.op == BLOCK_WRITE && unit->flags & BLOCK_READ_ONLY)
		return -E_READ_ONLY;
	return check_memory(request, n, slot.offset);
}

static void take_slot(uint32_t n, uint32_t i, void (*take)(struct block_request *request))
{
	struct block_request *request = &clients[n].requests[i];

	clients[n].busy |= 1u << i;
	list_init(&request->link);
	request->client = n;
	request->slot = i;
	request->unit = entry_of(n)->unit;
	int err = read_slot(request, n, &ring_of(n)->slots[i]);
	if (err < 0)
		client_end(request, err);
	else
		take(request);
}

/* --- Beginning and ending to serve. --- */

/* Slots that were submitted to a driver before this one. */
static uint32_t left_over(const struct block_ring *ring)
{
	uint32_t bits = 0;

	for (int i = 0; i < BLOCK_DEPTH; i++)
		if (load(&ring->slots[i].state) == BLOCK_SUBMITTED)
			bits |= 1u << i;
	return bits;
}

/* What stands in the ring of a client is the driver's, from here on. */
static void take_ring(uint32_t n)
{
	const struct driver_unit *unit = &driver_page()->units[entry_of(n)->unit % DRIVER_UNITS];
	struct block_ring *ring = ring_of(n);

	ring->sectors = unit->sectors;
	ring->flags = unit->flags;
	store((uint32_t *)&ring->driver, (uint32_t)thisenv->env_id);
	__atomic_fetch_or(&ring->submitted, left_over(ring), __ATOMIC_SEQ_CST);
	clients[n].woken = ring->waits - 1;
	clients[n].ended = true; /* the driver before this one may have died between an end and telling of it */
}

/* The server may take a ring away as long as it reads 0: so say first that it is needed, and then look again. */
static void begin(uint32_t n)
{
	uint32_t wanted = load(&entry_of(n)->wanted);

	store(served_of(n), DRIVER_BEGINS);
	if (wanted != 0 && load(&entry_of(n)->wanted) == wanted)
		take_ring(n);
	else
		wanted = 0;
	store(served_of(n), wanted);
	libos_sys_unpark(driver_page()->server);
}

/* Begin or end if that is due. False: there is nothing to do about that. */
static bool begin_or_end(uint32_t n)
{
	if (load(&entry_of(n)->wanted) == *served_of(n))
		return false;
	if (*served_of(n) == 0) {
		begin(n);
		return true;
	}
	if (clients[n].busy)
		return false;
	clients[n].ended = false;
	store(served_of(n), 0); /* from here on its ring is not there */
	libos_sys_unpark(driver_page()->server);
	return true;
}

bool clients_look(void (*take)(struct block_request *request))
{
	bool any = false;

	for (uint32_t n = 0; n < DRIVER_CLIENTS; n++) {
		any |= begin_or_end(n);
		if (!*served_of(n) || *served_of(n) != load(&entry_of(n)->wanted))
			continue;
		struct block_ring *ring = ring_of(n);
		if (!load(&ring->submitted))
			continue;
		/* One that it says is submitted while we have it is its own mistake. */
		uint32_t bits = __atomic_exchange_n(&ring->submitted, 0, __ATOMIC_SEQ_CST) & ~clients[n].busy;
		for (; bits; bits &= bits - 1)
			take_slot(n, (uint32_t)__builtin_ctz(bits), take);
		any = true;
	}
	return any;
}

bool client_wanted(const struct block_request *request)
{
	return load(&entry_of(request->client)->wanted) == *served_of(request->client);
}

/* --- Telling. --- */

void client_end(struct block_request *request, int result)
{
	struct block_slot *slot = &ring_of(request->client)->slots[request->slot];

	clients[request->client].busy &= ~(1u << request->slot);
	clients[request->client].ended = true;
	slot->result = result;
	store(&slot->state, BLOCK_DONE);
}

void clients_wake(void)
{
	for (uint32_t n = 0; n < DRIVER_CLIENTS; n++) {
		if (!clients[n].ended)
			continue;
		clients[n].ended = false;
		struct block_ring *ring = ring_of(n);
		uint32_t waiter = load((uint32_t *)&ring->waiter), waits = load(&ring->waits);
		if (waiter && waits != clients[n].woken)
			libos_sys_unpark((envid_t)waiter);
		clients[n].woken = waiter ? waits : clients[n].woken;
	}
}

void clients_sleeps(uint32_t sleeps)
{
	for (uint32_t n = 0; n < DRIVER_CLIENTS; n++)
		if (*served_of(n))
			ring_of(n)->driver_sleeps = sleeps;
	store(&driver_page()->sleeps, sleeps); /* the last one orders them all */
}
