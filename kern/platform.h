/*
 * The porting contract for a board: what the chips beside the CPU must supply. dev/pc/ implements it for PCs.
 *
 * All functions are called with interrupts off. Order at boot, on the boot CPU: platform_console_init,
 * (memory comes up), platform_init, platform_init_cpu; then on each other CPU: platform_init_cpu.
 * No function here waits without a bound.
 */
#ifndef FINCH_KERN_PLATFORM_H
#define FINCH_KERN_PLATFORM_H

#include <abi/types.h>

/* The most CPUs that the kernel runs; more are reported and left alone. */
#define CPUS_MAX 32
/*
 * The vectors of the platform's interrupts: 32 to 47 for its lines, the one that platform_send_request raises, and one
 * by which an interrupt controller reports an error. What comes by another one, a program has raised.
 */
#define REQUEST_VECTOR 0xFB
#define ERROR_VECTOR 51

static inline bool platform_has_vector(uint32_t vector)
{
	return (vector >= 32 && vector < 48) || vector == REQUEST_VECTOR || vector == ERROR_VECTOR;
}

/* --- Console. Serialised by the kernel's console lock. --- */

/* Make output work, with the memory map that the boot code left (physical memory below 8 MB at KERNBASE). */
void platform_console_init(void);
/*
 * Print len bytes on every output: '\n' starts a new line, '\b' steps back, '\r' to the start, '\t' to a multiple of 8;
 * ESC [ H goes to the top left, ESC [ J and ESC [ K blank the rest of the screen or of the line.
 */
void platform_console_write(const char *s, size_t len);
/*
 * The next byte of input, from the serial port or the keyboard, or -1. Works with or without interrupts. Arrow keys
 * and the like come as the bytes that a VT100 sends (ESC [ A ...). '\r' comes as '\n', DEL as '\b'.
 */
int platform_console_read(void);
/*
 * Turn the input interrupts on or off. While they are off, input stays in the devices, so a full buffer in
 * the kernel loses nothing that the sender can hold back.
 */
void platform_console_listen(bool on);

/* --- The machine. --- */

/*
 * Find and set up what the machine has: ACPI tables or the MP table, interrupt controllers, timers, clock.
 * The kernel's page tables stand; kern/arch.h's arch_device_map works. Prints a line where the machine is odd.
 */
void platform_init(void);
/* Set up the calling CPU's own interrupt controller and timer (timer stopped). */
void platform_init_cpu(void);

/* How many CPUs the machine has (at most CPUS_MAX), found by platform_init; CPU 0 is the one that booted. */
unsigned platform_cpu_count(void);
/* The hardware's own number of CPU n, for people. */
uint32_t platform_cpu_hardware_id(unsigned n);
/* Start CPU n (not 0) at physical address start (below 1 MB, page aligned) in real mode. */
void platform_cpu_start(unsigned n, uint32_t start);

/* Interrupt CPU n with vector REQUEST_VECTOR (see kern/request.h). May be called on any CPU. */
void platform_send_request(unsigned n);
/* Interrupt CPU n with an NMI. */
void platform_send_nmi(unsigned n);
/* Acknowledge the interrupt being handled by the calling CPU (not for spurious ones, nor NMIs). */
void platform_interrupt_done(void);

/* --- Time. --- */

/* Nanoseconds since the machine started: never goes back on one CPU, nor between CPUs by more than a microsecond. */
uint64_t platform_time_ns(void);
/* The rate of the time-stamp counter in kHz. */
uint32_t platform_tsc_khz(void);
/* Interrupt the calling CPU once, with vector IRQ_OFFSET + IRQ_TIMER, after ns nanoseconds (any value; rounded to the
 * timer's range), in place of an earlier request. 0 stops the timer. */
void platform_timer_set(uint64_t ns);
/* Seconds since 1970-01-01 00:00 UTC from the battery clock; 0 if it does not answer. Slow. */
int64_t platform_clock_seconds(void);

/* --- Interrupt lines (ISA numbering). --- */

/*
 * Take an interrupt of a line. PLATFORM_INPUT: the console has input now; PLATFORM_DEVICE: it is of a device that is
 * not the platform's own; PLATFORM_NOTHING: of neither, or of no device.
 */
enum platform_event { PLATFORM_NOTHING, PLATFORM_INPUT, PLATFORM_DEVICE };
enum platform_event platform_interrupt(unsigned line);
/* May programs use this line? Not if it is the platform's own, or none. */
bool platform_irq_usable(unsigned line);
/* Let a usable line through to a CPU, or hold it back, as all are at first. */
void platform_irq_enable(unsigned line);
void platform_irq_disable(unsigned line);
/* If a request comes while the line is held back, does it come through when the line is enabled? */
bool platform_irq_keeps(unsigned line);

/* --- What is not for programs. --- */

/* Does the platform itself use one of these ports? */
bool platform_ports_are_kernel(uint32_t port, uint32_t count);
/* Or memory in [start, end) that is not RAM, or may that be RAM that nobody has told of? */
bool platform_memory_is_kernel(uint64_t start, uint64_t end);

/* --- The end. --- */

/* Switch the machine off. Returns if it cannot be done. */
void platform_poweroff(void);
/* Start the machine anew. Does not return. */
void platform_reboot(void);
/*
 * The test device (boot word `test` or `batch`: the machine has QEMU's isa-debug-exit at port 0xf4 and
 * isa-debugcon at 0xe9). End the machine with status (0 to 31), or write text to the second channel.
 */
void platform_test_exit(unsigned status);
void platform_test_write(const char *s, size_t len);

#endif
