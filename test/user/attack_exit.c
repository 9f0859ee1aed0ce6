/*
 * An end and another at the same time: env_exit does not return, although the caller's parent is just destroying it; and
 * what is left of an environment in envs[] names no address of the kernel.
 */
#include "child.h"

#define TIMES 400

static volatile uint32_t came, returned;

static void leaves(uint32_t arg)
{
	came = 1;
	for (volatile uint32_t n = arg; n; n--)
		continue;
	libos_sys_env_exit(5);
	returned++;
	sys_env_exit(6);
}

static void race(void)
{
	int status;

	for (uint32_t i = 0; i < TIMES; i++) {
		came = 0;
		envid_t child = child_run(leaves, i % 200);
		while (!came && env_alive(child))
			sys_yield();
		for (volatile uint32_t n = i % 37; n; n--)
			continue;
		int error = sys_env_destroy(child);
		expect(error == 0 || error == -E_BAD_ENV);
		expect_is(wait_status(child, &status), 0);
		expect(status == 5 || status == -E_KILLED);
		expect_is(returned, 0);
	}
}

static void faults(uint32_t arg)
{
	*(volatile uint32_t *)arg = 0;
}

static void leaves_no_address(void)
{
	envid_t child = child_run(faults, 0);

	expect_end(child, -E_KILLED);
	const uint32_t *words = (const uint32_t *)&envs[ENVX(child)];
	for (size_t i = 0; i < sizeof(struct Env) / sizeof *words; i++)
		if (words[i] >= ULIM && words[i] < (uint32_t)-MAXERROR)
			fail("word %u of the record: expected no address above ULIM, saw 0x%08x", i, words[i]);
}

void umain(int argc, char **argv)
{
	leaves_no_address();
	race();
	expect_kernel_sound();
}
