/*
 * All the environments there can be: exofork until -E_NO_FREE_ENV (or, on a small machine, -E_NO_MEM); one that ends
 * makes room for one, under its slot's next generation; after the end of all there is as much room as before.
 */
#include "child.h"

static envid_t ids[NENV];

static int fill(void)
{
	for (int n = 0; n < NENV; n++) {
		envid_t child = sys_exofork();
		if (child == -E_NO_FREE_ENV || child == -E_NO_MEM)
			return n;
		if (child < 0)
			fail("exofork: expected an id, %d or %d, saw %d", -E_NO_FREE_ENV, -E_NO_MEM, child);
		ids[n] = child;
	}
	fail("exofork: expected an error after %d, as many as there can be", NENV);
}

static void destroy(envid_t child)
{
	expect_is(sys_env_destroy(child), 0);
	expect_end(child, -E_KILLED);
}

static int fill_and_empty(void)
{
	struct info_machine machine;
	int n = fill();

	expect_is(machine_info(&machine), 0);
	expect(machine.envs_live <= machine.envs_limit);
	int error = sys_exofork();
	expect(error == -E_NO_FREE_ENV || error == -E_NO_MEM);
	if (error == -E_NO_FREE_ENV)
		expect_is(machine.envs_live, machine.envs_limit);
	envid_t ended = ids[n / 2];
	destroy(ended);
	ids[n / 2] = sys_exofork();
	expect_is(ids[n / 2], ended + NENV);
	error = sys_exofork();
	expect(error == -E_NO_FREE_ENV || error == -E_NO_MEM);
	for (int i = 0; i < n; i++)
		destroy(ids[i]);
	return n;
}

void umain(int argc, char **argv)
{
	int n = fill_and_empty();
	uint32_t before = free_pages();

	expect(n > 20);
	expect_is(fill_and_empty(), n);
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
