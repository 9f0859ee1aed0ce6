/*
 * Calls that begin anew when others change what they look at: one thread copies or replaces a page of a superpage, which
 * others put there again each time it is taken apart, or replaces one while others lower permissions all the time. It may
 * not come to an end then, but it is no one's prisoner: who suspends it finds it standing still, and can end it.
 */
#include <abi/state.h>
#include "child.h"

#define LARGE 0x10000000        /* a superpage, */
#define PLACE (LARGE + PTSIZE)  /* put here too, again and again */
#define PAGES (LARGE + 2 * PTSIZE)
#define STACKS ((char *)0x20000000)
#define OTHERS_MAX 6
#define STOPS 4

enum { COPY, REPLACE_LARGE, REPLACE, KINDS };

static volatile uint32_t kind, calls, others;
static volatile bool stop;

static pte_t entry_at(uintptr_t va)
{
	return page_entry((const void *)va) & ~(pte_t)PTE_W;
}

static void calls_again(void)
{
	for (;; calls++) {
		if (kind == COPY)
			libos_sys_page_copy(0, PLACE + PGSIZE, 5 << PERM_COUNT_SHIFT, 0);
		else if (kind == REPLACE_LARGE)
			libos_sys_page_replace(PLACE + PGSIZE, (entry_at(PLACE) & ~(pte_t)PTE_PS) + PGSIZE, RW);
		else
			libos_sys_page_replace(PAGES, entry_at(PAGES), RW);
	}
}

static void changes(void)
{
	uint32_t number = __atomic_add_fetch(&others, 1, __ATOMIC_SEQ_CST);

	while (!stop) {
		if (kind == REPLACE)
			libos_sys_page_protect(0, PAGES + number * PGSIZE, RO);
		else
			libos_sys_page_map(0, LARGE, 0, PLACE, RO | NPTENTRIES << PERM_COUNT_SHIFT);
	}
	sys_env_exit(0);
}

static envid_t thread(void (*function)(void), uint32_t number)
{
	envid_t made = libos_sys_env_thread((uintptr_t)function, (uintptr_t)STACKS + (number + 1) * PGSIZE - 16);

	expect(made > 0);
	expect_is(sys_env_set_status(made, ENV_RUNNABLE), 0);
	return made;
}

static void attack(uint32_t n)
{
	struct state_registers registers;
	envid_t made[OTHERS_MAX];

	others = calls = 0;
	stop = false;
	for (uint32_t i = 0; i < n; i++)
		made[i] = thread(changes, i + 1);
	wait_until(others == n);
	envid_t victim = thread(calls_again, 0);
	wait_until(calls || envs[ENVX(victim)].env_runs);
	for (uint32_t i = 0; i < STOPS; i++) {
		expect_is(sys_env_set_status(victim, ENV_NOT_RUNNABLE), 0);
		expect_is(sys_env_state_get(victim, STATE_REGISTERS, &registers, sizeof registers), sizeof registers);
		expect_is(sys_env_set_status(victim, ENV_RUNNABLE), 0);
		sys_yield();
	}
	expect_is(sys_env_destroy(victim), 0);
	expect_end(victim, -E_KILLED);
	stop = true;
	for (uint32_t i = 0; i < n; i++)
		expect_end(made[i], 0);
}

void umain(int argc, char **argv)
{
	uint32_t n = MIN(MAX(cpu_total(), 3u) - 1, (uint32_t)OTHERS_MAX);

	USED(argc);
	USED(argv);
	if (sys_page_alloc_large(0, (void *)LARGE, RO) == -E_NOT_SUPP)
		return;
	expect_is(sys_page_alloc_range(0, (void *)PAGES, RO, OTHERS_MAX + 1), OTHERS_MAX + 1);
	expect_is(sys_page_alloc_range(0, STACKS, RW, OTHERS_MAX + 1), OTHERS_MAX + 1);
	for (kind = COPY; kind < KINDS; kind++)
		attack(n);
	expect_kernel_sound();
}
