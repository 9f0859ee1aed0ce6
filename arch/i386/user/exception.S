/*
 * Where the kernel sends exceptions other than page faults: esp is on the exception stack, at a struct ExceptionFrame.
 * The handler may change it; afterwards the program goes on as it says, without the kernel. The last step loads eip and
 * the flags in one, so that FL_TF in the frame traps after the program's next instruction and not in here: eip, cs and
 * eflags are put below the program's own stack first (on the exception stack itself the kernel has left room for
 * them), for iret.
 */
#include <arch/mmu.h>

	.set FRAME_EIP, 52
	.set FRAME_EFLAGS, 56
	.set FRAME_ESP, 60

	.text
	.globl libos_exception_upcall
libos_exception_upcall:
	pushl %esp
	call libos_exception
	movl 4 + FRAME_ESP(%esp), %edx
	movl 4 + FRAME_EIP(%esp), %eax
	movl 4 + FRAME_EFLAGS(%esp), %ecx
	subl $12, %edx
	movl %ecx, 8(%edx)
	movl $(GD_UT | 3), 4(%edx)
	movl %eax, (%edx)
	movl %edx, 4 + FRAME_ESP(%esp)
	addl $16, %esp		/* the argument, trap number, error, dr6 */
	popl %es
	popl %ds
	popal
	addl $8, %esp		/* eip and eflags */
	popl %esp
	iret

	.section .note.GNU-stack, "", @progbits
