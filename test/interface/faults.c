/*
 * Page-fault handlers: set before and after fork, in parent and child; nested; beside copy on write, which the handler
 * does not see; what the handler is told, and what it may change.
 *
 * run: --cpus 2
 */
#include <inc/lib.h>

#define A ((volatile uint32_t *)0xA0000000)
#define B ((volatile uint32_t *)0xCCCCC000)
#define RW (PTE_P | PTE_U | PTE_W)

static int calls, shared_data = 5;
static struct UTrapframe last;

static void make_page(struct UTrapframe *utf)
{
	calls++;
	last = *utf;
	if (sys_page_alloc(0, ROUNDDOWN((void *)utf->utf_fault_va, PGSIZE), RW) < 0)
		panic("no page");
	snprintf((char *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), 64, "made for %08x", utf->utf_fault_va);
}

static void what_it_is_told(void)
{
	set_pgfault_handler(make_page);
	*((volatile char *)A + 100) = 'x';
	assert(calls == 1 && last.utf_fault_va == 0xA0000064 && last.utf_err == (FEC_U | FEC_WR));
	assert(last.utf_eip >= UTEXT && last.utf_esp < USTACKTOP && last.utf_esp > USTACKTOP - PGSIZE);
	assert(last.utf_eflags & FL_IF);
	assert(strcmp((char *)A, "made for a0000064") == 0);
	cprintf("%s\n", (char *)0xDeadB000);
	assert(calls == 2 && !(last.utf_err & FEC_WR) && last.utf_fault_va == 0xDeadB000);
	assert(sys_page_unmap(0, (void *)A) == 0 && sys_page_unmap(0, (void *)0xDeadB000) == 0);
}

/* A handler that goes on at another place than the fault. */
static void after_the_fault(void)
{
	cprintf("went on elsewhere\n");
	exit();
}

static void elsewhere(struct UTrapframe *utf)
{
	utf->utf_eip = (uintptr_t)after_the_fault;
}

/* Needs another page while it makes one. */
static void nests(struct UTrapframe *utf)
{
	calls++;
	if (utf->utf_fault_va < (uintptr_t)B)
		*B = utf->utf_fault_va;
	assert(sys_page_alloc(0, ROUNDDOWN((void *)utf->utf_fault_va, PGSIZE), RW) == 0);
}

static void child_does(void)
{
	int before = calls;

	assert(_pgfault_handler == make_page && thisenv->env_pgfault_upcall == (void *)_pgfault_upcall);
	shared_data = 6;
	assert(calls == before);
	A[0] = 1;
	assert(calls == before + 1);
	set_pgfault_handler(nests);
	assert(*(volatile uint32_t *)0xA0001000 == 0);
	assert(calls == before + 3 && *B == 0xA0001000);
	set_pgfault_handler(elsewhere);
	*(volatile int *)0 = 1;
	cprintf("wrong\n");
}

void umain(int argc, char **argv)
{
	what_it_is_told();
	envid_t id = fork();
	if (id == 0) {
		child_does();
		return;
	}
	wait(id);
	assert(shared_data == 5 && uvpt[PGNUM(A)] == 0);
	shared_data = 7;
	assert(calls == 2);
	cprintf("all right\n");
}
