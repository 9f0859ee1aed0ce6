/*
 * fork, as programs see it in their page tables: what both may write is PTE_COW and shared until one of them writes;
 * PTE_SHARE stays shared; what is read-only stays that; the stack and all of the image are the child's own.
 *
 * run: --cpus 2
 */
#include <inc/lib.h>

#define OWN ((char *)0xA0000000)
#define SHARED ((volatile int *)0xA0400000)
#define CONSTANT ((char *)0xA0800000)
#define RW (PTE_P | PTE_U | PTE_W)

static int data = 1, zeroed[3000];

static int perm_of(void *va)
{
	return uvpd[PDX(va)] & PTE_P ? uvpt[PGNUM(va)] & PTE_SYSCALL : 0;
}

static void set_up(void)
{
	assert(sys_page_alloc(0, OWN, RW) == 0);
	assert(sys_page_alloc(0, (void *)SHARED, RW | PTE_SHARE) == 0);
	assert(sys_page_alloc(0, CONSTANT, RW) == 0);
	strcpy(OWN, "the parent's");
	strcpy(CONSTANT, "constant");
	assert(sys_page_map(0, CONSTANT, 0, CONSTANT, PTE_P | PTE_U) == 0);
}

/* Both sides look before they write. */
static void look(void)
{
	assert(perm_of(OWN) == (PTE_P | PTE_U | PTE_COW) && pageref(OWN) == 2);
	assert(perm_of((void *)SHARED) == (RW | PTE_SHARE) && pageref((void *)SHARED) == 2);
	assert(perm_of(CONSTANT) == (PTE_P | PTE_U) && pageref(CONSTANT) == 2);
	assert(data == 1 && zeroed[2999] == 0 && strcmp(OWN, "the parent's") == 0);
}

static void step(int number)
{
	while (*SHARED != number)
		sys_yield();
}

static void child_does(int *local)
{
	look();
	*SHARED = 1;
	step(2);
	/* The parent has written to its page: this one is the only owner of the old one now. */
	assert(strcmp(OWN, "the parent's") == 0 && pageref(OWN) == 1);
	strcpy(OWN, "the child's");
	assert(perm_of(OWN) == RW && pageref(OWN) == 1);
	assert(*local == 1 && data == 1);
	data = *local = zeroed[2999] = 3;
	*SHARED = 3;
	step(4);
	assert(data == 3 && *local == 3 && zeroed[2999] == 3 && strcmp(OWN, "the child's") == 0);
	/* A child of the child. */
	envid_t grandchild = fork();
	if (grandchild == 0) {
		assert(data == 3 && *local == 3 && strcmp(OWN, "the child's") == 0);
		data = 4;
		*SHARED = 5;
		exit();
	}
	step(5);
	wait(grandchild);
	assert(data == 3);
}

void umain(int argc, char **argv)
{
	int local = 1;

	set_up();
	envid_t child = fork();
	assert(child >= 0 && thisenv == &envs[ENVX(sys_getenvid())] && thisenv->env_id == sys_getenvid());
	if (child == 0) {
		child_does(&local);
		return;
	}
	step(1);
	strcpy(OWN, "the parent's other");
	assert(perm_of(OWN) == RW && pageref(OWN) == 1);
	data = local = 2;
	*SHARED = 2;
	step(3);
	assert(data == 2 && local == 2 && zeroed[2999] == 0 && strcmp(OWN, "the parent's other") == 0);
	*SHARED = 4;
	wait(child);
	assert(*SHARED == 5 && data == 2 && pageref((void *)SHARED) == 1);
	cprintf("all right\n");
}
