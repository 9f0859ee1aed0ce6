/*
 * The loader's first instructions and its last.
 *
 * loader_start: entered by the boot block in real mode, all segments 0, the drive's number in %dl. Sees that the CPU
 * is an 80386 at least, goes to 32-bit protected mode and calls loader_main(drive).
 * loader_leave: enters the kernel in the state that the Multiboot Specification 0.6.96, section 3.2, asks for.
 *
 * Sources: Intel SDM vol. 3A, 3.4.5 (segment descriptors), 9.9 (switching modes); for telling the CPU, vol. 1, 21.1.2
 * (FLAGS bits 12 to 15 on the 8086 and the 80286).
 */
#include "disk.h"
#include "segments.h"

	.section .start, "ax"
	.code16
	.arch	i8086
	.globl	loader_start
loader_start:
	/* The 8086 keeps the top four flags at 1, the 80286 in real mode at 0. */
	xorw	%ax, %ax
	pushw	%ax
	popfw
	pushfw
	popw	%ax
	andw	$0xF000, %ax
	cmpw	$0xF000, %ax
	je	too_old
	movw	$0x7000, %ax
	pushw	%ax
	popfw
	pushfw
	popw	%ax
	testw	$0x7000, %ax
	jz	too_old

	.arch	i386
	cli
	lgdtl	gdt_pointer
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$SEL_CODE32, $protected

	.arch	i8086
too_old:
	movw	$too_old_text, %si
	movw	$BOOT_BLOCK_FAIL, %ax
	jmp	*%ax

	.arch	i386
	.code32
protected:
	movw	$SEL_DATA32, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	movl	$BOOT_BLOCK, %esp
	pushl	$0			/* no flag from before survives */
	popfl
	movzbl	%dl, %edx
	movl	$bss_start, %edi
	movl	$bss_end, %ecx
	subl	%edi, %ecx
	xorl	%eax, %eax
	rep stosb
	pushl	%edx
	call	loader_main

	.text
	.globl	loader_leave
/* void loader_leave(uint32_t entry, uint32_t magic, const struct multiboot_info *info) */
loader_leave:
	movl	4(%esp), %edx
	movl	8(%esp), %eax
	movl	12(%esp), %ebx
	jmp	*%edx

	.section .rodata
too_old_text:
	.asciz	"this CPU is older than the 80386"

	.balign	8
	.globl	gdt_pointer
	/* Base 0; code32 and data32 reach 4 GB, code16 and data16 64 KB. In the order of segments.h. */
gdt:	.quad	0
	.quad	0x00CF9B000000FFFF
	.quad	0x00CF93000000FFFF
	.quad	0x00009B000000FFFF
	.quad	0x000093000000FFFF
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt

	.section .note.GNU-stack, "", @progbits
