/* For libos: page faults that it resolves itself. Programs use set_pgfault_handler of <inc/lib.h>. */
#ifndef FINCH_PGFAULT_H
#define FINCH_PGFAULT_H

#include <common/names.h>
#include <inc/trap.h>

/* Make sure that this environment's exception stack is there. 0 or -E_NO_MEM. */
int exception_stack_make(void) LINKED_NAME(exception_stack_make);
/* Make sure that faults come to the library: exception stack and upcall. 0 or -E_NO_MEM. */
int pgfault_install(void) LINKED_NAME(pgfault_install);
/* Called by _pgfault_upcall for each fault. */
void page_fault(struct UTrapframe *utf) LINKED_NAME(page_fault);
/* Resolve the fault of a write to a page that fork shares. False: it is no such page. */
bool copy_on_write(const struct UTrapframe *utf) LINKED_NAME(copy_on_write);

#endif
