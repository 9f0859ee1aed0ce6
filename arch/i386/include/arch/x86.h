/* Single i386 instructions as functions. Source for each: Intel SDM vol. 2, under its name. */
#ifndef FINCH_ARCH_X86_H
#define FINCH_ARCH_X86_H

#include <abi/types.h>

static inline void breakpoint(void)
{
	__asm__ volatile("int3");
}

static inline uint8_t inb(int port)
{
	uint8_t value;
	__asm__ volatile("inb %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint16_t inw(int port)
{
	uint16_t value;
	__asm__ volatile("inw %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint32_t inl(int port)
{
	uint32_t value;
	__asm__ volatile("inl %w1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void insb(int port, void *to, int count)
{
	__asm__ volatile("cld; rep insb" : "+D"(to), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void insw(int port, void *to, int count)
{
	__asm__ volatile("cld; rep insw" : "+D"(to), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void insl(int port, void *to, int count)
{
	__asm__ volatile("cld; rep insl" : "+D"(to), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void outb(int port, uint8_t value)
{
	__asm__ volatile("outb %0, %w1" : : "a"(value), "Nd"(port));
}

static inline void outw(int port, uint16_t value)
{
	__asm__ volatile("outw %0, %w1" : : "a"(value), "Nd"(port));
}

static inline void outl(int port, uint32_t value)
{
	__asm__ volatile("outl %0, %w1" : : "a"(value), "Nd"(port));
}

static inline void outsb(int port, const void *from, int count)
{
	__asm__ volatile("cld; rep outsb" : "+S"(from), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void outsw(int port, const void *from, int count)
{
	__asm__ volatile("cld; rep outsw" : "+S"(from), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void outsl(int port, const void *from, int count)
{
	__asm__ volatile("cld; rep outsl" : "+S"(from), "+c"(count) : "d"(port) : "memory", "cc");
}

static inline void invlpg(void *va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

#define FINCH_CONTROL_REGISTER_READ(name)                                                                        \
	static inline uint32_t r##name(void)                                                                     \
	{                                                                                                        \
		uint32_t value;                                                                                  \
		__asm__ volatile("movl %%" #name ", %0" : "=r"(value) : : "memory");                             \
		return value;                                                                                    \
	}
#define FINCH_CONTROL_REGISTER_WRITE(name)                                                                       \
	static inline void l##name(uint32_t value)                                                               \
	{                                                                                                        \
		__asm__ volatile("movl %0, %%" #name : : "r"(value) : "memory");                                 \
	}
FINCH_CONTROL_REGISTER_READ(cr0)
FINCH_CONTROL_REGISTER_WRITE(cr0)
FINCH_CONTROL_REGISTER_READ(cr2)
FINCH_CONTROL_REGISTER_READ(cr3)
FINCH_CONTROL_REGISTER_WRITE(cr3)
FINCH_CONTROL_REGISTER_READ(cr4)
FINCH_CONTROL_REGISTER_WRITE(cr4)
#undef FINCH_CONTROL_REGISTER_READ
#undef FINCH_CONTROL_REGISTER_WRITE

static inline uint32_t read_eflags(void)
{
	uint32_t flags;
	__asm__ volatile("pushfl; popl %0" : "=r"(flags));
	return flags;
}

static inline void write_eflags(uint32_t flags)
{
	__asm__ volatile("pushl %0; popfl" : : "r"(flags) : "memory", "cc");
}

/* Always inlined: the frame pointer and stack pointer of the caller. */
static inline __attribute__((always_inline)) uint32_t read_ebp(void)
{
	uint32_t value;
	__asm__ volatile("movl %%ebp, %0" : "=r"(value));
	return value;
}

static inline __attribute__((always_inline)) uint32_t read_esp(void)
{
	uint32_t value;
	__asm__ volatile("movl %%esp, %0" : "=r"(value));
	return value;
}

/* Any of the four results may be NULL. */
static inline void cpuid(uint32_t leaf, uint32_t *eax, uint32_t *ebx, uint32_t *ecx, uint32_t *edx)
{
	uint32_t a = leaf, b, c = 0, d;
	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (eax)
		*eax = a;
	if (ebx)
		*ebx = b;
	if (ecx)
		*ecx = c;
	if (edx)
		*edx = d;
}

static inline uint64_t read_tsc(void)
{
	uint64_t ticks;
	__asm__ volatile("rdtsc" : "=A"(ticks));
	return ticks;
}

/* Store value at *to and return what stood there, at once for all CPUs. */
static inline uint32_t xchg(volatile uint32_t *to, uint32_t value)
{
	__asm__ volatile("lock; xchgl %0, %1" : "+m"(*to), "+r"(value) : : "memory");
	return value;
}

#endif
