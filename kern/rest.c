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
#include <kern/symbols.h>

#define STOP_LIMIT_NS 100000000

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

/* Wait until the other CPUs, which got the same signal, have stopped too, but not for long. */
static void await_others(void)
{
	uint64_t start = platform_time_ns();

	for (unsigned n = 0; n < cpu_count; n++) {
		while (!__atomic_load_n(&cpus[n]->stopped, __ATOMIC_ACQUIRE) &&
		       platform_time_ns() - start < STOP_LIMIT_NS)
			arch_pause();
	}
}

void rest_time_up(void)
{
	console_force();
	await_others();
	kprintf("\nThe time is up. CPUs and environments are:\n");
	for (unsigned n = 0; n < cpu_count; n++) {
		const struct env *env = cpus[n]->env;
		kprintf("CPU %u: %s %08x, %u ready\n", n, env ? "runs" : "idle", env ? env->pub->env_id : 0,
			cpus[n]->queue->count);
		symbols_backtrace_stopped(cpus[n]);
	}
	env_print_all();
	platform_test_exit(REST_TIME_UP);
}
