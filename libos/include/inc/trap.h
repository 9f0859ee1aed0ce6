/* For programs: the trap numbers and the register frames. */
#ifndef INC_TRAP_H
#define INC_TRAP_H

#include <abi/types.h>
#include <arch/trapframe.h>

enum {
#define TRAP(name, vector, text, error_code, privilege) name = vector,
#include <abi/trap.def>
#undef TRAP
	T_SYSCALL = 48,
	T_DEFAULT = 500,
};

#define IRQ_OFFSET 32 /* the trap number of hardware interrupt 0 */
enum { IRQ_TIMER = 0, IRQ_KBD = 1, IRQ_SERIAL = 4, IRQ_SPURIOUS = 7, IRQ_IDE = 14, IRQ_ERROR = 19 };

#endif
