/*
 * Where a program starts, and the records that the kernel shows to programs, as arrays.
 *
 * Whoever started the program left at the stack pointer: argc, and a pointer to argv[]; or nothing, and the stack
 * pointer at the very top, if its maker knew of no arguments. Then argc is 0 and argv[] only its NULL.
 */
#include <arch/layout.h>
#include <finch/start.h>

	.globl envs, pages, uvpt, uvpd
	.set envs, UENVS
	.set pages, UPAGES
	.set uvpt, UVPT
	.set uvpd, UVPT + (UVPT >> PTXSHIFT) * 4

	.text
	.p2align 2
	.weak libos_wants	/* defined with what needs the archive: libos/archive.c */
	.long START_MAGIC
	.long libos_wants
	.globl _start
_start:
	cmpl $USTACKTOP, %esp
	jne 1f
	pushl $0		/* argv[0] */
	pushl %esp		/* argv */
	pushl $0		/* argc */
1:	xorl %ebp, %ebp		/* the last frame of a backtrace */
	call libos_main
	ud2			/* it does not return */

	.section .note.GNU-stack, "", @progbits
