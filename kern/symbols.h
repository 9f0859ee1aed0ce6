/*
 * Names for addresses: the kernel's own table of functions, files and lines, and the tables of programs; backtraces.
 *
 * Safe at any time, in a panic too: takes no lock but the console's, allocates nothing, and follows no pointer that it
 * has not checked. What a program holds (frames, its table at USTABDATA) is copied before it is looked at; damage
 * there costs names.
 */
#ifndef FINCH_KERN_SYMBOLS_H
#define FINCH_KERN_SYMBOLS_H

#include <abi/types.h>

struct Trapframe;
struct cpu;
struct space;

/* Print a line with the place of a call, given the address to which it returns, in the kernel. */
void symbols_print_location(uintptr_t return_address);

/*
 * Print the calls that led to frame, or to the caller of this function if frame is NULL: two lines a call, innermost
 * first, at most SYMBOLS_FRAMES_MAX of the kernel; then those of the environment that runs on this CPU.
 */
#define SYMBOLS_FRAMES_MAX 40
void symbols_backtrace(const struct Trapframe *frame);

/*
 * The same for a CPU that has been stopped for good (cpu->stopped); of one that was not, what its program did when it
 * last entered the kernel.
 */
void symbols_backtrace_stopped(const struct cpu *cpu);

/* The same for an instruction of a program. */
void symbols_print_program_location(uintptr_t ip, const struct space *space);
/* Where a program's function begins. False: it has none of that name, or no table. */
bool symbols_program_address(const struct space *space, const char *name, uintptr_t *address);
/* The same for a program of the boot archive. */
bool symbols_file_address(const char *program, const char *name, uintptr_t *address);

/* Print the calls within a program that led to frame, its registers, in its address space. */
void symbols_backtrace_program(const struct Trapframe *frame, const struct space *space);

#endif
