/*
 * block_attack [ROUNDS]: programs that have disk1 open write nonsense into what they share with its driver, send it and
 * the disk server any message, take away memory that is in use, and end in the midst of it. Meanwhile this one uses
 * disk0, of the same driver: that must do its work, and be the same driver in the end; and what the attackers had must
 * be given back. Not in `tests`: it needs disks; test/transcript/disk_attack runs it.
 */
#include <finch/block_ring.h>
#include <finch/disks.h>
#include <finch/ipc.h>

#include "check.h"

#define RING ((struct block_ring *)0x20000000)
#define MEMORY ((char *)0x24000000)
#define MEMORY_PAGES 32
#define GIFT ((char *)0x28000000)
#define LIST ((struct disks_list *)0x10000000)
#define ATTACKERS 4
#define STEPS 400
#define SECTORS 16

static uint32_t state; /* of the random numbers */

static uint32_t pick(uint32_t limit)
{
	return next_random(&state) % limit;
}

/* A number that is often near to what matters. */
static uint32_t odd_number(void)
{
	static const uint32_t some[] = { 0, 1, 2, 3, 8, 255, 256, 257, 512, 0x1FE00, 0x20000, 0x7FFFFFFF, 0x80000000,
					 0xFFFFFE00, 0xFFFFFFFF };

	return pick(4) == 0 ? next_random(&state) : some[pick(ARRAY_SIZE(some))];
}

static int ask(uint32_t value, void *va, size_t pages)
{
	int err = sys_ipc_call(disks_server(), value, va, (int)libos_range(RW, pages), IPC_NO_PAGES);

	return err < 0 ? err : (int)thisenv->env_ipc_value;
}

/* Open disk1 by hand, with MEMORY shared. The number of the connection. */
static uint32_t open_by_hand(void)
{
	expect_is(sys_page_alloc(0, RING, RW | PTE_SHARE), 0);
	expect_is(pages_alloc(0, MEMORY, RW | PTE_SHARE, MEMORY_PAGES), 0);
	int connection = ask(DISKS_OPEN | 1 << 8, RING, 1);
	expect(connection >= 0);
	expect_is(ask(DISKS_SHARE | (uint32_t)connection << 8, MEMORY, MEMORY_PAGES), 0);
	return (uint32_t)connection;
}

/* A request by hand: its result. */
static int request(uint32_t op, uint32_t offset)
{
	struct block_slot *slot = &RING->slots[5];

	slot->op = op;
	slot->sector = 0;
	slot->count = 1;
	slot->offset = offset;
	__atomic_store_n(&slot->state, BLOCK_SUBMITTED, __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&RING->submitted, 1 << 5, __ATOMIC_SEQ_CST);
	sys_ipc_send(RING->driver, BLOCK_DOORBELL, (void *)UTOP, 0, TIMEOUT_NEVER);
	while (__atomic_load_n(&slot->state, __ATOMIC_SEQ_CST) != BLOCK_DONE)
		sys_yield();
	return slot->result;
}

/* Memory that this program may only read can be shared by hand, and a disk is not read into it. */
static void read_only_memory(void)
{
	const uint32_t behind = MEMORY_PAGES * PGSIZE;
	uint32_t connection = open_by_hand();
	void *code = (void *)ROUNDDOWN((uintptr_t)umain, PGSIZE);

	expect_error(ask(DISKS_SHARE | (connection + 1) << 8, MEMORY, 1), E_INVAL);
	expect_is(sys_ipc_call(disks_server(), DISKS_SHARE | connection << 8, code, RO, IPC_NO_PAGES), 0);
	expect_is(thisenv->env_ipc_value, MEMORY_PAGES);
	expect_is(request(BLOCK_READ, 0), 0);
	expect_error(request(BLOCK_READ, behind), E_FAULT);
	expect_error(request(BLOCK_READ, behind - 4), E_FAULT);
	expect_error(request(BLOCK_READ, behind + PGSIZE), E_FAULT);
	expect_is(request(BLOCK_WRITE, behind), 0);
	/* What stands beside it in the driver is others' memory, and the driver's own. */
	for (uint32_t n = 1; n < DRIVER_CLIENTS * 2; n++) {
		expect_error(request(BLOCK_WRITE, DRIVER_CLIENT(n) - DRIVER_CLIENT(0)), E_FAULT);
		expect_error(request(BLOCK_WRITE, DRIVER_CLIENT(n) - DRIVER_CLIENT(0) + DRIVER_MEMORY), E_FAULT);
	}
	for (uint32_t n = 1; n < DRIVER_CLIENTS; n++)
		expect_error(request(BLOCK_WRITE, DRIVER_CLIENT(0) - DRIVER_CLIENT(n)), E_FAULT);
	expect_error(request(BLOCK_WRITE, DRIVER_PAGE - DRIVER_CLIENT(1) - DRIVER_MEMORY), E_FAULT);
	expect_is(ask(DISKS_CLOSE | connection << 8, NULL, 0), 0);
	expect_error(ask(DISKS_CLOSE | connection << 8, NULL, 0), E_INVAL);
	expect_is(refs_of(RING), 1);
	expect_is(refs_of(MEMORY), 1);
	sys_page_unmap(0, RING);
	pages_unmap(0, MEMORY, MEMORY_PAGES);
}

/* The list comes in memory of who asks for it, who could keep any number of pages of the server's else. */
static void list_in_own_memory(void)
{
	void *code = (void *)ROUNDDOWN((uintptr_t)umain, PGSIZE);

	expect_error(ask(DISKS_LIST, NULL, 0), E_INVAL);
	expect_is(sys_ipc_call(disks_server(), DISKS_LIST, code, RO, IPC_NO_PAGES), 0);
	expect_error((int)thisenv->env_ipc_value, E_INVAL);
	expect_is(sys_page_alloc(0, GIFT, RW), 0);
	memset(GIFT, 0xFF, PGSIZE);
	expect_is(ask(DISKS_LIST, GIFT, 1), 0);
	expect(memcmp(GIFT, LIST, sizeof(*LIST)) == 0);
	expect_is(refs_of(GIFT), 1);
	sys_page_unmap(0, GIFT);
}

/* --- An attacker. --- */

static void write_slot(void)
{
	struct block_slot *slot = &RING->slots[pick(BLOCK_DEPTH)];

	slot->op = pick(3) ? pick(4) : odd_number();
	slot->sector = pick(2) ? pick(64) : odd_number() | (uint64_t)odd_number() << 32;
	slot->count = pick(2) ? pick(300) : odd_number();
	slot->offset = pick(2) ? pick(MEMORY_PAGES * 8 + 8) * BLOCK_SECTOR : odd_number();
	slot->state = pick(8) ? BLOCK_SUBMITTED : odd_number();
	slot->result = (int32_t)odd_number();
	__atomic_fetch_or(&RING->submitted, pick(8) ? 1u << (slot - RING->slots) : odd_number(), __ATOMIC_SEQ_CST);
}

/* Words of the page that is the driver's to write, and all of its other words. */
static void write_anything(void)
{
	((volatile uint32_t *)RING)[pick(PGSIZE / sizeof(uint32_t))] = odd_number();
}

static void send_anything(envid_t driver, uint32_t connection)
{
	static const uint32_t ops[] = { DISKS_OPEN, DISKS_SHARE, DISKS_LIST, 0, 6, 0x80, 0xFF };
	uint32_t op = ops[pick(ARRAY_SIZE(ops))], number = pick(DRIVER_CLIENTS * 2);
	envid_t to = pick(2) ? driver : disks_server();
	bool gift = pick(2);

	if (op == DISKS_SHARE && number == connection)
		number++; /* it has enough */
	if (gift)
		sys_page_alloc(0, GIFT, RW);
	sys_ipc_send(to, op | number << 8, gift ? GIFT : (void *)UTOP, RW, 1000);
}

static void attack(void)
{
	envid_t driver = LIST->disks[1].driver;
	uint32_t connection = open_by_hand();

	for (int i = 0; i < STEPS; i++) {
		if (pick(3))
			write_slot();
		else if (pick(2))
			write_anything();
		else if (pick(4) == 0)
			send_anything(driver, connection);
		else if (RING->driver_sleeps)
			sys_ipc_send(driver, BLOCK_DOORBELL, (void *)UTOP, 0, 1000);
	}
	if (pick(2))
		sys_page_unmap(0, RING);
	if (pick(2))
		pages_unmap(0, MEMORY, MEMORY_PAGES);
	sys_env_exit(0);
}

/* --- The victim. --- */

static void use_disk(struct block_disk *disk, uint32_t round)
{
	static uint32_t out[SECTORS * BLOCK_SECTOR / 4], in[SECTORS * BLOCK_SECTOR / 4];

	for (uint32_t i = 0; i < ARRAY_SIZE(out); i++)
		out[i] = i * round;
	expect_is(block_write(disk, round % 64, SECTORS, out), 0);
	expect_is(block_read(disk, round % 64, SECTORS, in), 0);
	expect(memcmp(in, out, sizeof(in)) == 0);
}

static void do_round(struct block_disk *disk, uint32_t round)
{
	envid_t attackers[ATTACKERS];

	for (uint32_t n = 0; n < ATTACKERS; n++) {
		state = round * ATTACKERS + n;
		expect((attackers[n] = fork()) >= 0);
		if (attackers[n] == 0)
			attack();
	}
	bool any = true;
	for (uint32_t uses = 1; any; uses++) {
		use_disk(disk, round * 1000 + uses);
		any = false;
		for (int n = 0; n < ATTACKERS; n++)
			any |= env_alive(attackers[n]);
	}
	for (int n = 0; n < ATTACKERS; n++) {
		int status;
		expect_is(wait_status(attackers[n], &status), 0);
		expect_is(status, 0);
	}
}

/*
 * Wait until no more than that many pages are in use again; what is given back late is seen here as a test that does
 * not end.
 */
static void wait_for_pages(uint32_t wanted)
{
	while (free_pages() < wanted)
		sys_yield();
}

void umain(int argc, char **argv)
{
	uint32_t rounds = argc > 1 ? (uint32_t)strtol(argv[1], NULL, 0) : 20, at_first = 0;
	struct block_disk *disk;

	expect_is(block_open("disk0", &disk), 0);
	expect_is(disks_list(LIST), 0);
	expect_is(LIST->count, 2);
	expect_is(LIST->disks[0].driver, LIST->disks[1].driver);
	list_in_own_memory();
	read_only_memory();
	for (uint32_t round = 0; round < rounds; round++) {
		do_round(disk, round);
		if (round == 4) /* by then everybody has the page tables that it needs */
			at_first = free_pages();
	}
	wait_for_pages(at_first > 64 ? at_first - 64 : 0);
	envid_t driver = LIST->disks[0].driver;
	expect_is(disks_list(LIST), 0);
	expect_is(LIST->disks[0].driver, driver);
	expect_is(LIST->disks[0].starts, 1);
	block_close(disk);
	expect_kernel_sound();
	printf("block_attack: all right\n");
}
