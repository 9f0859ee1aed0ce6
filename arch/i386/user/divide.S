/*
 * libos_divide_by_zero: where code that clang compiled goes in place of a division by zero. clang would leave the
 * division out; programs rely on the processor's exception.
 */
	.text
	.globl	libos_divide_by_zero
	.type	libos_divide_by_zero, @function
libos_divide_by_zero:
	aam	$0	/* divides by its operand, and changes no register before that (Intel SDM vol. 2, AAM) */
	ret
	.size	libos_divide_by_zero, . - libos_divide_by_zero
	.section .note.GNU-stack, "", @progbits
