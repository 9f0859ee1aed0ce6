/*
 * How a program on the i386 enters the kernel: number in eax, arguments in edx, ecx, ebx, edi, esi, result in eax.
 *
 * The trap itself is made by the gate that libos_gate points to: by int 0x30, or by sysenter where the CPU has it
 * (arch/i386/user/gate.S). Through a gate ecx, edx and esi are lost.
 */
#ifndef FINCH_ARCH_USERCALL_H
#define FINCH_ARCH_USERCALL_H

#include <abi/types.h>

/* The gate for calls with up to four arguments, and the one for five, which keeps esi. */
extern void (*libos_gate)(void);
extern void (*libos_gate5)(void);

/* Copy n bytes between places that do not overlap, by the widest moves that the CPU has. */
void libos_copy(void *to, const void *from, size_t n);

/* Choose the gates, and how to copy: sysenter if the CPU has it. Until then they are int 0x30. */
void libos_gate_choose(void);

/* The first word of what ENV_SET_TLS leads to. */
static inline void *arch_self(void)
{
	void *self;
	__asm__ volatile("movl %%gs:0, %0" : "=r"(self));
	return self;
}

static inline int32_t libos_call0(int number)
{
	int32_t result;
	__asm__ volatile("call *libos_gate" : "=a"(result) : "0"(number) : "ecx", "edx", "esi", "memory", "cc");
	return result;
}

static inline int32_t libos_call1(int number, uint32_t a)
{
	int32_t result;
	__asm__ volatile("call *libos_gate" : "=a"(result), "+d"(a) : "0"(number) : "ecx", "esi", "memory", "cc");
	return result;
}

static inline int32_t libos_call2(int number, uint32_t a, uint32_t b)
{
	int32_t result;
	__asm__ volatile("call *libos_gate" : "=a"(result), "+d"(a), "+c"(b) : "0"(number) : "esi", "memory", "cc");
	return result;
}

static inline int32_t libos_call3(int number, uint32_t a, uint32_t b, uint32_t c)
{
	int32_t result;
	__asm__ volatile("call *libos_gate"
			 : "=a"(result), "+d"(a), "+c"(b)
			 : "0"(number), "b"(c)
			 : "esi", "memory", "cc");
	return result;
}

static inline int32_t libos_call4(int number, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	int32_t result;
	__asm__ volatile("call *libos_gate"
			 : "=a"(result), "+d"(a), "+c"(b)
			 : "0"(number), "b"(c), "D"(d)
			 : "esi", "memory", "cc");
	return result;
}

static inline int32_t libos_call5(int number, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
	int32_t result;
	__asm__ volatile("call *libos_gate5"
			 : "=a"(result), "+d"(a), "+c"(b)
			 : "0"(number), "b"(c), "D"(d), "S"(e)
			 : "memory", "cc");
	return result;
}

#endif
