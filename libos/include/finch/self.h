/*
 * What each environment of a program has for itself, even where it shares its address space: a block that gs leads to
 * (ENV_SET_TLS). Programs use it as thisenv; <finch/thread.h> has the rest.
 *
 * The first environment's block is static, in the program's image; a thread's is at the top of its stack.
 */
#ifndef FINCH_SELF_H
#define FINCH_SELF_H

#include <abi/env.h>
#include <arch/usercall.h>

/* One who waits for a mutex or a condition variable. */
struct libos_waiter {
	struct libos_waiter *next;
	envid_t envid;
	uint32_t woken;
};

struct libos_self {
	struct libos_self *self; /* first: what gs:0 says */
	const volatile struct Env *env;
	struct libos_waiter mutex_waiter;
	struct libos_waiter cond_waiter;
	envid_t told_ends; /* this environment's id if the kernel unparks it at the end of others */
};

/* Of the environment that the kernel started or exofork made. */
extern struct libos_self libos_main_self;

/* Of the environment that stands for the program: the first in its address space. */
extern struct libos_self *libos_first;

/* Read anew at each use: after a fork it is another one, or the same in another environment. */
static inline struct libos_self *libos_self(void)
{
	return (struct libos_self *)arch_self();
}

static inline const volatile struct Env **libos_thisenv(void)
{
	return &libos_self()->env;
}

/* The record of this environment; can be assigned to, and declared again. */
#define thisenv (*libos_thisenv())

#endif
