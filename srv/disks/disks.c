/*
 * disks [-k] [-n] [-o WORD] [-h MS] [-e PROGRAM ARGUMENTS...]: the disk server. It finds the controllers on the PCI bus, starts
 * a driver for each and another one when that dies, and connects programs with drivers: <finch/disks.h>. It needs the
 * rights ports, irq, mmio, dma and type.
 *
 * With -e it starts PROGRAM when it knows the disks, and ends as that does, with all drivers: a machine that has
 * drivers is never at rest. For tests: -k lets anybody have a driver killed, -n gives drivers no interrupts, -o gives
 * them WORD for an argument (`pio` has ide do without DMA, `unqueued` ahci without queued commands), -h lets anybody have
 * a driver hang, which is to be noticed after MS milliseconds instead of 30 s.
 */
#include <finch/ipc.h>
#include <finch/memory.h>
#include <finch/process.h>
#include <finch/rights.h>
#include <inc/lib.h>

#include "disks.h"

#define WINDOW ((char *)0xA8000000) /* where pages of messages come */
#define WINDOW_PAGES 1024
#define RIGHTS_NEEDED (RIGHT_PORTS | RIGHT_IRQ | RIGHT_MMIO | RIGHT_DMA | RIGHT_TYPE)

static bool kills, without_lines;
static uint32_t hang_ms; /* 0: nobody may have a driver hang */
static envid_t ends_with; /* 0: nobody's end ends this one */

void answer(envid_t client, int value)
{
	/* One that does not wait for it has itself to blame. */
	sys_ipc_try_send(client, (uint32_t)value, (void *)UTOP, 0);
}

static void fill_disk(struct disks_disk *disk, const struct controller *controller, uint32_t unit)
{
	const struct driver_unit *found = &controller->page->units[unit];

	disk->sectors = found->sectors;
	disk->flags = found->flags;
	disk->driver = controller->driver;
	disk->device = controller->device;
	disk->unit = unit;
	disk->starts = controller->starts;
	strlcpy(disk->driver_name, controller->kind->driver, sizeof(disk->driver_name));
	memcpy(disk->model, found->model, sizeof(disk->model));
	disk->model[DRIVER_MODEL - 1] = 0;
}

/* The page is the client's: who asks ten thousand times pays for ten thousand pages. */
static int write_list(struct disks_list *page, int perm)
{
	static struct disks_list list;
	struct controller *controller;
	uint32_t unit;

	if (!page || !(perm & PTE_W))
		return -E_INVAL;
	memset(&list, 0, sizeof(list));
	for (uint32_t n = 0; n < DISKS_MAX && disk_find(n, &controller, &unit); n++)
		fill_disk(&list.disks[list.count++], controller, unit);
	list.device_count = device_count;
	memcpy(list.devices, devices, sizeof(devices));
	memcpy(page, &list, sizeof(list));
	return 0;
}

static int disturb(uint32_t n, bool hang)
{
	struct controller *controller;
	uint32_t unit;

	if (hang ? !hang_ms : !kills)
		return -E_NOT_SUPP;
	if (!disk_find(n, &controller, &unit))
		return -E_NOT_FOUND;
	if (hang)
		return controller_hang(controller);
	controller_kill(controller);
	return 0;
}

/* pages: what came with the call, NULL: nothing. */
static int handle(envid_t client, uint32_t op, uint32_t argument, void *pages, int perm)
{
	switch (op) {
	case DISKS_OPEN:
		return connection_open(client, argument, pages, perm);
	case DISKS_SHARE:
		return connection_share(client, argument, pages, (uint32_t)perm >> PERM_COUNT_SHIFT, perm);
	case DISKS_CLOSE:
		return connection_close(client, argument);
	case DISKS_LIST:
		return write_list(pages, perm);
	case DISKS_KILL:
	case DISKS_HANG:
		return disturb(argument, op == DISKS_HANG);
	default:
		return -E_INVAL;
	}
}

/* End, with all drivers, as the one did that this one is to end with. */
static void end_too(void)
{
	int status = 0;

	controllers_end();
	if (wait_status(ends_with, &status) == 0 && status == -E_KILLED)
		sys_env_destroy(0);
	exit_status(status);
}

static void look(void)
{
	if (ends_with > 0 && !env_alive(ends_with))
		end_too();
	controllers_look();
	connections_look();
}

/* Handle the message that has come. What it brought is let go before it is answered. */
static void handle_message(void)
{
	envid_t client = thisenv->env_ipc_from;
	uint32_t value = thisenv->env_ipc_value, op = value & 0xFF;
	int perm = thisenv->env_ipc_perm, result = NO_ANSWER;

	if (op != WATCH_LOOK)
		result = handle(client, op, value >> 8, perm ? WINDOW : NULL, perm);
	if (perm)
		pages_unmap(0, WINDOW, (uint32_t)perm >> PERM_COUNT_SHIFT);
	if (result != NO_ANSWER)
		answer(client, result);
	look();
}

static __attribute__((noreturn)) void give_up(const char *what, int err)
{
	cprintf("disks: %s: %e\n", what, err);
	exit_status(1);
}

/*
 * Two that drive one device destroy what is on the disk. So there must be no other disk server, and no driver that
 * another one has left behind when it was destroyed. Of two that start at the same time each may find the other.
 */
static void refuse_second(void)
{
	for (int i = 0; i < NENV; i++) {
		const volatile struct Env *env = &envs[i];
		enum EnvType type = env->env_type;

		if (env->env_status == ENV_FREE || env->env_id == thisenv->env_id)
			continue;
		if (type != ENV_TYPE_DISKS && type != ENV_TYPE_DRIVER)
			continue;
		cprintf("disks: %s %08x has the devices: it must end first\n",
			type == ENV_TYPE_DISKS ? "another disk server," : "a driver that has lost its server,", env->env_id);
		exit_status(1);
	}
}

/* Returns the program to start with its arguments, or NULL. */
static const char **parse(char **argv)
{
	while (*argv && *++argv) {
		if (strcmp(*argv, "-k") == 0)
			kills = true;
		else if (strcmp(*argv, "-n") == 0)
			without_lines = true;
		else if (strcmp(*argv, "-o") == 0 && argv[1])
			driver_word = *++argv;
		else if (strcmp(*argv, "-h") == 0 && argv[1])
			release_ms = hang_ms = (uint32_t)strtol(*++argv, NULL, 10);
		else if (strcmp(*argv, "-e") == 0 && argv[1])
			return (const char **)argv + 1;
		else
			give_up(*argv, -E_INVAL);
	}
	return NULL;
}

void umain(int argc, char **argv)
{
	int err;

	const char **program = parse(argv);

	sys_env_set_label(0, "disks");
	if (!rights_need(RIGHTS_NEEDED))
		exit_status(1);
	refuse_second();
	/* Who looks for it from now on finds it; calls are taken when disks have their numbers. */
	if ((err = sys_env_set(0, ENV_SET_TYPE, ENV_TYPE_DISKS)) < 0)
		give_up("cannot let others find it", err);
	refuse_second(); /* one that has looked before this one could be found, is found now */
	if ((err = watch_start()) < 0)
		give_up("cannot start a thread", err);
	if ((err = controllers_start(without_lines)) < 0)
		give_up("cannot use the PCI bus", err);
	while (!controllers_settled())
		if (sys_ipc_wait(IPC_NO_PAGES, watch_envid, TIMEOUT_NEVER) == 0)
			look();
	if (program && (ends_with = spawn(program[0], program)) < 0)
		give_up(program[0], ends_with);
	sys_env_set(0, ENV_SET_RIGHTS, RIGHTS_NEEDED);
	for (;;)
		if (sys_ipc_wait(ipc_window(WINDOW, WINDOW_PAGES), 0, connections_timeout()) == 0)
			handle_message();
		else
			look();
}
