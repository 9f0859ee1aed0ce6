/*
 * The gates into the kernel: eax = call number, edx, ecx, ebx, edi, esi = arguments; eax = result.
 *
 * The kernel's convention for sysenter: ebp = the stack pointer to return with, esi = the address to return to, which
 * must be the one right after the sysenter, the fifth argument at (%ebp). ecx and edx are lost, all else is kept. In
 * the gate for up to four arguments the word at (%ebp) is the caller's ebp and the one above it the return address, so
 * that the kernel's backtrace of a program that sleeps in a call sees an ordinary frame.
 */
	.text

	.globl libos_gate_int
libos_gate_int:
	int $0x30
	ret

	.globl libos_gate_sysenter
libos_gate_sysenter:
	pushl %ebp
	movl %esp, %ebp
	movl $1f, %esi
	sysenter
1:	popl %ebp
	ret

	.globl libos_gate5_sysenter
libos_gate5_sysenter:
	pushl %ebp
	pushl %esi
	movl %esp, %ebp
	movl $1f, %esi
	sysenter
1:	popl %esi
	popl %ebp
	ret

	.data
	.p2align 2
	.globl libos_gate, libos_gate5
libos_gate:
	.long libos_gate_int
libos_gate5:
	.long libos_gate_int

	.section .note.GNU-stack, "", @progbits
