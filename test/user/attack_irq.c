/*
 * Many at once do with an interrupt line what they like, and are suspended, made to go on and destroyed meanwhile,
 * while the line comes and goes: attach, detach, say that they are done, wait, give it to children, use ports. The
 * kernel's tables stay sound, and who comes after them all gets the line.
 */
#include <finch/ipc.h>
#include "child.h"
#include "edu.h"

#define REGISTERS ((void *)0x10000000)
#define FAMILY 6
#define ROUNDS 120

static struct edu edu;
static volatile uint32_t interrupts;

static void behaves_badly(uint32_t seed)
{
	uint32_t random = seed;
	envid_t child = 0;

	for (;;) {
		uint32_t what = next_random(&random) % 12;
		envid_t who = next_random(&random) % 4 ? 0 : child;
		if (what < 3)
			libos_sys_irq(who, edu.line, IRQ_ATTACH);
		else if (what < 6)
			libos_sys_irq(who, edu.line, IRQ_DONE);
		else if (what == 6)
			libos_sys_irq(who, edu.line, IRQ_DETACH);
		else if (what == 7)
			libos_sys_port_allow(who, 0x7000, 1 + next_random(&random) % 0x2000, next_random(&random) % 2);
		else if (what == 8 && child > 0)
			sys_env_destroy(child), child = 0;
		else if (what == 9 && child <= 0)
			child = sys_exofork();
		else if (sys_ipc_wait(IPC_NO_PAGES, 0, next_random(&random) % 3) == 0)
			interrupts++;
	}
}

static void attack(volatile uint32_t *registers)
{
	envid_t family[FAMILY];
	uint32_t random = 1;

	for (uint32_t i = 0; i < FAMILY; i++)
		family[i] = child_run(behaves_badly, i);
	for (int round = 0; round < ROUNDS; round++) {
		registers[next_random(&random) % 2 ? EDU_RAISE : EDU_CLEAR] = 1;
		uint32_t i = next_random(&random) % FAMILY;
		switch (next_random(&random) % 8) {
		case 0:
			expect_is(sys_env_destroy(family[i]), 0);
			expect_end(family[i], -E_KILLED);
			family[i] = child_run(behaves_badly, round + 100);
			break;
		case 1:
			expect_is(sys_env_set_status(family[i], ENV_NOT_RUNNABLE), 0);
			libos_sys_port_allow(family[i], 0x7000, 100, 1);
			break;
		case 2:
			expect_is(sys_env_set_status(family[i], ENV_RUNNABLE), 0);
			break;
		case 3:
			libos_sys_irq(family[i], edu.line, 1 + next_random(&random) % 3);
			break;
		case 4:
			if (round % 4 == 0)
				expect_kernel_sound();
			break;
		default:
			sys_yield();
		}
	}
	for (uint32_t i = 0; i < FAMILY; i++) {
		expect_is(sys_env_destroy(family[i]), 0);
		expect_end(family[i], -E_KILLED);
	}
}

void umain(int argc, char **argv)
{
	volatile uint32_t *registers = edu_map(&edu, REGISTERS);

	grow_records(3 * FAMILY);
	envid_t first = child_make(behaves_badly, 0); /* what making one takes up here is there then */
	sys_env_destroy(first);
	wait_status(first, NULL);
	uint32_t before = free_pages();
	attack(registers);
	registers[EDU_CLEAR] = 1;
	/* Their children, whose ends nobody waited for, were suspended: they are ours now. */
	for (uint32_t i = 0; i < NENV; i++) {
		if (envs[i].env_status != ENV_FREE && envs[i].env_parent_id == sys_getenvid()) {
			sys_env_destroy(envs[i].env_id);
			wait_status(envs[i].env_id, NULL);
		}
	}
	expect_is(libos_sys_irq(0, edu.line, IRQ_ATTACH), 0);
	registers[EDU_RAISE] = 1;
	expect_is(sys_ipc_wait(IPC_NO_PAGES, 0, TIMEOUT_NEVER), 0);
	expect_is(thisenv->env_ipc_from, 0);
	registers[EDU_CLEAR] = 1;
	expect_is(libos_sys_irq(0, edu.line, IRQ_DETACH), 0);
	expect(interrupts > 0);
	expect_kernel_sound();
	expect_is(free_pages(), before);
}
