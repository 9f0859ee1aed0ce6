/*
 * Disks, the program's side: <finch/block.h>, and <finch/block_ring.h> for what is shared with the driver.
 *
 * An open disk has a place of its own in the address space: its ring, and room for memory that is on its way from or
 * to places that are not shared (the bounce).
 */
#include <finch/block_ring.h>
#include <finch/disks.h>
#include <finch/ipc.h>
#include <finch/memory.h>
#include <finch/process.h>
#include <inc/lib.h>
#include "forking.h"
#include "park.h"

#define REGION 0xC8000000 /* between the boot archive and descriptors */
#define PLACES 16
#define PLACE_SIZE 0x00100000
#define BOUNCE_PAGES (BLOCK_COUNT_MAX * BLOCK_SECTOR / PGSIZE)
#define SHARES 32
#define MESSAGE_PAGES 1024

/* The driver reports a device that does not answer much sooner. This is for a driver that does not. */
uint32_t block_patience_ms = 60000;

#define PERM_SHARED (PTE_P | PTE_U | PTE_W | PTE_SHARE)

/* Shared pages: where they are here, and in the driver's view of this program. */
struct share {
	uintptr_t start, end;
	uint32_t offset;
};

struct block_disk {
	envid_t owner; /* 0: this one is not open */
	uint32_t connection;
	struct block_ring *ring;
	char *bounce;
	uint32_t in_flight; /* a bit for each slot */
	uint32_t lost;      /* of those that were given up: the driver may still come and write */
	uint32_t share_count;
	struct share shares[SHARES];
};

static struct mutex places;
FORK_LOCK(places);
static struct block_disk disks[PLACES];

static inline uint32_t load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* --- The disk server. --- */

envid_t disks_server(void)
{
	return ipc_find_env(ENV_TYPE_DISKS);
}

/* Ask the server. */
static int ask(uint32_t op, uint32_t argument, const void *va, size_t pages)
{
	envid_t server = disks_server();

	if (!server)
		return -E_NOT_FOUND;
	int err = sys_ipc_call(server, op | argument << 8, va, (int)libos_range(PERM_SHARED, pages), IPC_NO_PAGES);
	return err < 0 ? err : (int)thisenv->env_ipc_value;
}

int disks_list(struct disks_list *page)
{
	int err = sys_page_alloc(0, page, PTE_P | PTE_U | PTE_W);

	return err < 0 ? err : ask(DISKS_LIST, 0, page, 1);
}

/* --- Opening. --- */

/* The number in diskN, or -E_NOT_FOUND. */
static int number_of(const char *name)
{
	char *end;

	if (strncmp(name, "disk", 4) != 0 || name[4] < '0' || name[4] > '9')
		return -E_NOT_FOUND;
	long n = strtol(name + 4, &end, 10);
	return *end || n < 0 || n >= DISKS_MAX ? -E_NOT_FOUND : (int)n;
}

static struct block_disk *place_take(void)
{
	struct block_disk *disk = NULL;

	mutex_lock(&places);
	for (uintptr_t i = 0; i < PLACES && !disk; i++) {
		char *place = (char *)(REGION + i * PLACE_SIZE); /* mapped too if it is a parent's, by fork */
		if (disks[i].owner && env_alive(disks[i].owner) && page_mapped(place))
			continue;
		disk = &disks[i];
		*disk = (struct block_disk){ .owner = thisenv->env_id };
		disk->ring = (struct block_ring *)place;
		disk->bounce = place + PGSIZE;
	}
	mutex_unlock(&places);
	return disk;
}

static void place_drop(struct block_disk *disk)
{
	pages_unmap(0, disk->ring, 1 + BOUNCE_PAGES);
	disk->owner = 0;
}

int block_open(const char *name, struct block_disk **result)
{
	int number = number_of(name);
	struct block_disk *disk = number < 0 ? NULL : place_take();

	if (!disk)
		return number < 0 ? number : -E_MAX_OPEN;
	int err = pages_alloc(0, disk->ring, PERM_SHARED, 1 + BOUNCE_PAGES);
	int connection = err < 0 ? err : ask(DISKS_OPEN, (uint32_t)number, disk->ring, 1);
	if (connection < 0) {
		place_drop(disk);
		return connection;
	}
	disk->connection = (uint32_t)connection;
	if ((err = block_share(disk, disk->bounce, BOUNCE_PAGES)) < 0) {
		block_close(disk);
		return err;
	}
	*result = disk;
	return 0;
}

void block_close(struct block_disk *disk)
{
	int result;

	while (block_wait_any(disk, &result) >= 0)
		continue;
	ask(DISKS_CLOSE, disk->connection, NULL, 0);
	place_drop(disk);
}

uint64_t block_sectors(const struct block_disk *disk)
{
	return disk->ring->sectors;
}

uint32_t block_flags(const struct block_disk *disk)
{
	return disk->ring->flags;
}

/* --- Sharing memory. --- */

/* Share what one message can carry. */
static int share_some(struct block_disk *disk, char *memory, size_t pages)
{
	if (disk->share_count == SHARES)
		return -E_NO_MEM;
	int offset = ask(DISKS_SHARE, disk->connection, memory, pages);
	if (offset < 0)
		return offset;
	struct share *last = &disk->shares[disk->share_count - 1], *share = last + 1;
	uintptr_t start = (uintptr_t)memory, end = start + pages * PGSIZE;
	bool follows = disk->share_count > 0 && last->end == start;
	if (follows && last->offset + (start - last->start) == (uint32_t)offset * PGSIZE) {
		last->end = end;
		return 0;
	}
	*share = (struct share){ start, end, (uint32_t)offset * PGSIZE };
	disk->share_count++;
	return 0;
}

/* Give a page the mark; one that fork has marked becomes the program's own first. */
static int mark_shared(volatile char *page)
{
	if (page_mapped((void *)page) && uvpt[PGNUM(page)] & PTE_COW)
		*page = *page;
	if (!page_mapped((void *)page) || !(uvpt[PGNUM(page)] & PTE_W))
		return -E_INVAL;
	return uvpt[PGNUM(page)] & PTE_SHARE ? 0 : sys_page_protect(0, (void *)page, PERM_SHARED);
}

int block_share(struct block_disk *disk, void *memory, size_t pages)
{
	char *at = memory;
	int err = 0;

	if (PGOFF(memory) != 0 || (uintptr_t)memory >= UTOP || pages > (UTOP - (uintptr_t)memory) / PGSIZE)
		return -E_INVAL;
	for (size_t i = 0; i < pages && err == 0; i++)
		err = mark_shared(at + i * PGSIZE);
	for (size_t some; pages > 0 && err == 0; at += some * PGSIZE, pages -= some) {
		some = MIN(pages, (size_t)MESSAGE_PAGES);
		err = share_some(disk, at, some);
	}
	return err;
}

/* Where memory stands in what is shared, or -1. */
static int64_t shared_offset(const struct block_disk *disk, const void *memory, uint32_t size)
{
	uintptr_t at = (uintptr_t)memory;

	for (uint32_t i = 0; i < disk->share_count; i++) {
		const struct share *share = &disk->shares[i];
		if (at >= share->start && at < share->end && size <= share->end - at)
			return share->offset + (at - share->start);
	}
	return -1;
}

/* --- Requests. --- */

/* Tell the driver, if it may be asleep. It may be dead: then the next one looks by itself. */
static void ring_doorbell(struct block_ring *ring)
{
	envid_t driver = (envid_t)load((uint32_t *)&ring->driver);

	if (driver && load(&ring->driver_sleeps) && __atomic_exchange_n(&ring->driver_sleeps, 0, __ATOMIC_SEQ_CST))
		sys_ipc_send(driver, BLOCK_DOORBELL, (void *)UTOP, 0, block_patience_ms);
}

/* Of those that were given up: take back the slots of the ones that have ended after all. */
static void take_back_lost(struct block_disk *disk)
{
	for (uint32_t tags = disk->lost; tags; tags &= tags - 1) {
		int tag = __builtin_ctz(tags);
		uint32_t *slot_state = &disk->ring->slots[tag].state;
		if (load(slot_state) != BLOCK_DONE)
			continue;
		store(slot_state, BLOCK_IDLE);
		disk->lost &= ~(1u << tag);
	}
}

int block_submit(struct block_disk *disk, int op, uint64_t sector, uint32_t count, void *memory)
{
	struct block_ring *ring = disk->ring;
	uint32_t size = op == BLOCK_FLUSH || count > BLOCK_COUNT_MAX ? 0 : count * BLOCK_SECTOR;
	int64_t offset = size ? shared_offset(disk, memory, size) : 0;

	if (disk->owner != thisenv->env_id)
		return -E_BAD_ENV;
	if (offset < 0)
		return -E_FAULT;
	take_back_lost(disk);
	uint32_t idle = ~(disk->in_flight | disk->lost);
	if (!idle)
		return -E_BUSY;
	int tag = __builtin_ctz(idle);
	struct block_slot *slot = &ring->slots[tag];
	disk->in_flight |= 1u << tag;
	slot->op = (uint32_t)op;
	slot->sector = sector;
	slot->count = count;
	slot->offset = (uint32_t)offset;
	store(&slot->state, BLOCK_SUBMITTED);
	__atomic_fetch_or(&ring->submitted, 1u << tag, __ATOMIC_SEQ_CST);
	ring_doorbell(ring);
	return tag;
}

/* The tag of one of `tags` that has ended, or -1. */
static int find_ended(const struct block_disk *disk, uint32_t tags)
{
	bool gone = load(&disk->ring->gone);

	for (; tags; tags &= tags - 1) {
		int tag = __builtin_ctz(tags);
		if (load(&disk->ring->slots[tag].state) == BLOCK_DONE || gone)
			return tag;
	}
	return -1;
}

/* Sleep until one of `tags` may have ended. False: that takes too long. */
static bool sleep_for(struct block_disk *disk, uint32_t tags, unsigned since)
{
	struct block_ring *ring = disk->ring;
	unsigned passed = (sys_time_msec() - since) & 0x7FFFFFFF;

	if (passed >= block_patience_ms)
		return false;
	ring->waits++;
	store((uint32_t *)&ring->waiter, (uint32_t)thisenv->env_id);
	if (find_ended(disk, tags) < 0)
		park(block_patience_ms - passed);
	store((uint32_t *)&ring->waiter, 0);
	return true;
}

/* Wait for one of `tags`: its tag, with the result. */
static int wait_for(struct block_disk *disk, uint32_t tags, int *result)
{
	unsigned since = 0;
	bool slept = false;
	int tag;

	while ((tag = find_ended(disk, tags)) < 0) {
		if (!slept)
			since = sys_time_msec();
		slept = true;
		if (sleep_for(disk, tags, since))
			continue;
		tag = __builtin_ctz(tags);
		disk->lost |= 1u << tag;
		disk->in_flight &= ~(1u << tag);
		*result = -E_TIMEOUT;
		return tag;
	}
	struct block_slot *slot = &disk->ring->slots[tag];
	*result = slot->state == BLOCK_DONE ? slot->result : -E_IO;
	store(&slot->state, BLOCK_IDLE);
	disk->in_flight &= ~(1u << tag);
	return tag;
}

int block_wait(struct block_disk *disk, int tag)
{
	int result;

	if (tag < 0 || tag >= BLOCK_DEPTH || !(disk->in_flight >> tag & 1))
		return -E_INVAL;
	wait_for(disk, 1u << tag, &result);
	return result;
}

int block_wait_any(struct block_disk *disk, int *result)
{
	if (!disk->in_flight)
		return -E_INVAL;
	return wait_for(disk, disk->in_flight, result);
}

/* --- One after the other. --- */

static int submit_and_wait(struct block_disk *disk, int op, uint64_t sector, uint32_t count, void *memory)
{
	int tag = block_submit(disk, op, sector, count, memory);

	return tag < 0 ? tag : block_wait(disk, tag);
}

/* Can a request name this memory? */
static bool can_go_directly(const struct block_disk *disk, const void *memory, uint32_t size)
{
	int64_t offset = shared_offset(disk, memory, size);

	return offset >= 0 && offset % BLOCK_SECTOR == 0;
}

/*
 * Where a request goes that cannot name memory; NULL: one that was given up may still be done, from there to another sector,
 * or into it.
 */
static char *bounce(struct block_disk *disk)
{
	take_back_lost(disk);
	return disk->lost ? NULL : disk->bounce;
}

int block_flush(struct block_disk *disk)
{
	return submit_and_wait(disk, BLOCK_FLUSH, 0, 0, NULL);
}

int block_read(struct block_disk *disk, uint64_t sector, uint32_t count, void *memory)
{
	for (char *at = memory; count > 0;) {
		uint32_t some = MIN(count, (uint32_t)BLOCK_COUNT_MAX), size = some * BLOCK_SECTOR;
		bool direct = can_go_directly(disk, at, size);
		char *place = direct ? at : bounce(disk);
		int err = place ? submit_and_wait(disk, BLOCK_READ, sector, some, place) : -E_TIMEOUT;
		if (err < 0)
			return err;
		if (!direct)
			memcpy(at, disk->bounce, size);
		at += size;
		sector += some;
		count -= some;
	}
	return 0;
}

int block_write(struct block_disk *disk, uint64_t sector, uint32_t count, const void *memory)
{
	for (const char *at = memory; count > 0;) {
		uint32_t some = MIN(count, (uint32_t)BLOCK_COUNT_MAX), size = some * BLOCK_SECTOR;
		bool direct = can_go_directly(disk, at, size);
		char *place = direct ? (char *)at : bounce(disk);
		if (!direct && place)
			memcpy(place, at, size);
		int err = place ? submit_and_wait(disk, BLOCK_WRITE, sector, some, place) : -E_TIMEOUT;
		if (err < 0)
			return err;
		at += size;
		sector += some;
		count -= some;
	}
	return 0;
}
