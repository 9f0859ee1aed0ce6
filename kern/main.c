/* The kernel's start, in order: a line a step. */
#include <common/cpio.h>
#include <kern/boot.h>
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/env.h>
#include <kern/load.h>
#include <kern/page.h>
#include <kern/policy.h>
#include <kern/print.h>
#include <kern/rest.h>
#include <kern/selftest.h>
#include <kern/syscall.h>
#include <kern/trace.h>
#include <kern/trap.h>
#include <kern/verify.h>
#include <kern/version.h>

/* Cut what the loader added behind the archive; a damaged one is told of, and starts nothing. */
static void check_archive(void)
{
	struct boot_range *archive = &boot_info.archive;
	const void *address = (const void *)(KERNBASE + (uintptr_t)archive->start);
	size_t loaded = archive->end - archive->start;

	if (!loaded)
		return;
	size_t size = archive->end <= DIRECT_MAP_LIMIT ? cpio_size(address, loaded) : 0;
	if (!size)
		kprintf("The boot archive is damaged or too large (%u KB at %08x).\n", (uint32_t)(loaded >> 10),
			(uint32_t)archive->start);
	archive->end = archive->start + size;
}

static void main_on_own_stack(void) __attribute__((noreturn));
static void main_on_own_stack(void)
{
	platform_init();               /* chips, tables of the firmware, time */
	platform_init_cpu();           /* this CPU's interrupt controller and timer */
	page_init_caches(platform_cpu_count());
	cpu_start_others();
	big_lock_wanted = boot_word("lock=big");
	syscall_choose(big_lock_wanted);
	trace_init();                  /* the event ring, if it is wanted */
	big_lock_enter();
	if (boot_word("test"))
		verify_begin();
	selftest_run();                /* in builds made for it */
	console_listen();
	if (!load_programs() && boot_word("batch"))
		platform_test_exit(REST_DESTROYED);
	sched_count_active(-1);        /* from here on the programs keep the system going */
	this_cpu()->attention |= ATTEND_SWITCH | ATTEND_SLICE;
	arch_enter_user();
}

void kernel_main(void)
{
	boot_verbose = boot_word("verbose");
	kprintf("Finch " FINCH_VERSION "\n");
	check_archive();
	env_init();                    /* takes boot memory: before the allocator has it */
	policy_init();                 /* so does this */
	page_init(&boot_info);
	sched_init_cpu(this_cpu());
	sched_count_active(1);         /* the boot itself */
	arch_cpu_adopt_boot(this_cpu(), main_on_own_stack);
}
