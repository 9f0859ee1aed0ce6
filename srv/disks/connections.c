/*
 * Connections: each is a disk that a program has open. Ring and shared memory stand at the same addresses here and
 * in the driver. They are given back when the program wants that or has ended, and the driver has let them go.
 */
#include <finch/memory.h>
#include <finch/process.h>
#include <finch/syscall.h>
#include <inc/lib.h>

#include "disks.h"

uint32_t release_ms = 30000;

static struct connection {
	envid_t client;   /* 0: free */
	struct controller *controller;
	uint32_t unit;
	uint32_t pages;   /* shared so far */
	bool closing;
	bool answer_due;  /* the client waits for the end of opening, or of closing */
	uint32_t since;   /* closing: milliseconds; since when this driver has been asked */
} connections[CONNECTIONS];

static uint32_t number_of(const struct connection *connection)
{
	return (uint32_t)(connection - connections);
}

static struct block_ring *ring_of(const struct connection *connection)
{
	return (struct block_ring *)DRIVER_CLIENT(number_of(connection));
}

static char *memory_of(const struct connection *connection)
{
	return (char *)ring_of(connection) + DRIVER_MEMORY;
}

static struct driver_client *entry_of(const struct connection *connection)
{
	return &connection->controller->page->clients[number_of(connection)];
}

static uint32_t served(const struct connection *connection)
{
	return __atomic_load_n(&connection->controller->page->served[number_of(connection)], __ATOMIC_SEQ_CST);
}

/* --- The driver's side. --- */

static bool is_writable(const char *va)
{
	return uvpt[PGNUM(va)] & PTE_W;
}

/* Map in the driver what stands here, at the same place. One that has ended is no error: the next gets it all. */
static int give(const struct controller *controller, void *va, uint32_t pages)
{
	int err = 0;

	if (!controller->driver)
		return 0;
	for (char *at = va, *end = at + pages * PGSIZE, *next; at < end && err == 0; at = next) {
		bool writable = is_writable(at);
		for (next = at + PGSIZE; next < end && is_writable(next) == writable;)
			next += PGSIZE;
		err = pages_share(at, controller->driver, at, writable ? PERM_DRIVER : PERM_DRIVER & ~PTE_W,
				  (size_t)(next - at) / PGSIZE);
	}
	return err == -E_BAD_ENV ? 0 : err;
}

static int give_whole(const struct connection *connection)
{
	int err = give(connection->controller, ring_of(connection), 1);

	if (err == 0 && connection->pages > 0)
		err = give(connection->controller, memory_of(connection), connection->pages);
	return err;
}

/* Have the driver serve it. */
static void want(struct connection *connection)
{
	static uint32_t last;
	struct driver_client *entry = entry_of(connection);

	entry->unit = connection->unit;
	entry->pages = connection->pages;
	entry->envid = connection->client;
	if (++last == DRIVER_BEGINS)
		last = 1;
	__atomic_store_n(&entry->wanted, last, __ATOMIC_SEQ_CST);
	controller_wake(connection->controller);
}

int connections_attach(struct controller *controller)
{
	int err = 0;

	for (struct connection *c = connections; c < connections + CONNECTIONS && err == 0; c++) {
		if (!c->client || c->controller != controller)
			continue;
		if (c->closing)
			c->since = sys_time_msec(); /* the new one has kept nothing so long yet */
		else
			err = give_whole(c);
	}
	return err;
}

/* --- Giving back. --- */

static bool is_let_go(const struct connection *connection)
{
	switch (connection->controller->state) {
	case CONTROLLER_READY:
		return served(connection) == 0;
	case CONTROLLER_STARTING:
		return false; /* the device has not been reset yet */
	default:
		return true;
	}
}

static void unmap(const struct connection *connection, envid_t envid)
{
	pages_unmap(envid, ring_of(connection), 1);
	pages_unmap(envid, memory_of(connection), connection->pages);
}

static void release(struct connection *connection)
{
	if (connection->controller->driver)
		unmap(connection, connection->controller->driver);
	unmap(connection, 0);
	if (connection->answer_due)
		answer(connection->client, 0);
	connection->client = 0;
}

static void begin_closing(struct connection *connection)
{
	connection->closing = true;
	connection->since = sys_time_msec();
	__atomic_store_n(&entry_of(connection)->wanted, 0, __ATOMIC_SEQ_CST);
	controller_wake(connection->controller);
}

/* What a client waits for will not be done any more. */
static void fail(struct connection *connection)
{
	struct block_ring *ring = ring_of(connection);

	__atomic_store_n(&ring->gone, 1, __ATOMIC_SEQ_CST);
	envid_t waiter = __atomic_load_n(&ring->waiter, __ATOMIC_SEQ_CST);
	if (waiter)
		libos_sys_unpark(waiter);
	if (connection->answer_due && !connection->closing) {
		answer(connection->client, -E_IO);
		connection->answer_due = false;
		begin_closing(connection);
	}
}

void connections_fail(struct controller *controller)
{
	for (struct connection *c = connections; c < connections + CONNECTIONS; c++)
		if (c->client && c->controller == controller)
			fail(c);
}

/* --- What clients ask for. --- */

int connection_open(envid_t client, uint32_t disk, void *page, int perm)
{
	struct connection *connection = connections;
	struct controller *controller;
	uint32_t unit;

	if (!disk_find(disk, &controller, &unit))
		return -E_NOT_FOUND;
	if (!page || !(perm & PTE_W))
		return -E_INVAL;
	if (controller->state == CONTROLLER_GONE || controller->state == CONTROLLER_EMPTY)
		return -E_IO;
	while (connection < connections + CONNECTIONS && connection->client)
		connection++;
	if (connection == connections + CONNECTIONS)
		return -E_MAX_OPEN;
	*connection = (struct connection){ .client = client, .controller = controller, .unit = unit };
	int err = sys_page_map(0, page, 0, ring_of(connection), PERM_WRITE);
	if (err == 0)
		err = give_whole(connection);
	if (err < 0) {
		release(connection);
		return err;
	}
	connection->answer_due = true;
	want(connection);
	return NO_ANSWER;
}

static struct connection *find(envid_t client, uint32_t n)
{
	bool found = n < CONNECTIONS && connections[n].client == client && !connections[n].closing;

	return found ? &connections[n] : NULL;
}

int connection_share(envid_t client, uint32_t n, void *pages, uint32_t count, int perm)
{
	struct connection *connection = find(client, n);

	if (!connection || !pages)
		return -E_INVAL;
	if (count > BLOCK_SHARE_MAX - connection->pages)
		return -E_NO_MEM;
	uint32_t offset = connection->pages;
	char *va = memory_of(connection) + offset * PGSIZE;
	int err = pages_share(pages, 0, va, perm & PERM_WRITE, count);
	if (err == 0 && (err = give(connection->controller, va, count)) < 0) {
		pages_unmap(connection->controller->driver, va, count);
		pages_unmap(0, va, count);
	}
	if (err < 0)
		return err;
	connection->pages += count;
	__atomic_store_n(&entry_of(connection)->pages, connection->pages, __ATOMIC_SEQ_CST);
	return (int)offset;
}

int connection_close(envid_t client, uint32_t n)
{
	struct connection *connection = find(client, n);

	if (!connection)
		return -E_INVAL;
	connection->answer_due = true;
	begin_closing(connection);
	connections_look();
	return NO_ANSWER;
}

/* --- Looking. --- */

static void look(struct connection *connection)
{
	if (!connection->closing && !env_alive(connection->client)) {
		connection->answer_due = false;
		begin_closing(connection);
	}
	if (connection->closing) {
		if (is_let_go(connection))
			release(connection);
		else if (((sys_time_msec() - connection->since) & 0x7FFFFFFF) >= release_ms)
			sys_env_destroy(connection->controller->driver);
		return;
	}
	if (connection->answer_due && served(connection) == entry_of(connection)->wanted) {
		connection->answer_due = false;
		answer(connection->client, (int)number_of(connection));
	}
}

void connections_look(void)
{
	for (struct connection *c = connections; c < connections + CONNECTIONS; c++)
		if (c->client)
			look(c);
}

uint32_t connections_timeout(void)
{
	for (const struct connection *c = connections; c < connections + CONNECTIONS; c++)
		if (c->client && c->closing)
			return release_ms;
	return TIMEOUT_NEVER;
}
