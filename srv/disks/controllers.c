/*
 * Controllers and their drivers.
 *
 * A driver has no rights, and just what belongs to its device. Its page, the DMA memory and what clients share are kept
 * here too: when it dies, its device may still be at work in all that. The device is cut off from memory at once
 * (it is no bus master any more), and only when the next driver has reset it is anything given back.
 */
#include <finch/memory.h>
#include <finch/process.h>
#include <finch/spawn.h>
#include <finch/syscall.h>
#include <inc/lib.h>

#include "disks.h"

#define PAGES 0xB0000000u /* here: the pages shared with the driver of controller n, and its DMA memory */
#define DMA 0xB0400000u
#define DMA_SIZE 0x00100000u

/* A driver that ends so often within that time is given up. */
#define FAILURES_MAX 4
#define FAILURES_MS 10000
#define WAKE_MS 1000
#define TIME_MASK 0x7FFFFFFF

struct controller controllers[CONTROLLERS];
struct pci_device devices[DISKS_DEVICES];
uint32_t device_count;
const char *driver_word;

static char *dma_of(const struct controller *controller)
{
	return (char *)(DMA + (uint32_t)(controller - controllers) * DMA_SIZE);
}

static const struct pci_device *device_of(const struct controller *controller)
{
	return &devices[controller->device];
}

/* --- What a driver gets. --- */

static void note_ranges(struct driver_page *page, const struct pci_bar bars[PCI_BARS])
{
	uint32_t va = DRIVER_DEVICE;

	for (int i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &bars[i];
		struct driver_range *range = &page->ranges[i];
		if (bar->kind == PCI_BAR_NONE || bar->base == 0 || bar->base + bar->size > 0xFFFFFFFF)
			continue;
		*range = (struct driver_range){ bar->kind, (uint32_t)bar->base, bar->size, 0 };
		if (bar->kind != PCI_BAR_MEMORY || bar->base % PGSIZE != 0 || bar->size > PTSIZE)
			continue;
		range->va = va;
		va += ROUNDUP(bar->size, (uint32_t)PGSIZE);
	}
}

/* Write the server's part of the page, and get the DMA memory. */
static int prepare(struct controller *controller, bool without_lines)
{
	struct driver_page *page = controller->page;
	struct pci_bar bars[PCI_BARS];
	int err = pages_alloc(0, page, PERM_WRITE, DRIVER_PAGES);

	if (err < 0)
		return err;
	uint32_t dma = libos_range(PERM_WRITE, controller->kind->dma_pages);
	if ((err = libos_sys_page_alloc_dma(0, (uintptr_t)dma_of(controller), dma)) < 0)
		return err;
	pci_bars(device_of(controller), bars);
	note_ranges(page, bars);
	page->server = watch_envid;
	page->device = *device_of(controller);
	page->dma_pages = controller->kind->dma_pages;
	page->dma_address = PTE_ADDR(uvpt[PGNUM(dma_of(controller))]);
	if (page->device.pin && page->device.line < 16)
		page->lines = 1u << page->device.line;
	if (controller->kind->adjust)
		controller->kind->adjust(page);
	if (without_lines)
		page->lines = 0;
	return 0;
}

/* Map device memory: the call may do a part at a time. */
static int map_device(envid_t driver, const struct driver_range *range)
{
	uint32_t pages = ROUNDUP(range->size, (uint32_t)PGSIZE) / PGSIZE;

	for (uint32_t at = 0; at < pages;) {
		uint32_t offset = at * PGSIZE;
		int done = libos_sys_device_map(driver, range->va + offset, libos_range(PERM_WRITE, pages - at),
						range->base + offset);
		if (done < 0)
			return done;
		at += (uint32_t)done;
	}
	return 0;
}

static int give_ranges(const struct controller *controller)
{
	int err = 0;

	for (int i = 0; i < DRIVER_RANGES && err == 0; i++) {
		const struct driver_range *range = &controller->page->ranges[i];
		if (range->kind == PCI_BAR_PORTS)
			err = libos_sys_port_allow(controller->driver, range->base, range->size, 1);
		else if (range->va)
			err = map_device(controller->driver, range);
	}
	return err;
}

static int give_lines(const struct controller *controller)
{
	int err = 0;

	for (uint32_t lines = controller->page->lines; lines && err == 0; lines &= lines - 1)
		err = libos_sys_irq(controller->driver, (uint32_t)__builtin_ctz(lines), IRQ_ATTACH);
	return err;
}

static int give_all(struct controller *controller)
{
	char *page = (char *)controller->page;
	int err = pages_share(page, controller->driver, (void *)DRIVER_PAGE, PERM_READ | PTE_SHARE, 1);

	if (err == 0)
		err = pages_share(page + PGSIZE, controller->driver, (void *)(DRIVER_PAGE + PGSIZE), PERM_DRIVER, 1);
	if (err == 0)
		err = pages_share(dma_of(controller), controller->driver, (void *)DRIVER_DMA, PERM_DRIVER,
				  controller->kind->dma_pages);
	if (err == 0)
		err = give_ranges(controller);
	if (err == 0)
		err = give_lines(controller);
	return err == 0 ? connections_attach(controller) : err;
}

/* --- Starting and ending. --- */

/* Undo what the last driver has written, but for what it said of its disks. */
static void clear_page(struct driver_page *page)
{
	page->state = DRIVER_STARTING;
	page->error = 0;
	page->unit_count = 0;
	page->sleeps = 0;
	memset(page->served, 0, sizeof(page->served));
}

static void give_up(struct controller *controller, const char *why, int err)
{
	cprintf("disks: %s for %02x:%02x.%x %s: %e; given up\n", controller->kind->driver, device_of(controller)->bus,
		device_of(controller)->slot, device_of(controller)->function, why, err);
	controller->state = CONTROLLER_GONE;
	connections_fail(controller);
}

static void start(struct controller *controller)
{
	const char *argv[] = { controller->kind->driver, driver_word, NULL };
	uint16_t command = PCI_COMMAND_PORTS | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	struct spawn_limits none = { .rights = 0, .suspended = true };

	clear_page(controller->page);
	controller->state = CONTROLLER_STARTING;
	controller->starts++;
	envid_t driver = spawn_limited(argv[0], argv, &none);
	if (driver < 0) {
		give_up(controller, "does not start", driver);
		return;
	}
	controller->driver = driver;
	int err = sys_env_set(driver, ENV_SET_TYPE, ENV_TYPE_DRIVER); /* so that another disk server sees it */
	if (err == 0)
		err = give_all(controller);
	if (err == 0) {
		pci_command(device_of(controller), command, PCI_COMMAND_NO_LINE);
		pci_config_read(device_of(controller), &controller->page->config);
		err = sys_env_set_status(driver, ENV_RUNNABLE);
	}
	if (err < 0) {
		sys_env_destroy(driver);
		controller->driver = 0;
		give_up(controller, "cannot be given what it needs", err);
	}
}

int controllers_start(bool without_lines)
{
	int err = pci_open(), n = 0;

	if (err < 0)
		return err;
	device_count = (uint32_t)pci_list(devices, DISKS_DEVICES);
	for (uint32_t i = 0; i < device_count && n < CONTROLLERS; i++) {
		const struct controller_kind *kind = kind_of(&devices[i]);
		if (!kind)
			continue;
		struct controller *controller = &controllers[n];
		*controller = (struct controller){ .kind = kind, .device = i };
		controller->page = (struct driver_page *)(PAGES + (uint32_t)n * DRIVER_PAGES * PGSIZE);
		n++;
		err = prepare(controller, without_lines);
		if (err < 0)
			give_up(controller, "lacks memory", err);
		else
			start(controller);
	}
	return 0;
}

/* Has it ended too often of late? */
static bool fails_too_often(struct controller *controller)
{
	uint32_t now = sys_time_msec();

	if (controller->failures == 0 || ((now - controller->since) & TIME_MASK) > FAILURES_MS) {
		controller->failures = 0;
		controller->since = now;
	}
	return ++controller->failures >= FAILURES_MAX;
}

static void driver_ended(struct controller *controller)
{
	const struct pci_device *device = device_of(controller);
	struct driver_page *page = controller->page;
	int status = 0;

	pci_command(device, 0, PCI_COMMAND_MASTER);
	wait_status(controller->driver, &status);
	controller->driver = 0;
	if (status == 0 && page->state == DRIVER_READY && page->unit_count == 0) {
		controller->state = CONTROLLER_EMPTY;
		connections_fail(controller); /* it had disks when they were opened */
		return;
	}
	if (page->state == DRIVER_FAILED)
		give_up(controller, "cannot use the device", page->error);
	else if (!controller->ordered && fails_too_often(controller))
		give_up(controller, "ends too often; the last time with", status == 0 ? page->error : status);
	else {
		cprintf("disks: %s for %02x:%02x.%x has ended: started again\n", controller->kind->driver, device->bus,
			device->slot, device->function);
		controller->ordered = false;
		start(controller);
	}
}

void controllers_look(void)
{
	for (struct controller *c = controllers; c < controllers + CONTROLLERS; c++) {
		if (!c->driver)
			continue;
		/* First: it may be ready and then end. */
		bool alive = env_alive(c->driver);
		uint32_t says = __atomic_load_n(&c->page->state, __ATOMIC_SEQ_CST);
		if (c->state == CONTROLLER_STARTING && says == DRIVER_READY)
			c->state = CONTROLLER_READY;
		if (!alive)
			driver_ended(c);
	}
}

void controller_wake(struct controller *controller)
{
	if (controller->driver && __atomic_exchange_n(&controller->page->sleeps, 0, __ATOMIC_SEQ_CST))
		sys_ipc_send(controller->driver, DRIVER_WAKE, (void *)UTOP, 0, WAKE_MS);
}

void controller_kill(struct controller *controller)
{
	controller->ordered = true;
	if (controller->driver)
		sys_env_destroy(controller->driver);
}

int controller_hang(struct controller *controller)
{
	return controller->driver ? sys_env_set_status(controller->driver, ENV_NOT_RUNNABLE) : -E_IO;
}

void controllers_end(void)
{
	for (struct controller *c = controllers; c < controllers + CONTROLLERS; c++) {
		if (!c->driver)
			continue;
		sys_env_destroy(c->driver);
		pci_command(device_of(c), 0, PCI_COMMAND_MASTER);
	}
}

/* --- Disks: numbered once, when all drivers have told what they have found for the first time. --- */

static struct disk {
	struct controller *controller;
	uint32_t unit;
} disks[DISKS_MAX];

static void number_disks(void)
{
	uint32_t n = 0;

	for (struct controller *c = controllers; c < controllers + CONTROLLERS; c++) {
		if (c->state != CONTROLLER_READY)
			continue;
		for (uint32_t unit = 0; unit < MIN(c->page->unit_count, (uint32_t)DRIVER_UNITS); unit++)
			if (c->page->units[unit].sectors > 0 && n < DISKS_MAX)
				disks[n++] = (struct disk){ c, unit };
	}
}

bool controllers_settled(void)
{
	static bool settled;

	for (int i = 0; i < CONTROLLERS && !settled; i++)
		if (controllers[i].state == CONTROLLER_STARTING)
			return false;
	if (!settled)
		number_disks();
	settled = true;
	return true;
}

bool disk_find(uint32_t n, struct controller **controller, uint32_t *unit)
{
	if (n >= DISKS_MAX || !disks[n].controller)
		return false;
	*controller = disks[n].controller;
	*unit = disks[n].unit;
	return true;
}
