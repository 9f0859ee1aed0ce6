/*
 * For programs: the system calls that <inc/lib.h> does not have. <abi/syscall.def> is the manual.
 *
 * From that list stand here libos_sys_NAME for every call with its plain arguments, and sys_NAME for what is new. The
 * range forms take a count of pages, 1 to 2^20 - 1, and return how many were done, possibly fewer than asked for, or an
 * error if none was.
 */
#ifndef FINCH_SYSCALL_H
#define FINCH_SYSCALL_H

#include <abi/env.h>
#include <abi/state.h>
#include <abi/syscall.h>
#include <arch/mmu.h>
#include <arch/usercall.h>

#define U(type) type
#define SYSCALL0(number, name)                                                                                   \
	static inline int32_t libos_sys_##name(void)                                                             \
	{                                                                                                        \
		return libos_call0(number);                                                                      \
	}
#define SYSCALL1(number, name, ta, a)                                                                            \
	static inline int32_t libos_sys_##name(ta a)                                                             \
	{                                                                                                        \
		return libos_call1(number, (uint32_t)a);                                                         \
	}
#define SYSCALL2(number, name, ta, a, tb, b)                                                                     \
	static inline int32_t libos_sys_##name(ta a, tb b)                                                       \
	{                                                                                                        \
		return libos_call2(number, (uint32_t)a, (uint32_t)b);                                            \
	}
#define SYSCALL3(number, name, ta, a, tb, b, tc, c)                                                              \
	static inline int32_t libos_sys_##name(ta a, tb b, tc c)                                                 \
	{                                                                                                        \
		return libos_call3(number, (uint32_t)a, (uint32_t)b, (uint32_t)c);                               \
	}
#define SYSCALL4(number, name, ta, a, tb, b, tc, c, td, d)                                                       \
	static inline int32_t libos_sys_##name(ta a, tb b, tc c, td d)                                           \
	{                                                                                                        \
		return libos_call4(number, (uint32_t)a, (uint32_t)b, (uint32_t)c, (uint32_t)d);                  \
	}
#define SYSCALL5(number, name, ta, a, tb, b, tc, c, td, d, te, e)                                                \
	static inline int32_t libos_sys_##name(ta a, tb b, tc c, td d, te e)                                     \
	{                                                                                                        \
		return libos_call5(number, (uint32_t)a, (uint32_t)b, (uint32_t)c, (uint32_t)d, (uint32_t)e);     \
	}
#define SYSCALL5F SYSCALL5
#include <abi/syscall.def>
#undef SYSCALL0
#undef SYSCALL1
#undef SYSCALL2
#undef SYSCALL3
#undef SYSCALL4
#undef SYSCALL5
#undef SYSCALL5F
#undef U

static inline __attribute__((noreturn)) void sys_env_exit(int status)
{
	libos_sys_env_exit(status);
	__builtin_unreachable();
}

static inline __attribute__((noreturn)) void sys_space_exit(int status)
{
	libos_sys_space_exit(status);
	__builtin_unreachable();
}

static inline envid_t sys_env_thread(uintptr_t ip, uintptr_t sp)
{
	return libos_sys_env_thread(ip, sp);
}

static inline int sys_env_wait(envid_t envid, int *status)
{
	return libos_sys_env_wait(envid, status);
}

static inline int sys_console_wait(uint32_t timeout)
{
	return libos_sys_console_wait(timeout);
}

static inline int sys_env_set_label(envid_t envid, const char *label)
{
	return libos_sys_env_set_label(envid, label);
}

static inline int sys_env_set(envid_t envid, int what, uintptr_t value)
{
	return libos_sys_env_set(envid, what, value);
}

/* See <finch/spawn.h> and <finch/budget.h>. */
static inline int32_t sys_budget_create(envid_t envid, int32_t below, uint32_t pages, uint32_t envs)
{
	return libos_sys_budget_create(envid, below, pages, envs);
}

static inline int sys_budget_end(int32_t budget)
{
	return libos_sys_budget_end(budget);
}

static inline int sys_machine(int what)
{
	return libos_sys_machine(what);
}

static inline int sys_info(int what, uint32_t index, void *buf, size_t size)
{
	return libos_sys_info(what, index, buf, size);
}

/* Sleeps until the receiver takes it, or for so many milliseconds; see ipc_send of <inc/lib.h>, and <finch/ipc.h>. */
static inline int sys_ipc_send(envid_t envid, uint32_t value, void *srcva, int perm, uint32_t timeout)
{
	return libos_sys_ipc_send(envid, value, (uintptr_t)srcva, (uint32_t)perm, timeout);
}

/* Only under the boot word `test`: <abi/test.h>. */
static inline int sys_test(int op, uintptr_t arg, const char *text, size_t len)
{
	return libos_sys_test(op, arg, text, len);
}

static inline int sys_page_protect(envid_t envid, void *va, int perm)
{
	return libos_sys_page_protect(envid, (uintptr_t)va, (uint32_t)perm);
}

/* One superpage at va, a multiple of PTSIZE. */
static inline int sys_page_alloc_large(envid_t envid, void *va, int perm)
{
	return libos_sys_page_alloc_large(envid, (uintptr_t)va, (uint32_t)perm);
}

/* pte: what page_entry of <finch/memory.h> says of va. 1: it says something else by now. */
static inline int sys_page_replace(void *va, pte_t pte, int perm)
{
	return libos_sys_page_replace((uintptr_t)va, pte, (uint32_t)perm);
}

/* what: STATE_ of <abi/state.h>. Returns the full size of that part. */
static inline int sys_env_state_get(envid_t envid, int what, void *buf, size_t size)
{
	return libos_sys_env_state_get(envid, what, buf, size);
}

static inline int sys_env_state_set(envid_t envid, int what, const void *buf, size_t size)
{
	return libos_sys_env_state_set(envid, what, buf, size);
}

/* Up to count records of what is mapped from va on. Returns how many. */
static inline int sys_page_list(envid_t envid, uintptr_t va, struct page_record *records, uint32_t count)
{
	return libos_sys_page_list(envid, va, records, count);
}

/* --- Range forms. --- */

static inline uint32_t libos_range(int perm, size_t count)
{
	return (uint32_t)perm | (uint32_t)count << PERM_COUNT_SHIFT;
}

static inline int sys_page_alloc_range(envid_t envid, void *va, int perm, size_t count)
{
	return libos_sys_page_alloc(envid, (uintptr_t)va, libos_range(perm, count));
}

/* count: of superpages. */
static inline int sys_page_alloc_large_range(envid_t envid, void *va, int perm, size_t count)
{
	return libos_sys_page_alloc_large(envid, (uintptr_t)va, libos_range(perm, count));
}

static inline int sys_page_map_range(envid_t srcenv, const void *srcva, envid_t dstenv, void *dstva, int perm,
				     size_t count)
{
	return libos_sys_page_map(srcenv, (uintptr_t)srcva, dstenv, (uintptr_t)dstva, libos_range(perm, count));
}

static inline int sys_page_unmap_range(envid_t envid, void *va, size_t count)
{
	return libos_sys_page_unmap(envid, (uintptr_t)va, libos_range(0, count));
}

static inline int sys_page_protect_range(envid_t envid, void *va, int perm, size_t count)
{
	return libos_sys_page_protect(envid, (uintptr_t)va, libos_range(perm, count));
}

/* Pages with any of the bits `only` (0: all); those with any of `keep` as they are; what may be written gets `mark`. */
static inline int sys_page_copy_range(envid_t dstenv, void *va, int only, int keep, int mark, size_t count)
{
	return libos_sys_page_copy(dstenv, (uintptr_t)va, libos_range(mark, count), libos_range(keep, (size_t)only));
}

/* The same from the pages of srcenv. */
static inline int sys_page_copy_from_range(envid_t srcenv, envid_t dstenv, uintptr_t va, int only, int keep, int mark,
					   size_t count)
{
	return libos_sys_page_copy_from(srcenv, dstenv, va, libos_range(mark, count), libos_range(keep, (size_t)only));
}

#endif
