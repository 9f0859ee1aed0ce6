/*
 * Ways into the kernel and out of it. C functions of the kernel take their arguments in eax, edx, ecx.
 *
 * Every way in builds a struct arch_frame on the kernel stack (from user mode: at its top) and loads the kernel's
 * segments and flags, whatever the program left in them. Every way out restores what stands there. An instruction on
 * the way out that faults, for a bad selector or address in the frame, makes that the program's exception: each such
 * place is listed for arch/i386/kern/trap.c.
 *
 * Source: Intel SDM vol. 3A, 6.12 (stack at an interrupt); vol. 2, SYSENTER and SYSEXIT.
 */
#include <arch/layout.h>
#include <arch/offsets.h>

#define T_SYSCALL 48

/* The vectors for which the processor pushes an error code, as bits. */
.set has_error, 0
#define ERR 1
#define NOERR 0
#define TRAP(name, number, text, code, privilege) .set has_error, has_error | code << number;
#include <abi/trap.def>

/* Save the program's (or the interrupted kernel's) registers below the vector number and load the kernel's. */
.macro SAVE_REGISTERS
	pushl	%ds
	pushl	%es
	pushal
	pushl	%fs
	pushl	$FL_MBS
	popfl
	movl	$GD_KD, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	$GD_CPU, %eax
	movl	%eax, %fs
.endm

/* See arch_trap_vm86. */
.macro REFUSE_VM86
	testl	$FL_VM, ARCH_FRAME_EFLAGS(%esp)
	jnz	from_vm86
.endm

.text
from_vm86:
	movl	%esp, %eax
	call	arch_trap_vm86
.balign 16
trap_common:
	SAVE_REGISTERS
	REFUSE_VM86
	movl	%esp, %eax
	call	arch_trap
.globl return_from_trap
return_from_trap:
.globl return_pop_fs, return_pop_es, return_pop_ds, return_iret
return_pop_fs:
	popl	%fs
	popal
return_pop_es:
	popl	%es
return_pop_ds:
	popl	%ds
	addl	$8, %esp
return_iret:
	iret

/* How many system calls there are. */
.set syscall_count, 0
#define SYSCALL0(number, ...) .set syscall_count, number + 1;
#define SYSCALL1 SYSCALL0
#define SYSCALL2 SYSCALL0
#define SYSCALL3 SYSCALL0
#define SYSCALL4 SYSCALL0
#define SYSCALL5 SYSCALL0
#define SYSCALL5F SYSCALL0
#include <abi/syscall.def>

/*
 * Do the system call that the frame at the stack pointer asks for; at `bad` a number that none has becomes that of the
 * table's last entry. What is to be done before user mode, if anything, is the business of syscall_attend.
 */
.macro SYSCALL_DISPATCH bad
	movl	ARCH_FRAME_EAX(%esp), %ecx
	cmpl	$syscall_count, %ecx
	jae	\bad
2:	leal	4(%esp), %eax
	call	*syscall_table(, %ecx, 4)
	movl	%eax, ARCH_FRAME_EAX(%esp)
	cmpl	$0, %fs:CPU_ATTENTION
	jne	syscall_attend
.endm

/* int $0x30 */
.balign 16
.globl syscall_by_int
syscall_by_int:
	pushl	$0
	pushl	$T_SYSCALL
	SAVE_REGISTERS
	REFUSE_VM86
	SYSCALL_DISPATCH 1f
	jmp	return_from_trap
1:	movl	$syscall_count, %ecx
	jmp	2b

/* A switch is the most frequent: it has no need of the rest. */
syscall_attend:
	cmpl	$ATTENTION_SWITCH, %fs:CPU_ATTENTION
	jne	1f
	movl	%fs:0, %eax
	call	sched_attend
	cmpl	$0, %fs:CPU_ATTENTION
	je	return_from_trap
1:	call	arch_syscall_attend
	jmp	return_from_trap

/*
 * sysenter: eax = number, edx ecx ebx edi = arguments, esi = where to return to, ebp = the stack pointer to return
 * with. The stack is this CPU's, empty. The program's flags are still loaded, but for IF and VM: with TF set there is a
 * debug trap before or after the first instruction, which arch_trap knows by its address.
 */
.balign 16
.globl syscall_by_sysenter, syscall_by_sysenter_stepped
syscall_by_sysenter:
	pushl	$(GD_UD | 3)
syscall_by_sysenter_stepped:
	pushl	%ebp
	pushfl
	orl	$FL_IF, (%esp)
	pushl	$(GD_UT | 3)
	pushl	%esi
	pushl	$CALL_BY_SYSENTER
	pushl	$T_SYSCALL
	SAVE_REGISTERS
	SYSCALL_DISPATCH 1f
	/* Here FL_TF is in no frame: see ATTEND_STEP and arch_env_save. With it sysexit would trap in the kernel. */
.globl return_fast_pop_fs, return_fast_pop_es, return_fast_pop_ds
return_fast_pop_fs:
	popl	%fs
	popal
return_fast_pop_es:
	popl	%es
return_fast_pop_ds:
	popl	%ds
	movl	8(%esp), %edx           /* eip */
	addl	$16, %esp
	andl	$~FL_IF, (%esp)
	popfl
	popl	%ecx                    /* esp */
	sti                             /* takes effect after the next instruction */
	sysexit
1:	movl	$syscall_count, %ecx
	jmp	2b

/* arch_resume(frame): leave the kernel with that frame, which is at the top of the stack. */
.globl arch_resume
arch_resume:
	movl	%eax, %esp
	jmp	return_from_trap

/* arch_enter_user(): empty the stack (eax: its top) and let arch_first_return choose whom to run. */
.globl arch_enter_user_on
arch_enter_user_on:
	leal	-ARCH_FRAME_SIZE(%eax), %esp
	xorl	%ebp, %ebp
	call	arch_first_return
	jmp	return_from_trap

/* arch_call_on_stack(top, function): go on in function, on another stack. */
.globl arch_call_on_stack
arch_call_on_stack:
	movl	%eax, %esp
	xorl	%ebp, %ebp
	pushl	$0
	jmp	*%edx

/* The double-fault task: it has no error code to pop and nothing to return to. */
.globl double_fault_task
double_fault_task:
	call	arch_double_fault
	jmp	arch_halt

/*
 * size_t arch_copy_user_raw(void *to, const void *from, size_t n): the bytes that could not be copied. The two copying
 * instructions may fault; the handler goes on at the label listed with them.
 */
.globl arch_copy_user_raw
arch_copy_user_raw:
	pushl	%esi
	pushl	%edi
	movl	%eax, %edi
	movl	%edx, %esi
	movl	%ecx, %edx
	andl	$3, %edx
	shrl	$2, %ecx
copy_words:
	rep movsl
	movl	%edx, %ecx
copy_bytes:
	rep movsb
	xorl	%eax, %eax
	popl	%edi
	popl	%esi
	ret
copy_words_fault:
	leal	(%edx,%ecx,4), %eax
	popl	%edi
	popl	%esi
	ret
copy_bytes_fault:
	movl	%ecx, %eax
	popl	%edi
	popl	%esi
	ret

.section .fixups, "a"
	.long	copy_words, copy_words_fault
	.long	copy_bytes, copy_bytes_fault

/* The entry points of all vectors, 16 bytes each, from trap_vectors on. */
#define VECTOR_SIZE 16
.text
.balign VECTOR_SIZE
.globl trap_vectors
trap_vectors:
.set vector, 0
.rept 256
	.balign VECTOR_SIZE
	.if (vector >= 32) || !(has_error >> (vector & 31) & 1)
	pushl	$0
	.endif
	pushl	$vector
	jmp	trap_common
	.set vector, vector + 1
.endr

.section .note.GNU-stack, "", @progbits
