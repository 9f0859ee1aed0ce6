/*
 * The disk server (srv/disks), an environment of the type ENV_TYPE_DISKS: what to ask of it, by sys_ipc_call.
 * libos/block.c does that for those who read and write disks (<finch/block.h>); this is for those who look at it.
 *
 * It starts a driver for each controller that it knows, with just what that needs, and another one when that dies.
 */
#ifndef FINCH_DISKS_H
#define FINCH_DISKS_H

#include <abi/env.h>
#include <finch/driver.h>

/*
 * The value of a call is one of these, and << 8 its argument; the answer 0 or more, or an error.
 *
 * DISKS_OPEN: open the disk of that number, with a page for the ring. The answer, when it can be used: the connection's
 *	number. -E_NOT_FOUND; -E_INVAL: no page, or not writable; -E_MAX_OPEN; -E_IO: the disk is given up; -E_NO_MEM.
 * DISKS_SHARE: share the pages that come with it on connection n. The answer is where they stand, as pages from the
 *	start of what is shared. -E_INVAL: not the caller's connection, or no pages; -E_NO_MEM.
 * DISKS_CLOSE: end connection n. The answer comes when the driver has let everything go. -E_INVAL.
 * DISKS_LIST: write struct disks_list into the page that comes with it. -E_INVAL: no page, or not writable.
 * DISKS_KILL: destroy the driver of the disk of that number; another takes its place. DISKS_HANG: it hangs. For tests:
 *	-E_NOT_SUPP if the server was not started with -k or -h.
 */
enum { DISKS_OPEN = 1, DISKS_SHARE, DISKS_CLOSE, DISKS_LIST, DISKS_KILL, DISKS_HANG };

#define DISKS_MAX 16
#define DISKS_DEVICES 64

struct disks_disk {
	uint64_t sectors;
	uint32_t flags;   /* BLOCK_READ_ONLY, ... */
	envid_t driver;   /* 0: none, the disk is given up */
	uint32_t device;  /* its controller: devices[device] */
	uint32_t unit;    /* of that */
	uint32_t starts;  /* how often a driver was started for it */
	char driver_name[ENV_LABEL_SIZE];
	char model[DRIVER_MODEL];
};

struct disks_list {
	uint32_t count;
	uint32_t device_count;
	struct disks_disk disks[DISKS_MAX];         /* the one at n is called diskn */
	struct pci_device devices[DISKS_DEVICES];   /* all that is on the bus */
};

static_assert(sizeof(struct disks_list) <= 4096, "one page");

/* Its environment, or 0. */
envid_t disks_server(void) LINKED_NAME(disks_server);
/* Ask it for the list, in a new page that is mapped at `page`. 0; -E_NOT_FOUND: there is no disk server; -E_NO_MEM. */
int disks_list(struct disks_list *page) LINKED_NAME(disks_list);

#endif
