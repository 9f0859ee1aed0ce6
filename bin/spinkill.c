/*
 * spinkill: a child that computes for ever, and never calls the kernel, does not keep its parent from running, nor from
 * destroying it: on one CPU the timer takes the CPU away from it, on two it is stopped where it runs.
 */
#include <finch/process.h>
#include <inc/lib.h>

void umain(int argc, char **argv)
{
	envid_t child = fork();
	int status = 0;

	if (child < 0)
		panic("fork: %e", child);
	if (child == 0) {
		for (;;)
			continue;
	}
	cprintf("spinkill: the child spins\n");
	while (envs[ENVX(child)].env_runs < 2 && envs[ENVX(child)].env_status != ENV_RUNNING)
		sys_yield();
	for (int i = 0; i < 10; i++)
		sys_yield();
	cprintf("spinkill: the parent runs all the same, and ends it\n");
	int err = sys_env_destroy(child);
	if (err == 0)
		err = wait_status(child, &status);
	bool gone = err == 0 && status == -E_KILLED && !env_alive(child) && sys_env_destroy(child) == -E_BAD_ENV;
	cprintf("spinkill: %s\n", gone ? "all right" : "wrong");
}
