/*
 * Messages: a word, a page and its permissions; who asks for no page gets none; who does not receive cannot be tried; a
 * sender waits for its turn. Between strangers too.
 *
 * run: --cpus 2
 */
#include <inc/lib.h>

#define PAGE ((char *)0xA0000000)
#define HERE ((char *)0xCafeB000)
#define RW (PTE_P | PTE_U | PTE_W)
#define RO (PTE_P | PTE_U)

static envid_t parent;

static void child_does(void)
{
	envid_t from;
	int perm;

	parent = thisenv->env_parent_id;
	/* A word alone; one that asks for a page and gets none; one that asks for none and is sent one. */
	assert(ipc_recv(&from, HERE, &perm) == -7 && from == parent && perm == 0 && pageref(HERE) == 0);
	assert(ipc_recv(&from, NULL, &perm) == 2 && perm == 0);
	assert(ipc_recv(NULL, HERE, &perm) == 3 && perm == RW && strcmp(HERE, "read and write") == 0);
	strcpy(HERE, "read, and written to");
	/* The same page again, in place of what stands there, with fewer rights. */
	assert(ipc_recv(NULL, HERE, &perm) == 4 && perm == RO && !(uvpt[PGNUM(HERE)] & PTE_W));
	assert(thisenv->env_ipc_value == 4 && thisenv->env_ipc_from == parent && thisenv->env_ipc_perm == RO);
	assert(!thisenv->env_ipc_recving);
	assert(sys_ipc_recv(HERE + 1) == -E_INVAL);
	ipc_send(parent, 5, HERE, RO);
	/* No right to write that this one has not got. */
	assert(sys_ipc_try_send(parent, 6, HERE, RW) == -E_INVAL);
	ipc_send(parent, 6, NULL, 0);
}

static void try_send(envid_t child)
{
	assert(sys_ipc_try_send(0x1fff, 0, (void *)UTOP, 0) == -E_BAD_ENV);
	assert(sys_ipc_try_send(sys_getenvid(), 0, (void *)UTOP, 0) == -E_IPC_NOT_RECV);
	assert(sys_ipc_try_send(child, 0, PAGE + 1, RW) == -E_INVAL);
	assert(sys_ipc_try_send(child, 0, PAGE, PTE_P | PTE_W) == -E_INVAL);
	assert(sys_ipc_try_send(child, 0, PAGE, RW | PTE_PWT) == -E_INVAL);
	assert(sys_ipc_try_send(child, 0, (void *)0x12345000, RW) == -E_INVAL);
	int error;
	while ((error = sys_ipc_try_send(child, -7, (void *)UTOP, 0)) == -E_IPC_NOT_RECV)
		sys_yield();
	assert(error == 0);
}

void umain(int argc, char **argv)
{
	int perm;
	envid_t from, child = fork();

	if (child == 0) {
		child_does();
		return;
	}
	assert(sys_page_alloc(sys_getenvid(), PAGE, RW) == 0);
	strcpy(PAGE, "read and write");
	try_send(child);
	ipc_send(child, 2, PAGE, RW);
	ipc_send(child, 3, PAGE, RW);
	ipc_send(child, 4, PAGE, RO);
	assert(ipc_recv(&from, HERE, &perm) == 5 && from == child && perm == RO);
	assert(PTE_ADDR(uvpt[PGNUM(HERE)]) == PTE_ADDR(uvpt[PGNUM(PAGE)]));
	assert(strcmp(PAGE, "read, and written to") == 0);
	assert(ipc_recv(&from, HERE, NULL) == 6 && pageref(HERE) >= 2);
	wait(child);
	assert(pageref(PAGE) == 2 && ipc_find_env(ENV_TYPE_FS) == 0);
	assert(sys_ipc_try_send(child, 1, (void *)UTOP, 0) == -E_BAD_ENV);
	cprintf("all right\n");
}
