/*
 * Exceptions that a program handles itself: a division by zero, an instruction that the processor does not know, a step
 * under FL_TF, int n for a vector that is not the kernel's (49 to 255, but 51 and 251), and all others but page faults,
 * for which there is set_pgfault_handler of <inc/lib.h>.
 *
 * The handler is called on the exception stack with the exception's frame, and may change all of the frame from ef_es
 * on: when it returns true, the program goes on as the frame says, with all registers and flags. ef_eip is the address
 * of the instruction that failed; after T_BRKPT, T_OFLOW, T_DEBUG and int n it is that of the next one. Below ef_esp 12
 * bytes of the program's stack are used.
 *
 * A handler may itself cause exceptions and page faults, until the exception stack, one page, is full. It runs with
 * flat ds and es; fs, gs and the registers of the FPU are the program's, which it must keep as they are.
 */
#ifndef FINCH_EXCEPTION_H
#define FINCH_EXCEPTION_H

#include <common/names.h>
#include <inc/trap.h>

/* True: it is dealt with. False: it is not for this handler. */
typedef bool (*exception_handler)(struct ExceptionFrame *frame);

/*
 * Have handler called, or NULL: none, as at the start. One for the program: for this thread and those it
 * makes from then on. Returns the one before, to which a handler may pass on what is not for it. Panics if there is no
 * memory for the exception stack.
 *
 * What no handler wants ends the environment, as if there were none: the instruction is done once more, for the kernel,
 * which prints the registers. (After a step it is the next step that ends it.)
 */
exception_handler set_exception_handler(exception_handler handler) LINKED_NAME(set_exception_handler);

/* Where the kernel sends exceptions: for libraries that set it for another environment, by ENV_SET_EXCEPTION_UPCALL. */
void exception_upcall(void) LINKED_NAME(exception_upcall);

/* Called there with each. */
void exception(struct ExceptionFrame *frame) LINKED_NAME(exception);
/* The last thing of it: goes on as the frame says, if its return to the upcall could not do that. */
void exception_leave(struct ExceptionFrame *frame) LINKED_NAME(exception_leave);

#endif
