/*
 * Page faults of the program: first what the library itself has promised (copying what fork shares), then the
 * program's handler; and where neither wants it, the kernel, which ends the program with its line.
 */
#include <finch/memory.h>
#include <finch/pgfault.h>
#include <inc/lib.h>

void (*_pgfault_handler)(struct UTrapframe *utf);

/* Only where the program forks does it carry this. */
bool copy_on_write(const struct UTrapframe *utf) __attribute__((weak));

void page_fault(struct UTrapframe *utf)
{
	if (copy_on_write && utf->utf_err & FEC_WR && copy_on_write(utf))
		return;
	if (_pgfault_handler)
		_pgfault_handler(utf);
	else
		sys_env_set_pgfault_upcall(0, NULL); /* the instruction faults again, for the kernel */
}

int exception_stack_make(void)
{
	void *stack = (void *)(thisenv->env_exception_stack - PGSIZE);

	return page_mapped(stack) ? 0 : sys_page_alloc(0, stack, PTE_P | PTE_U | PTE_W);
}

int pgfault_install(void)
{
	int err = exception_stack_make();

	if (err == 0 && thisenv->env_pgfault_upcall != _pgfault_upcall)
		err = sys_env_set_pgfault_upcall(0, _pgfault_upcall);
	return err;
}

void set_pgfault_handler(void (*handler)(struct UTrapframe *utf))
{
	int err = pgfault_install();

	if (err < 0)
		panic("set_pgfault_handler: %e", err);
	_pgfault_handler = handler;
}
