/* Faults that a program handles itself. */
#ifndef FINCH_KERN_UPCALL_H
#define FINCH_KERN_UPCALL_H

#include <abi/types.h>
#include <arch/trapframe.h>

/*
 * Make tf, the frame of the current environment at a page fault on address, go on at its page-fault upcall with the
 * fault on its exception stack. False: that is impossible, and a line has been printed that says why.
 */
bool arch_upcall_page_fault(struct Trapframe *tf, uintptr_t address);
/* The same for any other exception, and its exception upcall. */
bool arch_upcall_exception(struct Trapframe *tf);

#endif
