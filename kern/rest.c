/* The system at rest: see rest.h. */
#include <kern/atomic.h>
#include <kern/boot.h>
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
