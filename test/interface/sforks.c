/*
 * sfork: parent and child share all memory but the stack, and each has its own thisenv; handlers work in both.
 *
 * run: --cpus 2
 */
#include <inc/lib.h>

#define PAGE ((volatile int *)0xA0000000)

static volatile int ball, faults;
static int private_before = 7;

static void on_demand(struct UTrapframe *utf)
{
	faults++;
	if (sys_page_alloc(0, ROUNDDOWN((void *)utf->utf_fault_va, PGSIZE), PTE_P | PTE_U | PTE_W) < 0)
		panic("no page");
}

static void play(envid_t other)
{
	for (;;) {
		envid_t from;
		int number = ipc_recv(&from, NULL, NULL);
		assert(from == other && thisenv->env_id == sys_getenvid() && number == ball);
		if (number == 10)
			return;
		ball = ++number;
		ipc_send(other, number, NULL, 0);
		if (number == 10)
			return;
	}
}

void umain(int argc, char **argv)
{
	volatile int local = 1;
	envid_t parent = sys_getenvid();

	set_pgfault_handler(on_demand);
	private_before = 8;
	envid_t child = sfork();
	assert(child >= 0);
	if (child == 0) {
		assert(private_before == 8 && thisenv->env_id != parent && thisenv->env_id == sys_getenvid());
		local = 2;
		PAGE[0] = 1;
		play(parent);
		assert(local == 2);
		return;
	}
	ball = 0;
	ipc_send(child, 0, NULL, 0);
	play(child);
	wait(child);
	assert(ball == 10 && local == 1 && thisenv->env_id == parent);
	private_before = 9;
	cprintf("all right\n");
}
