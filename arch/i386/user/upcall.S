/*
 * Where the kernel sends page faults: esp is on the exception stack, at a struct UTrapframe. The handler may change the
 * frame; afterwards the program goes on as it says, with all registers and flags, without the kernel. The last step has
 * to load both esp and eip: so eip is put below the program's own stack first (on the exception stack itself the kernel
 * has left a word free there), and fetched by ret from it.
 *
 * Two words before it tell others what it does (<finch/upcall.h>): UPCALL_MAGIC, and whether it copies on write.
 */
#include <finch/upcall.h>

	.set FRAME_EIP, 0x28
	.set FRAME_ESP, 0x30

	.text
	.weak libos_copy_on_write	/* defined with what needs it: libos/forking.c */
	.p2align 2
	.long UPCALL_MAGIC
	.long libos_copy_on_write
	.globl _pgfault_upcall
_pgfault_upcall:
	pushl %esp
	call libos_page_fault
	movl 4 + FRAME_ESP(%esp), %edx
	movl 4 + FRAME_EIP(%esp), %eax
	leal -4(%edx), %edx
	movl %eax, (%edx)
	movl %edx, 4 + FRAME_ESP(%esp)
	addl $12, %esp		/* the argument, the address and the error */
	popal
	leal 4(%esp), %esp	/* eip; the flags are not touched from here on but by popfl */
	popfl
	popl %esp
	ret

	.section .note.GNU-stack, "", @progbits
