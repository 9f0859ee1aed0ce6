/*
 * The kernel's own table of functions, files and lines, linked into it on a second pass. SYMBOLS_FILE is what mksyms
 * made of the kernel as linked without this. No code moves between the two passes, since the linker script puts the
 * table behind all code.
 */
	.section .symtab_packed, "a", @progbits
	.balign 4
	.incbin SYMBOLS_FILE
	.section .note.GNU-stack, "", @progbits
