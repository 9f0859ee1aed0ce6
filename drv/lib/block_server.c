/*
 * The half of a disk's driver that is the same for all: block_server.h.
 *
 * A request is queued for its unit, then begun, then ended. The begun ones stand in the order in which they were begun,
 * so that the first of them is the first whose time is up.
 */
#include <drv/lib/clients.h>
#include <finch/ipc.h>
#include <finch/process.h>
#include <inc/lib.h>

#define TIMEOUT_MS 5000    /* of a request, where the driver does not say */
#define LOOK_MS 1000       /* so long after a request began look whether its interrupt is missing */
#define POLL_MS 2          /* how often to look if no interrupts come */
#define MISSED_MAX 2       /* so often something had been done and no interrupt had come: none come */
#define TRIES_MAX 3        /* a request is begun so often if each time another one hangs the device */
#define ROUNDS 16          /* so often look at clients before looking for interrupts */
#define TIME_MASK 0x7FFFFFFF

enum { IDLE, QUEUED, BEGUN };

static const struct block_driver *driver;
static struct list queues[DRIVER_UNITS];
static struct list begun = LIST_EMPTY(begun);
static uint32_t now;      /* milliseconds, as of the beginning of this round */
static uint32_t looked;   /* when the device was looked at last for no reason */
static uint32_t missed;   /* how often in a row that found something */
static bool offer;        /* units may take something: requests were queued, or have ended */

static struct block_request *request_of(struct list *link)
{
	return LIST_ENTRY(link, struct block_request, link);
}

uint32_t block_now(void)
{
	return sys_time_msec();
}

bool block_passed(uint32_t since, uint32_t ms)
{
	return ((block_now() - since) & TIME_MASK) >= ms;
}

void block_pause(uint32_t ms)
{
	sleep_ms(ms);
}

void block_say(const char *format, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	cprintf("%s: %s\n", driver->name, text);
}

static uint32_t timeout_ms(void)
{
	return driver->timeout_ms ? driver->timeout_ms : TIMEOUT_MS;
}

static uint32_t age(const struct block_request *request)
{
	return (now - request->since) & TIME_MASK;
}

/* --- The life of a request. --- */

static void queue(struct block_request *request)
{
	request->state = QUEUED;
	list_push_back(&queues[request->unit], &request->link);
	offer = true;
}

void block_end(struct block_request *request, int result)
{
	struct driver_page *page = driver_page();

	list_remove(&request->link);
	request->state = IDLE;
	page->requests++;
	page->errors += result < 0;
	offer = true;
	client_end(request, result);
}

/* Offer the unit what is queued, until it takes no more. */
static void begin_queued(uint32_t unit)
{
	while (!list_empty(&queues[unit])) {
		struct block_request *request = request_of(list_first(&queues[unit]));
		bool alone = list_empty(&begun);

		list_remove(&request->link);
		if (!client_wanted(request)) {
			block_end(request, -E_KILLED); /* nobody will see that */
			continue;
		}
		request->state = BEGUN;
		request->since = now;
		list_push_back(&begun, &request->link);
		int err = driver->submit(request);
		if (err == 0)
			continue;
		if (err != -E_BUSY || alone) { /* alone: what should it be busy with? */
			block_end(request, err == -E_BUSY ? -E_IO : err);
			continue;
		}
		list_remove(&request->link);
		request->state = QUEUED;
		list_push_front(&queues[unit], &request->link);
		return;
	}
}

static void begin_all(void)
{
	static uint32_t first; /* another one each time: units may share what takes one request at a time */
	uint32_t count = driver_page()->unit_count;

	offer = false;
	first++;
	for (uint32_t n = 0; n < count; n++)
		begin_queued((first + n) % count);
}

/* --- A device that does not answer. --- */

/* The device is dead: the disk server will make it stop, and decide. */
static __attribute__((noreturn)) void give_up(int err)
{
	block_say("the device does not come back after a reset: %e", err);
	driver_page()->error = err;
	exit_status(1);
}

/*
 * Take back what was begun on these units: `late` ends, as do those that were begun too often; the rest comes first in
 * its queue.
 */
static void take_back(uint32_t units, struct block_request *late)
{
	for (struct list *link = list_last(&begun), *before; link && link != &begun; link = before) {
		struct block_request *request = request_of(link);
		before = link->prev;
		if (!(units >> request->unit & 1))
			continue;
		if (request == late || ++request->tries == TRIES_MAX) {
			block_end(request, -E_TIMEOUT);
			continue;
		}
		list_remove(link);
		request->state = QUEUED;
		list_push_front(&queues[request->unit], link);
	}
}

static void time_is_up(struct block_request *late)
{
	struct driver_page *page = driver_page();

	page->timeouts++;
	page->resets++;
	block_say("no answer for %u ms: reset", age(late));
	int units = driver->reset(late->unit);
	if (units < 0)
		give_up(units);
	take_back((uint32_t)units | 1u << late->unit, late);
}

/* Look at the device though no interrupt has come. */
static void look(void)
{
	uint32_t before = driver_page()->requests;

	looked = now;
	driver->interrupt();
	if (driver_page()->requests == before || driver_page()->lines == 0)
		return;
	if (++missed == MISSED_MAX)
		block_say("no interrupts come: looks at the device every %d ms", POLL_MS);
}

/* Do what is due by the clock. */
static void look_at_clock(void)
{
	struct list *first = list_first(&begun);

	if (!first)
		return;
	bool polls = driver_page()->lines == 0 || missed >= MISSED_MAX;
	uint32_t every = polls ? POLL_MS : LOOK_MS;
	if (age(request_of(first)) >= every && ((now - looked) & TIME_MASK) >= every)
		look();
	first = list_first(&begun);
	if (first && age(request_of(first)) >= timeout_ms())
		time_is_up(request_of(first));
}

/* How long to sleep at most. */
static uint32_t until_clock(void)
{
	if (list_empty(&begun))
		return TIMEOUT_NEVER;
	return driver_page()->lines == 0 || missed >= MISSED_MAX ? POLL_MS : LOOK_MS;
}

/* --- The loop. --- */

static void handle_interrupt(uint32_t lines)
{
	driver_page()->interrupts++;
	missed = 0;
	driver->interrupt();
	for (; lines; lines &= lines - 1)
		libos_sys_irq(0, (uint32_t)__builtin_ctz(lines), IRQ_DONE);
}

/* Take a message, sleeping for at most timeout_ms. */
static void receive(uint32_t timeout_ms)
{
	int err = sys_ipc_wait(IPC_NO_PAGES, 0, timeout_ms);

	now = block_now();
	if (err == 0 && thisenv->env_ipc_from == 0)
		handle_interrupt(thisenv->env_ipc_value);
}

/* Sleep until there is something to do. */
static void sleep_until_told(void)
{
	clients_sleeps(1);
	if (!clients_look(queue)) /* else it came before they could know */
		receive(until_clock());
	clients_sleeps(0);
}

static __attribute__((noreturn)) void serve(void)
{
	now = block_now();
	for (unsigned round = 1;; round++) {
		bool any = clients_look(queue);
		if (offer)
			begin_all();
		look_at_clock();
		clients_wake();
		if (!any && !offer)
			sleep_until_told();
		else if (round % ROUNDS == 0)
			receive(0); /* whatever clients do, the device is heard */
	}
}

static bool any_disk(const struct driver_page *page)
{
	for (uint32_t unit = 0; unit < page->unit_count; unit++)
		if (page->units[unit].sectors > 0)
			return true;
	return false;
}

void block_main(const struct block_driver *the_driver)
{
	struct driver_page *page = driver_page();

	driver = the_driver;
	if (page->lines == 0)
		block_say("no interrupts: looks at the device every %d ms", POLL_MS);
	for (int i = 0; i < DRIVER_UNITS; i++)
		list_init(&queues[i]);
	int err = driver->start(page);
	page->error = err;
	if (!any_disk(page))
		page->unit_count = 0;
	__atomic_store_n(&page->state, err < 0 ? DRIVER_FAILED : DRIVER_READY, __ATOMIC_SEQ_CST);
	libos_sys_unpark(page->server);
	if (err < 0)
		exit_status(1);
	if (page->unit_count == 0)
		exit_status(0);
	serve();
}
