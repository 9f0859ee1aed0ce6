/*
 * The first instructions of the probe (probe.c). Linked at PROBE_BASE + 1 MB and loaded at 1 MB, as the kernel is: to
 * run there without paging, its segments begin at -PROBE_BASE, so that linked addresses come out at the loaded ones.
 */
#include "multiboot.h"

#define PROBE_BASE 0xF0000000
#define FLAGS (MULTIBOOT_WANTS_PAGED_MODULES | MULTIBOOT_WANTS_MEMORY)

	.section .start, "ax"
	.code32
	.balign	4
	.long	MULTIBOOT_HEADER_MAGIC
	.long	FLAGS
	.long	-(MULTIBOOT_HEADER_MAGIC + FLAGS)

	.globl	start
start:	cli
	lgdt	gdt_pointer - PROBE_BASE
	movw	$0x10, %cx
	movw	%cx, %ds
	movw	%cx, %es
	movw	%cx, %ss
	ljmp	$0x08, $1f
1:	movl	$stack_end, %esp
	pushl	%ebx
	pushl	%eax
	call	probe

	.balign	8
gdt:	.quad	0
	.quad	0x10CF9B000000FFFF	/* base 0x10000000 */
	.quad	0x10CF93000000FFFF
gdt_pointer:
	.word	gdt_pointer - gdt - 1
	.long	gdt - PROBE_BASE

	.section .data
	.globl	stack_end
	.balign	16
	.skip	4096
stack_end:

	.section .note.GNU-stack, "", @progbits
