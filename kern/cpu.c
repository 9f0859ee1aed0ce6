/* CPUs: their records, and starting the others. */
#include <kern/cpu.h>
#include <kern/print.h>
#include <kern/trap.h>

static struct cpu boot_cpu = { .self = &boot_cpu, .bit = 1 };

struct cpu *cpus[CPUS_MAX] = { &boot_cpu };
unsigned cpu_count = 1;

struct cpu *cpu_boot(void)
{
	return &boot_cpu;
}

static struct cpu *cpu_create(unsigned number)
{
	struct cpu *cpu;
	pfn_t pfn = page_take_kernel();

	static_assert(sizeof *cpu <= PGSIZE, "a CPU's record is a page at most");
	if (!pfn)
		return NULL;
	cpu = page_address(pfn);
	cpu->self = cpu;
	cpu->number = number;
	cpu->bit = 1u << number;
	sched_init_cpu(cpu);
	return cpu;
}

void cpu_start_others(void)
{
	unsigned found = platform_cpu_count();

	/* Numbers have no gaps: one that does not answer leaves its number to the next. */
	for (unsigned n = 1; n < found; n++) {
		struct cpu *cpu = cpu_create(cpu_count);
		if (!cpu) {
			kprintf("no memory to start CPU %u and those after it\n", n);
			return;
		}
		cpu->platform_number = n;
		cpus[cpu_count] = cpu;
		if (arch_cpu_start(cpu))
			cpu_count++;
		else
			kprintf("CPU %u (APIC id %u) does not start; going on without it\n", n,
				platform_cpu_hardware_id(n));
	}
}

void cpu_main(void)
{
	struct cpu *cpu = this_cpu();

	platform_init_cpu();
	atomic_store_release(&cpu->started, 1);
	big_lock_enter();
	cpu->attention |= ATTEND_SWITCH | ATTEND_SLICE;
	arch_enter_user();
}
