/*
 * The handlers of the system calls, declared from abi/syscall.def, where each is described. They stand in kern/sys_*.c
 * by what they are about, and follow one order: decode and check everything (environment, address, permission, memory),
 * then change. What they leave to others is mechanism that the monitor, tests or faults need too.
 */
#ifndef FINCH_KERN_SYSCALL_H
#define FINCH_KERN_SYSCALL_H

#include <abi/error.h>
#include <abi/syscall.h>
#include <kern/arch.h>
#include <kern/user.h>

#define U(type) uaddr_t
#define SYSCALL0(number, name) int32_t sys_##name(void);
#define SYSCALL1(number, name, t0, a0) int32_t sys_##name(t0 a0);
#define SYSCALL2(number, name, t0, a0, t1, a1) int32_t sys_##name(t0 a0, t1 a1);
#define SYSCALL3(number, name, t0, a0, t1, a1, t2, a2) int32_t sys_##name(t0 a0, t1 a1, t2 a2);
#define SYSCALL4(number, name, t0, a0, t1, a1, t2, a2, t3, a3) int32_t sys_##name(t0 a0, t1 a1, t2 a2, t3 a3);
#define SYSCALL5(number, name, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4)                                           \
	int32_t sys_##name(t0 a0, t1 a1, t2 a2, t3 a3, t4 a4);
#define SYSCALL5F(number, name, ...) int32_t sys_##name(const struct Trapframe *tf);
#include <abi/syscall.def>
#undef U
#undef SYSCALL0
#undef SYSCALL1
#undef SYSCALL2
#undef SYSCALL3
#undef SYSCALL4
#undef SYSCALL5
#undef SYSCALL5F

/* Are the low bits of a permission word within what programs may ask for? */
static inline bool perm_valid(uint32_t perm)
{
	uint32_t bits = perm & (PGSIZE - 1);

	return (bits & (PTE_P | PTE_U)) == (PTE_P | PTE_U) && !(bits & ~PTE_SYSCALL);
}

/*
 * What the entry code calls, by number; the last is for all numbers that no call has: the handlers, or something that
 * does what is to be done round all of them.
 */
extern int32_t (*syscall_table[NSYSCALLS + 1])(const struct Trapframe *);
/* Fill it. in_full: for the big lock, or the event ring. */
void syscall_choose(bool in_full);

/*
 * Do the system call that tf asks for; returns its result. A call that blocks leaves a frame behind that nobody returns
 * to: its result does no harm there.
 */
int32_t syscall_dispatch(const struct Trapframe *tf);

#endif
