/*
 * Single words of user memory, in line, for the fast paths of this architecture. The address lies below UTOP: the
 * caller has checked. Each access stands between user_window_open and user_window_close.
 */
#ifndef FINCH_I386_USERWORD_H
#define FINCH_I386_USERWORD_H

#include <abi/types.h>
#include <arch/features.h>

static inline void user_window_open(void)
{
	if (features.smap)
		__asm__ volatile(".byte 0x0F, 0x01, 0xCB" : : : "memory"); /* stac */
}

static inline void user_window_close(void)
{
	if (features.smap)
		__asm__ volatile(".byte 0x0F, 0x01, 0xCA" : : : "memory"); /* clac */
}

/* An instruction that may fault, and where to go on then: see trap.c. */
#define MAY_FAULT(instruction)                                                                                   \
	"1: " instruction "\n\t"                                                                                 \
	".pushsection .fixups, \"a\"\n\t"                                                                        \
	".long 1b, %l[fault]\n\t"                                                                               \
	".popsection"

/* Store a word. False: it cannot be written. */
static inline bool user_put(uintptr_t at, uint32_t value)
{
	__asm__ goto(MAY_FAULT("movl %1, (%0)") : : "r"(at), "ri"(value) : "memory" : fault);
	return true;
fault:
	return false;
}

/* Fetch a word. False: it cannot be read. */
static inline bool user_get(uintptr_t at, uint32_t *value)
{
	uint32_t word;

	__asm__ goto(MAY_FAULT("movl (%0), %%eax\n\tmovl %%eax, (%1)") : : "r"(at), "r"(&word) : "memory", "eax" : fault);
	*value = word;
	return true;
fault:
	return false;
}

/* Can the byte be read? */
static inline bool user_touch(uintptr_t at)
{
	__asm__ goto(MAY_FAULT("testb $0, (%0)") : : "r"(at) : "memory", "cc" : fault);
	return true;
fault:
	return false;
}

#undef MAY_FAULT

#endif
