/*
 * Calls from the loader's 32-bit code to the BIOS, which runs in real mode.
 *
 * All of the loader's own memory lies below 64 KB, so that an address of it is an offset in segment 0.
 */
#ifndef FINCH_BOOT_BIOS_H
#define FINCH_BOOT_BIOS_H

#include <abi/types.h>

#define BIOS_CARRY 0x01 /* in flags: most functions say so that they failed */

struct bios_registers {
	uint32_t eax, ebx, ecx, edx, esi, edi;
	uint32_t flags; /* out only */
};

/*
 * Run the BIOS function behind an interrupt vector with these registers and ds = es = 0; *registers holds then what it
 * left in them. registers must lie below 64 KB (the stack does). Interrupts are served meanwhile, and off again after.
 */
void bios_call(unsigned vector, struct bios_registers *registers);

/* Halt for good, in real mode with interrupts on, so that the BIOS sees Ctrl-Alt-Del. */
void bios_halt(void) __attribute__((noreturn));

#endif
