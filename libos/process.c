/* Ends of environments, and names for what envs[] says of them. */
#include <finch/process.h>
#include <finch/syscall.h>
#include <inc/lib.h>

int wait_status(envid_t envid, int *status)
{
	int err;

	/*
	 * The kernel stores into what can be written by now: after a fork the page may still be one to be copied. It
	 * becomes that again, while this sleeps, by a checkpoint.
	 */
	do {
		if (status)
			*(volatile int *)status = 0;
		err = sys_env_wait(envid, status);
	} while (err == -E_INTERRUPTED || err == -E_FAULT);
	return err;
}

void wait(envid_t envid)
{
	wait_status(envid, NULL);
}

bool env_alive(envid_t envid)
{
	const volatile struct Env *env = &envs[ENVX(envid)];
	return env->env_id == envid && env->env_status != ENV_FREE && env->env_status != ENV_DYING;
}

uint64_t env_cpu_time(envid_t envid)
{
	/*
	 * The kernel writes the halves one after the other, once in many milliseconds: what is read twice alike is whole.
	 */
	const volatile uint64_t *time = &envs[ENVX(envid)].env_cpu_time;
	uint64_t seen = *time, again;

	while ((again = *time) != seen)
		seen = again;
	return seen;
}

const char *env_status_name(uint32_t status)
{
	static const char *const names[] = {
		[ENV_FREE] = "free",
		[ENV_DYING] = "dying",
		[ENV_RUNNABLE] = "runnable",
		[ENV_RUNNING] = "running",
		[ENV_NOT_RUNNABLE] = "waiting",
	};
	return status < ARRAY_SIZE(names) ? names[status] : "?";
}

const char *env_wait_name(uint32_t wait)
{
	static const char *const names[] = {
		[ENV_WAIT_NONE] = "to be started",
		[ENV_WAIT_SUSPENDED] = "suspended",
		[ENV_WAIT_CONSOLE] = "console",
		[ENV_WAIT_END] = "end of",
		[ENV_WAIT_MESSAGE] = "message",
		[ENV_WAIT_SEND] = "sending to",
		[ENV_WAIT_DELIVERY] = "message",
		[ENV_WAIT_PARK] = "parked",
		[ENV_WAIT_BUDGET] = "end of job",
	};
	return wait < ARRAY_SIZE(names) ? names[wait] : "?";
}
