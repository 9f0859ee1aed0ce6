/*
 * The kernel's first instructions, on the boot CPU and on all others.
 *
 * The boot loader leaves the boot CPU in protected mode without paging (multiboot specification 0.6.96, section 3.2).
 * The first 8 MB of physical memory are mapped twice, at 0 and at KERNBASE, until the C code has made better tables.
 */
#include <arch/layout.h>

#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 3 /* modules on pages; tell about memory */
#define BOOT_STACK_SIZE 8192

.section .multiboot, "ax"
.balign 4
	.long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

.text
/* eax: the loader's magic; ebx: physical address of what it tells. */
.globl start
start:
	cli
	cld
	movl	$(boot_stack_end - KERNBASE), %esp
	pushl	%ebx
	pushl	%eax

	/* Two page tables with 2,048 entries in a row: physical memory from 0. */
	movl	$(boot_tables - KERNBASE), %edi
	movl	$(PTE_P | PTE_W), %eax
	movl	$(2 * NPTENTRIES), %ecx
1:	movl	%eax, (%edi)
	addl	$PGSIZE, %eax
	addl	$4, %edi
	loop	1b

	movl	$(boot_directory - KERNBASE), %edi
	movl	$(boot_tables - KERNBASE + PTE_P + PTE_W), %eax
	movl	%eax, (%edi)
	movl	%eax, (KERNBASE >> PDXSHIFT) * 4(%edi)
	addl	$PGSIZE, %eax
	movl	%eax, 4(%edi)
	movl	%eax, (KERNBASE >> PDXSHIFT) * 4 + 4(%edi)
	movl	%edi, %cr3
	movl	%cr0, %eax
	orl	$(CR0_PG | CR0_WP), %eax
	movl	%eax, %cr0
	movl	$1f, %eax
	jmp	*%eax
1:	popl	%eax
	popl	%ebx
	movl	$boot_stack_end, %esp
	lgdt	boot_gdt_pointer
	ljmp	$GD_KT, $1f
1:	movl	$GD_KD, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	movl	%ecx, %ss
	xorl	%ecx, %ecx
	movl	%ecx, %fs
	movl	%ecx, %gs
	xorl	%ebp, %ebp
	movl	%ebx, %edx
	call	arch_main
	jmp	arch_halt

/*
 * Where another CPU starts: copied to a low page, entered in real mode with cs = page / 16. Runs nowhere but there, so
 * it names only addresses relative to its own start, and absolute ones of the kernel.
 */
.globl trampoline, trampoline_end
.code16
trampoline:
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	(trampoline_gdt_pointer - trampoline)
	movl	%cr0, %eax
	orl	$CR0_PE, %eax
	movl	%eax, %cr0
	ljmpl	$GD_KT, $(trampoline_protected - KERNBASE)
.balign 4
trampoline_gdt_pointer:
	.word	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt - KERNBASE
trampoline_end:
.code32

/* Protected mode, no paging yet: still at the physical address. */
trampoline_protected:
	movl	$GD_KD, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$(boot_directory - KERNBASE), %eax
	movl	%eax, %cr3
	movl	%cr0, %eax
	andl	$~(CR0_CD | CR0_NW), %eax
	orl	$(CR0_PG | CR0_WP), %eax
	movl	%eax, %cr0
	movl	$1f, %eax
	jmp	*%eax
	/* At the kernel's address: take its page tables and the stack that is ready for this CPU. */
1:	movl	secondary_cr4, %eax
	testl	%eax, %eax
	jz	2f
	movl	%eax, %cr4
2:	movl	secondary_cr3, %eax
	movl	%eax, %cr3
	movl	secondary_stack, %esp
	xorl	%ebp, %ebp
	movl	secondary_cpu, %eax
	call	arch_secondary
	jmp	arch_halt

.section .rodata
.balign 8
boot_gdt:
	.quad	0
	.quad	0x00CF9A000000FFFF /* GD_KT: code, all of memory */
	.quad	0x00CF92000000FFFF /* GD_KD: data */
boot_gdt_end:
.globl boot_gdt_pointer
boot_gdt_pointer:
	.word	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt

.section .bss.pages, "aw", @nobits
.balign PGSIZE
.globl boot_directory
boot_directory:
	.skip	PGSIZE
boot_tables:
	.skip	2 * PGSIZE
boot_stack:
	.skip	BOOT_STACK_SIZE
.globl boot_stack_end
boot_stack_end:

.section .note.GNU-stack, "", @progbits
