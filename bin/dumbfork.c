/*
 * dumbfork: a fork in which every page is copied at once, made of nothing but the system calls. The child gets the
 * program's image and the one page of stack that is in use; the library needs no more to work in it.
 *
 * fork of the library copies a page only when it is written to: libos/fork.c.
 */
#include <inc/lib.h>

extern char end[]; /* of the program's image */

static int number = 1;
static int copied; /* pages */

static void must(int result)
{
	if (result < 0)
		panic("%e", result);
}

/* Give child a copy of the page at va, with the permissions that it has here. */
static void copy_page(envid_t child, uintptr_t va)
{
	int perm = uvpt[PGNUM(va)] & PTE_SYSCALL;

	must(sys_page_alloc(0, UTEMP, PTE_P | PTE_U | PTE_W));
	memcpy(UTEMP, (const void *)va, PGSIZE);
	must(sys_page_map(0, UTEMP, child, (void *)va, perm));
	must(sys_page_unmap(0, UTEMP));
	copied++;
}

/* As fork: 0 in the child. */
static envid_t dumb_fork(void)
{
	envid_t child = sys_exofork();

	must(child);
	if (child == 0) {
		thisenv = &envs[ENVX(sys_getenvid())];
		return 0;
	}
	for (uintptr_t va = UTEXT; va < (uintptr_t)end; va += PGSIZE)
		copy_page(child, va);
	copy_page(child, ROUNDDOWN(read_esp(), PGSIZE));
	must(sys_env_set_status(child, ENV_RUNNABLE));
	return child;
}

void umain(int argc, char **argv)
{
	envid_t child = dumb_fork();

	if (child == 0) {
		cprintf("dumbfork: in the child the number is %d\n", number);
		number = 2;
		cprintf("dumbfork: the child makes it %d\n", number);
		return;
	}
	wait(child);
	cprintf("dumbfork: in the parent it is still %d; %d pages were copied\n", number, copied);
	cprintf("dumbfork: %s\n", number == 1 ? "all right" : "wrong");
}
