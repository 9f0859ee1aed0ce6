/*
 * The parts of the disk server: the main loop (disks.c), which answers calls; the controllers with their drivers; the
 * connections, one for each disk that a program has open; the watch, a thread that tells the main loop when something
 * may have changed.
 *
 * All but the watch runs in one thread. Addresses of connections are the same here and in drivers (<finch/driver.h>).
 */
#ifndef SRV_DISKS_H
#define SRV_DISKS_H

#include <finch/disks.h>

#define CONTROLLERS 8
#define CONNECTIONS DRIVER_CLIENTS

#define PERM_READ (PTE_P | PTE_U)
#define PERM_WRITE (PERM_READ | PTE_W)
/*
 * In a driver: one that forks keeps the pages that its device knows, and they are not copied on write. Not here: what this
 * program starts would get them all.
 */
#define PERM_DRIVER (PERM_WRITE | PTE_SHARE)

/* --- Controllers: controllers.c --- */

enum controller_state {
	CONTROLLER_NONE,
	CONTROLLER_STARTING, /* a driver is being started: the device may be in any state */
	CONTROLLER_READY,
	CONTROLLER_EMPTY,    /* it has no disks, and no driver */
	CONTROLLER_GONE,     /* its drivers do not work: given up */
};

/* What kind of device it is, and which driver that needs. */
struct controller_kind {
	const char *driver;
	uint32_t dma_pages;
	bool (*matches)(const struct pci_device *device);
	/* Fill in what a driver gets, beyond the base address registers; NULL: nothing. */
	void (*adjust)(struct driver_page *page);
};

struct controller {
	enum controller_state state;
	const struct controller_kind *kind;
	uint32_t device;   /* devices[device] */
	struct driver_page *page;
	envid_t driver;    /* 0: none */
	uint32_t starts;
	uint32_t failures; /* of late */
	uint32_t since;    /* milliseconds: when the first of those was */
	bool ordered;      /* somebody wanted the driver's end */
};

extern struct controller controllers[CONTROLLERS];
extern struct pci_device devices[DISKS_DEVICES];
extern uint32_t device_count;
extern const char *driver_word; /* the argument of drivers; NULL: none */

/* Find all devices, and start the drivers. without_lines: those get no interrupts. 0 or an error. */
int controllers_start(bool without_lines);
/* See what drivers have done: one is ready, one has ended. */
void controllers_look(void);
/* Wake a driver, after something was changed in its page. */
void controller_wake(struct controller *controller);
/* Destroy the driver; another one will take its place. */
void controller_kill(struct controller *controller);
/* Have the driver hang, as far as anybody can see. 0 or an error. */
int controller_hang(struct controller *controller);
/* Destroy all drivers. */
void controllers_end(void);
/* Have all of them told what they have? Then disks have their numbers. */
bool controllers_settled(void);
/* The controller and unit of disk n. False: there is no such disk. */
bool disk_find(uint32_t n, struct controller **controller, uint32_t *unit);

/* The kinds there are: kinds.c. NULL: no driver for that one. */
const struct controller_kind *kind_of(const struct pci_device *device);

/* --- Connections: connections.c. Their messages, whose answer is 0 or more, an error, or NO_ANSWER yet. --- */

#define NO_ANSWER (1 << 30)

/* page: where the ring stands, or NULL. */
int connection_open(envid_t client, uint32_t disk, void *page, int perm);
int connection_share(envid_t client, uint32_t n, void *pages, uint32_t count, int perm);
int connection_close(envid_t client, uint32_t n);

/* See whose programs have ended, and what drivers have begun or ended to serve. */
void connections_look(void);
extern uint32_t release_ms; /* a driver that keeps so long what was closed hangs, and is destroyed */

/* Give a new driver, suspended as yet, all connections of its controller. 0 or an error. */
int connections_attach(struct controller *controller);
/* The controller is given up: so is all that its connections wait for. */
void connections_fail(struct controller *controller);
/* How long to wait for drivers until connections_look is due by the clock. */
uint32_t connections_timeout(void);

/* Answer a call. */
void answer(envid_t client, int value);

/* --- The watch: watch.c --- */

#define WATCH_LOOK 0xFF /* the op of its message */

/* The environment that drivers unpark. */
extern envid_t watch_envid;
/* Start it. 0 or an error. */
int watch_start(void);

#endif
