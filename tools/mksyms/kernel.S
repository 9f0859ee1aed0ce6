/*
 * The kernel's own table of functions, files and lines, linked into it on a second pass. SYMBOLS_FILE is what mksyms
 * made of the kernel as linked without this. No code moves between the two passes, since what holds the table stands
 * behind all code.
 */
	.section .symtab_packed, "a", @progbits
	.balign 4
	.globl symbols_start
symbols_start:
	.incbin SYMBOLS_FILE
	.globl symbols_end
symbols_end:
	.section .note.GNU-stack, "", @progbits
