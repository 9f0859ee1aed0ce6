/* Panic: the kernel found itself broken. */
#include <kern/boot.h>
#include <kern/console.h>
#include <kern/cpu.h>
#include <kern/monitor.h>
#include <kern/panic.h>
#include <kern/print.h>
#include <kern/rest.h>
#include <kern/symbols.h>

void (*panic_catch)(const char *message);

static atomic_t panicking; /* number + 1 of the CPU that did first */

bool panic_stops_me(void)
{
	uint32_t first = atomic_load(&panicking);

	return first && first != this_cpu()->number + 1;
}

/* Whoever panics first stops all others, by NMI, since they may spin with interrupts off. */
static void take_over(struct cpu *cpu)
{
	uint32_t nobody = 0;

	if (!__atomic_compare_exchange_n(&panicking.value, &nobody, cpu->number + 1, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST) &&
	    nobody != cpu->number + 1)
		arch_halt();
	for (unsigned n = 0; n < cpu_count; n++) {
		if (n != cpu->number)
			platform_send_nmi(cpus[n]->platform_number);
	}
}

static void vpanic(const struct Trapframe *tf, const char *fmt, va_list ap) __attribute__((noreturn));
static void vpanic(const struct Trapframe *tf, const char *fmt, va_list ap)
{
	struct cpu *cpu = this_cpu();

	if (VARIANT_DEBUG && panic_catch) {
		char message[256];
		va_list copy;
		va_copy(copy, ap);
		format_buffer(message, sizeof message, fmt, copy);
		va_end(copy);
		panic_catch(message);
	}
	if (++cpu->panic_depth > 3)
		arch_halt(); /* it breaks while it says what broke */
	take_over(cpu);
	console_force();
	kprintf("kernel panic on CPU %u: ", cpu->number);
	kvprintf(fmt, ap);
	kprintf("\n");
	if (tf)
		arch_frame_print(tf);
	if (cpu->panic_depth == 1)
		symbols_backtrace(tf);
	if (boot_word("batch"))
		platform_test_exit(REST_PANIC);
	for (;;)
		monitor_enter("the kernel panicked", (struct Trapframe *)tf);
}

void panic_frame(const struct Trapframe *tf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vpanic(tf, fmt, ap);
}

void panic(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vpanic(NULL, fmt, ap);
}
