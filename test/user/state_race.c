/*
 * What a child's registers are is known when it stands still, wherever it was stopped: one that yields all the time is
 * suspended and looked at, while others keep the queue that it stands in busy. It counts in a register and then in
 * memory: seen from outside the register is never behind.
 */
#include <abi/state.h>
#include "child.h"

#define LOOKS 2000

static volatile uint32_t counter;
static volatile bool stop;

static void counts(uint32_t arg)
{
	USED(arg);
	__asm__ volatile("xorl %%ebx, %%ebx\n"
			 "1:\tincl %%ebx\n\t"
			 "movl %%ebx, %0\n\t"
			 "movl %1, %%eax\n\t"
			 "int $0x30\n\t"
			 "jmp 1b"
			 : "=m"(counter)
			 : "i"(SYS_yield)
			 : "eax", "ebx");
}

static void yields(uint32_t arg)
{
	USED(arg);
	while (!stop)
		sys_yield();
}

void umain(int argc, char **argv)
{
	envid_t others[4], child = child_run(counts, 0);
	uint32_t looks = argc > 1 ? (uint32_t)strtol(argv[1], NULL, 0) : LOOKS;
	struct state_registers registers;

	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		others[i] = child_run(yields, 0);
	wait_until(counter);
	for (uint32_t i = 0; i < looks; i++) {
		expect_is(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
		expect_is(sys_env_state_get(child, STATE_REGISTERS, &registers, sizeof registers), sizeof registers);
		uint32_t in_memory = counter, in_register = registers.frame.tf_regs.reg_ebx;
		if (in_register - in_memory > 1)
			fail("look %u: expected a count of %u or one more in the register, saw %u", i, in_memory, in_register);
		expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
		sys_yield();
	}
	stop = true;
	for (unsigned i = 0; i < ARRAY_SIZE(others); i++)
		expect_end(others[i], 0);
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
	expect_kernel_sound();
}
