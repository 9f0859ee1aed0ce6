/* Panic with a trap frame, and what other CPUs do then. panic() itself stands in check.h. */
#ifndef FINCH_KERN_PANIC_H
#define FINCH_KERN_PANIC_H

#include <abi/types.h>
#include <arch/trapframe.h>

/* Like panic(), about the trap that tf is the frame of: its registers are printed, the backtrace starts there. */
void panic_frame(const struct Trapframe *tf, const char *fmt, ...) __attribute__((noreturn));
/*
 * For the tests inside the kernel: called first in a panic. It returns if the panic is not the one that it waits for.
 */
extern void (*panic_catch)(const char *message);
/* Has another CPU panicked? Then the caller has to stop. For the NMI handler. */
bool panic_stops_me(void);

#endif
