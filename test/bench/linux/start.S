/*
 * Where the program starts on Linux, and how it enters Linux's kernel. Functions take their arguments on the stack.
 * Source: Linux, arch/x86/entry/entry_32.S, on where each argument of a call stands.
 */
#define CALL_EXIT 1
#define CALL_CLONE 120
#define CALL_SIGRETURN 173

	.text
	.globl _start
_start:
	movl	%esp, %eax
	xorl	%ebp, %ebp
	andl	$-16, %esp
	subl	$12, %esp
	pushl	%eax
	call	linux_main
	ud2

/* int linux_call(int number, ...): up to six arguments; the result, or a negated error. */
	.globl linux_call
linux_call:
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ebp
	movl	20(%esp), %eax
	movl	24(%esp), %ebx
	movl	28(%esp), %ecx
	movl	32(%esp), %edx
	movl	36(%esp), %esi
	movl	40(%esp), %edi
	movl	44(%esp), %ebp
	call	*linux_gate
	popl	%ebp
	popl	%edi
	popl	%esi
	popl	%ebx
	ret

/* The gate where the kernel offers none. */
	.globl linux_gate_int
linux_gate_int:
	int	$0x80
	ret

/*
 * int linux_clone(int flags, void *stack, void *(*run)(void *), void *argument, int *id): a thread or a process that calls
 * run on its own stack and ends with it. id: where its id is stored, and cleared at its end, if the flags say so.
 */
	.globl linux_clone
linux_clone:
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	16(%esp), %ebx
	movl	20(%esp), %ecx
	movl	24(%esp), %eax
	movl	28(%esp), %edx
	subl	$16, %ecx
	movl	%eax, (%ecx)
	movl	%edx, 4(%ecx)
	movl	32(%esp), %edx
	movl	%edx, %edi
	xorl	%esi, %esi
	movl	$CALL_CLONE, %eax
	int	$0x80
	testl	%eax, %eax
	jz	1f
	popl	%edi
	popl	%esi
	popl	%ebx
	ret
1:	popl	%eax
	call	*%eax
	xorl	%ebx, %ebx
	movl	$CALL_EXIT, %eax
	int	$0x80

/* Where a signal's handler returns to. */
	.globl linux_restorer
linux_restorer:
	movl	$CALL_SIGRETURN, %eax
	int	$0x80

	.section .note.GNU-stack, "", @progbits
