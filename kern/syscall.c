/* The system-call table, made from abi/syscall.def: each handler gets its arguments by name and type. */
#include <abi/error.h>
#include <abi/syscall.h>
#include <kern/cpu.h>
#include <kern/syscall.h>
#include <kern/trace.h>
#include <kern/trap.h>

/* A word that a program gave, as the type of the argument. */
#define ARG(type, n) (((union { uintptr_t word; type value; }){ .word = arch_call_argument(tf, n) }).value)
#define U(type) uaddr_t

#define CALL(name, ...)                                                                                          \
	static int32_t call_##name(const struct Trapframe *tf)                                                   \
	{                                                                                                        \
		(void)tf;                                                                                        \
		return sys_##name(__VA_ARGS__);                                                                  \
	}
#define SYSCALL0(number, name) CALL(name)
#define SYSCALL1(number, name, t0, a0) CALL(name, ARG(t0, 0))
#define SYSCALL2(number, name, t0, a0, t1, a1) CALL(name, ARG(t0, 0), ARG(t1, 1))
#define SYSCALL3(number, name, t0, a0, t1, a1, t2, a2) CALL(name, ARG(t0, 0), ARG(t1, 1), ARG(t2, 2))
#define SYSCALL4(number, name, t0, a0, t1, a1, t2, a2, t3, a3)                                                   \
	CALL(name, ARG(t0, 0), ARG(t1, 1), ARG(t2, 2), ARG(t3, 3))
#define SYSCALL5(number, name, t0, a0, t1, a1, t2, a2, t3, a3, t4, a4)                                           \
	CALL(name, ARG(t0, 0), ARG(t1, 1), ARG(t2, 2), ARG(t3, 3), ARG(t4, 4))
#define SYSCALL5F(number, name, ...) CALL(name, tf)
#include <abi/syscall.def>
#undef SYSCALL0
#undef SYSCALL1
#undef SYSCALL2
#undef SYSCALL3
#undef SYSCALL4
#undef SYSCALL5
#undef SYSCALL5F

#define SYSCALL0(number, name, ...) +1
#define SYSCALL1 SYSCALL0
#define SYSCALL2 SYSCALL0
#define SYSCALL3 SYSCALL0
#define SYSCALL4 SYSCALL0
#define SYSCALL5 SYSCALL0
#define SYSCALL5F SYSCALL0
static_assert(0
#include <abi/syscall.def>
	      == NSYSCALLS, "each number up to the last has its call");
#undef SYSCALL0

/* For a number that no call has. */
static int32_t call_none(const struct Trapframe *tf)
{
	(void)tf;
	return -E_NOSYS;
}

#define SYSCALL0(number, name, ...) [number] = call_##name,
static int32_t (*const handlers[NSYSCALLS + 1])(const struct Trapframe *) = {
#include <abi/syscall.def>
	[NSYSCALLS] = call_none,
};

int32_t (*syscall_table[NSYSCALLS + 1])(const struct Trapframe *);

static inline int32_t dispatch(const struct Trapframe *tf)
{
	return handlers[MIN(arch_call_number(tf), (uint32_t)NSYSCALLS)](tf);
}

int32_t syscall_dispatch(const struct Trapframe *tf)
{
	return dispatch(tf);
}

/* Any call, with what is not its own: the big lock and the event ring. */
static int32_t call_in_full(const struct Trapframe *tf)
{
	big_lock_enter();
	int32_t result = unlikely(trace_kinds) ? trace_syscall(tf) : dispatch(tf);
	if (this_cpu()->attention)
		arch_end_call(result); /* where the lock is left at the end */
	big_lock_leave();
	return result;
}

void syscall_choose(bool in_full)
{
	for (unsigned i = 0; i <= NSYSCALLS; i++)
		__atomic_store_n(&syscall_table[i], in_full ? call_in_full : handlers[i], __ATOMIC_RELAXED);
}
