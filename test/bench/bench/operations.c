/* The operations that are the same source on Finch and on Linux. See table.c. */
#include <finch/thread.h>
#include "operations.h"

/* --- Environments --- */

void yield(void)
{
	sys_yield();
}

/* Start this program anew, to do what the flag says. */
static envid_t start_self(const char *flag)
{
	envid_t child = spawnl("bench", "bench", flag, 0);
	check(child, "start bench");
	return child;
}

static envid_t partner;

bool partner_start(void)
{
	partner = start_self("-y");
	for (int i = 0; i < 5; i++)
		yield();
	return true;
}

bool partner_end(void)
{
	sys_env_destroy(partner);
	wait(partner);
	return true;
}

void start_tiny(void)
{
	envid_t child = spawnl(tiny_program, tiny_program, 0);
	check(child, tiny_program);
	wait(child);
}

bool has_tiny(void)
{
	return tiny_program;
}

void start_this(void)
{
	wait(start_self("-n"));
}

/* --- Single pages, beside one that stays, so that the page table is there --- */

static void neighbour(void)
{
	if (!page_mapped(PAGE + PGSIZE))
		check(sys_page_alloc(0, PAGE + PGSIZE, PERM_WRITE), "page_alloc");
}

bool neighbour_and_pool(void)
{
	neighbour();
	return pool_fill();
}

bool neighbour_and_no_pool(void)
{
	neighbour();
	return pool_empty();
}

void page_alloc_unmap(void)
{
	sys_page_alloc(0, PAGE, PERM_WRITE);
	sys_page_unmap(0, PAGE);
}

/* --- Ranges: done whole, by as many calls as it takes --- */

void range_alloc(void)
{
	check(pages_alloc(0, FIRST_RANGE, PERM_WRITE, RANGE), "pages_alloc");
}

bool first_range_gone(void)
{
	return pages_unmap(0, FIRST_RANGE, RANGE) == 0;
}

/* --- Page faults to a handler of the program --- */

/* The faulting instruction is the two bytes of `movl (%ecx), %eax`. */
#define FAULT_AT(address) __asm__ volatile(".byte 0x8B, 0x01" : : "c"(address) : "eax", "memory")

static char *fault_next;

static void skip_instruction(struct UTrapframe *utf)
{
	utf->utf_eip += 2;
}

static void map_page(struct UTrapframe *utf)
{
	sys_page_alloc(0, ROUNDDOWN((void *)utf->utf_fault_va, PGSIZE), PERM_WRITE);
}

void user_fault(void)
{
	FAULT_AT(FIRST_RANGE);
}

void user_fault_map(void)
{
	FAULT_AT(fault_next);
	fault_next += PGSIZE;
}

bool handler_skips(void)
{
	set_pgfault_handler(skip_instruction);
	return true;
}

bool handler_maps(void)
{
	set_pgfault_handler(map_page);
	fault_next = PAGE + 2 * PGSIZE;
	return pool_empty();
}

bool mapped_gone(void)
{
	return pages_unmap(0, PAGE + 2 * PGSIZE, FAULT_ROW) == 0;
}

/* --- fork, with more or less memory that the parent has written to since the last fork --- */

void fork_exit_wait(void)
{
	envid_t child = fork();

	if (child == 0)
		exit();
	check(child, "fork");
	wait(child);
}

static bool touch(size_t count)
{
	if (!page_mapped(FIRST_RANGE) && pages_alloc(0, FIRST_RANGE, PERM_WRITE, count) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		((volatile char *)FIRST_RANGE)[i * PGSIZE]++;
	return true;
}

bool touch_4m(void)
{
	return touch(PTSIZE / PGSIZE);
}

bool touch_16m(void)
{
	return touch(RANGE);
}

/* --- Messages to a partner in its own address space, and the answer --- */

static void answer_messages(void)
{
	for (;;) {
		envid_t from;
		int32_t value = ipc_recv(&from, NULL, NULL);
		ipc_send(from, (uint32_t)value, NULL, 0);
	}
}

void message_pair(void)
{
	ipc_send(partner, 1, NULL, 0);
	ipc_recv(NULL, NULL, NULL);
}

bool message_partner(void)
{
	partner = fork();
	check(partner, "fork");
	if (partner == 0)
		answer_messages();
	for (int i = 0; i < 20; i++)
		message_pair(); /* by now both have their own copies of pages */
	return true;
}

/* --- Threads --- */

static void *end_at_once(void *arg)
{
	return arg;
}

void thread_create_join(void)
{
	int id = thread_create(end_at_once, NULL);

	check(id, "thread_create");
	check(thread_join(id, NULL), "thread_join");
}
