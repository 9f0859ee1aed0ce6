/*
 * Requests between CPUs.
 *
 * A CPU that needs others to forget translations, to leave an address space or to look at their current environment
 * asks for it by interrupt and waits for all to answer. An answer means: the CPU has entered the kernel since (by
 * the interrupt, or in a loop that spins), has forgotten its user translations, and has let go of a dead
 * space that it kept loaded while idle.
 *
 * The one who waits holds no lock but the big one, and answers requests to itself meanwhile; so does every loop
 * that spins. A CPU in the kernel answers soon, for every call is bounded.
 */
#ifndef FINCH_KERN_REQUEST_H
#define FINCH_KERN_REQUEST_H

#include <abi/types.h>

/* Ask the CPUs in mask (the caller's own bit is ignored) and wait until all have answered. */
void request_all(uint32_t mask);
/* Have all other CPUs do this (ERRAND_ of kern/cpu.h) with their answer, and wait until they have. */
void request_errand(uint32_t errand);
/* Answer what others have asked of this CPU. Called from the interrupt and from every loop that waits. */
void request_serve(void);

#endif
