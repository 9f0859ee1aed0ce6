/* The system at rest: see rest.h. */
#include <kern/atomic.h>
#include <kern/boot.h>
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/monitor.h>
#include <kern/platform.h>
#include <kern/print.h>
#include <kern/rest.h>

void rest_begin(void)
{
	static atomic_t resting;

	if (atomic_exchange(&resting, 1))
		return;
	if (boot_word("batch"))
		platform_test_exit(env_first_status() == REST_EXITED ? REST_EXITED : REST_DESTROYED);
	kprintf("No runnable environments in the system!\n");
	monitor_enter("nothing is left to run", NULL);
	atomic_store_release(&resting, 0);
}

void rest_time_up(void)
{
	console_force();
	kprintf("\nThe time is up. CPUs and environments are:\n");
	for (unsigned n = 0; n < cpu_count; n++) {
		const struct env *env = cpus[n]->env;
		kprintf("CPU %u: %s %08x, %u ready\n", n, env ? "runs" : "idle", env ? env->pub->env_id : 0,
			cpus[n]->runq.count);
	}
	env_print_all();
	platform_test_exit(REST_TIME_UP);
}
