/* The monitor's commands about the kernel's own state: kerninfo, envs, cpus, locks, page. */
#include <kern/cpu.h>
#include <kern/monitor_parts.h>
#include <kern/platform.h>
#include <kern/print.h>
#include <kern/symbols.h>
#include <variant.h>

/* From the linker script. */
extern const char kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_end[];

enum monitor_next monitor_kerninfo(const struct monitor_line *line)
{
	struct page_counts pages;
	uint64_t seconds = platform_time_ns() / 1000000000;

	(void)line;
	page_count(&pages);
	kprintf("Finch, %s build, up %llu seconds\n", VARIANT_NAME, (unsigned long long)seconds);
	kprintf("  kernel   text from %08lx, read-only data from %08lx, data from %08lx to %08lx\n",
		(unsigned long)kernel_start, (unsigned long)kernel_text_end, (unsigned long)kernel_rodata_end,
		(unsigned long)kernel_end);
	kprintf("  memory   %u pages, %u free, %u of them zeroed\n", pages.total, pages.free, pages.zeroed);
	kprintf("  envs     %u of at most %u\n", env_live(), env_limit());
	kprintf("  CPUs     %u, time-stamp counter at %u kHz\n", cpu_count, platform_tsc_khz());
	return MONITOR_NEXT;
}

enum monitor_next monitor_envs(const struct monitor_line *line)
{
	(void)line;
	if (env_live() == 0)
		kprintf("There are no environments.\n");
	env_print_all();
	return MONITOR_NEXT;
}

enum monitor_next monitor_cpus(const struct monitor_line *line)
{
	(void)line;
	for (unsigned i = 0; i < cpu_count; i++) {
		const struct cpu *cpu = cpus[i];
		const struct env *env = cpu->env;
		kprintf("CPU %u%s  APIC %u  ", i, cpu == this_cpu() ? " (here)" : "", platform_cpu_hardware_id(i));
		if (env)
			kprintf("runs %08x", env->pub->env_id);
		else
			kprintf("%s", atomic_load(&cpu->lazy) ? "idle" : "in the kernel");
		kprintf("  queued %u  switches %llu  interrupts %llu  requests %u  idle %llu ms  locks held %u\n",
			cpu->queue->count, (unsigned long long)sched_switches(cpu), (unsigned long long)cpu->interrupts,
			cpu->request_done.value, (unsigned long long)(cpu->idle_ns / 1000000), cpu->locks_held);
	}
	return MONITOR_NEXT;
}

static unsigned locks_shown;

static void show_lock(const char *name, uint32_t index, const uintptr_t *chain)
{
	locks_shown++;
	kprintf("  %s %u, taken by\n", name, index);
	for (unsigned i = 0; i < LOCK_CHAIN && chain[i]; i++)
		symbols_print_location(chain[i]);
}

enum monitor_next monitor_locks(const struct monitor_line *line)
{
	(void)line;
	if (!VARIANT_DEBUG) {
		kprintf("Only debug builds know which locks are held.\n");
		return MONITOR_NEXT;
	}
	locks_shown = 0;
	for (unsigned i = 0; i < cpu_count; i++) {
		if (cpus[i]->locks_held)
			kprintf("CPU %u:\n", i);
		lock_check_each(i, show_lock);
	}
	if (locks_shown == 0)
		kprintf("No lock is held.\n");
	return MONITOR_NEXT;
}

enum monitor_next monitor_page(const struct monitor_line *line)
{
	uint32_t address;
	struct page_counts pages;

	if (line->count > 2)
		return MONITOR_USAGE;
	if (line->count == 1) {
		page_count(&pages);
		kprintf("%u pages, %u free, %u of them zeroed\n", pages.total, pages.free, pages.zeroed);
	} else if (monitor_number(line->words[1], &address)) {
		pfn_t pfn = address >> PGSHIFT;
		if (pfn >= page_limit)
			kprintf("%08x lies beyond all RAM.\n", address);
		else
			kprintf("page %05x (%08x): %u references%s\n", pfn, address, page_references(pfn),
				page_managed(pfn) ? "" : ", never handed out");
	}
	return MONITOR_NEXT;
}
