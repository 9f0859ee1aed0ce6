/*
 * A program that brings its own fork, copy on write by its own page-fault handler: the library's must not be in its way.
 *
 * run: --cpus 2
 * expect: ^\[00001000\] new env 00001001$
 * expect: ^the child has 2 and "child"$
 * expect: ^the parent has 1 and "parent"$
 * expect: ^all right$
 * never: panic
 */
#include <inc/lib.h>

#define XSTACK ((void *)(UXSTACKTOP - PGSIZE))
#define RW (PTE_P | PTE_U | PTE_W)
#define COW (PTE_P | PTE_U | PTE_COW)

static int number = 1, copies;
static char *word = "parent";

static void must(int result)
{
	if (result < 0)
		panic("%e", result);
}

/* The fault's page becomes this environment's own. */
static void copy_page(struct UTrapframe *utf)
{
	void *page = ROUNDDOWN((void *)utf->utf_fault_va, PGSIZE);

	if (!(utf->utf_err & FEC_WR) || !(uvpt[PGNUM(page)] & PTE_COW))
		panic("a fault at %08x", utf->utf_fault_va);
	must(sys_page_alloc(0, PFTEMP, RW));
	memmove(PFTEMP, page, PGSIZE);
	must(sys_page_map(0, PFTEMP, 0, page, RW));
	must(sys_page_unmap(0, PFTEMP));
	copies++;
}

static void share(envid_t child, void *page)
{
	int perm = uvpt[PGNUM(page)] & PTE_SYSCALL;

	if (perm & PTE_SHARE || !(perm & (PTE_W | PTE_COW))) {
		must(sys_page_map(0, page, child, page, perm));
		return;
	}
	must(sys_page_map(0, page, child, page, COW));
	must(sys_page_map(0, page, 0, page, COW));
}

envid_t fork(void)
{
	set_pgfault_handler(copy_page);
	envid_t child = sys_exofork();
	if (child < 0)
		return child;
	if (child == 0) {
		thisenv = &envs[ENVX(sys_getenvid())];
		return 0;
	}
	for (uintptr_t va = 0; va < USTACKTOP; va += PGSIZE) {
		if (uvpd[PDX(va)] & PTE_P && uvpt[PGNUM(va)] & PTE_P)
			share(child, (void *)va);
	}
	must(sys_page_alloc(child, XSTACK, RW));
	must(sys_env_set_pgfault_upcall(child, (void *)_pgfault_upcall));
	must(sys_env_set_status(child, ENV_RUNNABLE));
	return child;
}

void umain(int argc, char **argv)
{
	envid_t child = fork();

	must(child);
	if (child == 0) {
		number = 2;
		word = "child";
		cprintf("the child has %d and \"%s\"\n", number, word);
		return;
	}
	wait(child);
	cprintf("the parent has %d and \"%s\"\n", number, word);
	assert(thisenv->env_id == sys_getenvid());
	number = 3;
	assert(copies > 0 && number == 3);
	cprintf("all right\n");
}
