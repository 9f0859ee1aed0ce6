/*
 * bios_call and bios_halt (bios.h): down to real mode and up again. The stack stays the same on the way, since it lies
 * below 64 KB and every segment's base is 0.
 *
 * Source: Intel SDM vol. 3A, 9.9.2 (switching back to real-address mode).
 */
#include "segments.h"

	.arch	i386
	.text
	.code32

/* Go to real mode with all data segments 0, and on at \to. Changes %eax. */
.macro enter_real to
	ljmp	$SEL_CODE16, $1f
	.code16
1:	movw	$SEL_DATA16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	lidtl	real_idt
	movl	%cr0, %eax
	andb	$0xFE, %al
	movl	%eax, %cr0
	ljmp	$0, $2f
2:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	jmp	\to
	.code32
.endm

	.globl	bios_call
bios_call:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	20(%esp), %eax
	movl	(,%eax,4), %eax		/* the vector's routine, segment and offset */
	movl	%eax, routine
	movl	24(%esp), %ebp
	movl	%ebp, registers
	enter_real call_routine

	.code16
call_routine:
	movl	0(%bp), %eax
	movl	4(%bp), %ebx
	movl	8(%bp), %ecx
	movl	12(%bp), %edx
	movl	16(%bp), %esi
	movl	20(%bp), %edi
	/* What int does, but to an address that is known only now. The flags that iret restores have interrupts on. */
	sti
	pushfw
	cli
	lcallw	*routine
	cli
	cld
	pushfl
	movw	%cs:registers, %bp
	movl	%eax, %ss:0(%bp)
	popl	%ss:24(%bp)
	movl	%ebx, %ss:4(%bp)
	movl	%ecx, %ss:8(%bp)
	movl	%edx, %ss:12(%bp)
	movl	%esi, %ss:16(%bp)
	movl	%edi, %ss:20(%bp)

	lgdtl	%cs:gdt_pointer		/* some BIOS functions leave a table of their own */
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$SEL_CODE32, $3f
	.code32
3:	movw	$SEL_DATA32, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	.globl	bios_halt
bios_halt:
	enter_real halt
	.code16
halt:	sti
	hlt
	jmp	halt

	.section .rodata
	.balign	4
real_idt:
	.word	256 * 4 - 1
	.long	0

	.bss
	.balign	4
routine: .skip	4
registers: .skip 4

	.section .note.GNU-stack, "", @progbits
