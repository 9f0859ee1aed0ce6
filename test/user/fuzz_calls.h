/*
 * For fuzz.c: every system call of abi/syscall.def with the types and names of its arguments, and arguments for them,
 * random and biased to what is likely to be treated wrongly. A new call is in by being in that list.
 */
#ifndef TEST_FUZZ_CALLS_H
#define TEST_FUZZ_CALLS_H

#include <abi/rights.h>
#include <abi/state.h>
#include <abi/trace.h>

#include "check.h"

#define CALL_ARGS 5
#define AREA 0x10000000 /* where most addresses are: two page tables' worth of the first pages */
#define DEVICES (AREA + 2 * PTSIZE) /* for device memory: QEMU ends where code is run in that */
#define SLOTS 128       /* in which all environments are */
/* All but what would end the machine: threads that share a stack mix up the arguments that were looked at before a call. */
#define RIGHTS (RIGHTS_ALL & ~(uint32_t)RIGHT_POWER)

struct call {
	uint32_t number;
	const char *name;
	uint32_t count; /* of arguments */
	const char *types[CALL_ARGS], *names[CALL_ARGS];
};

#define SYSCALL0(number, name) { number, #name, 0, { 0 }, { 0 } },
#define SYSCALL1(number, name, ta, a) { number, #name, 1, { #ta }, { #a } },
#define SYSCALL2(number, name, ta, a, tb, b) { number, #name, 2, { #ta, #tb }, { #a, #b } },
#define SYSCALL3(number, name, ta, a, tb, b, tc, c) { number, #name, 3, { #ta, #tb, #tc }, { #a, #b, #c } },
#define SYSCALL4(number, name, ta, a, tb, b, tc, c, td, d)                                                       \
	{ number, #name, 4, { #ta, #tb, #tc, #td }, { #a, #b, #c, #d } },
#define SYSCALL5(number, name, ta, a, tb, b, tc, c, td, d, te, e)                                                \
	{ number, #name, 5, { #ta, #tb, #tc, #td, #te }, { #a, #b, #c, #d, #e } },
#define SYSCALL5F SYSCALL5
static const struct call calls[] = {
#include <abi/syscall.def>
};
#undef SYSCALL0
#undef SYSCALL1
#undef SYSCALL2
#undef SYSCALL3
#undef SYSCALL4
#undef SYSCALL5
#undef SYSCALL5F

/* --- Numbers: one stream an environment, from which all that it does follows --- */

static uint32_t stream;

static uint32_t any(void)
{
	stream ^= stream << 13;
	stream ^= stream >> 17;
	stream ^= stream << 5;
	return stream;
}

static uint32_t below(uint32_t n)
{
	return (any() >> 8) % n;
}

static bool one_in(uint32_t n)
{
	return below(n) == 0;
}

#define PICK(array) ((array)[below(ARRAY_SIZE(array))])

/* --- Arguments by kind --- */

static uint32_t any_number(void)
{
	static const uint32_t edges[] = { 0, 1, 2, 3, 4, 5, 16, 64, 4095, 4096, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF };

	return one_in(4) ? any() >> below(32) : PICK(edges);
}

/* A child of this environment, if it has one. */
static envid_t any_child(void)
{
	envid_t self = sys_getenvid();
	uint32_t from = below(SLOTS);

	for (uint32_t i = 0; i < SLOTS; i++) {
		const volatile struct Env *env = &envs[(from + i) % SLOTS];
		if (env->env_status != ENV_FREE && env->env_parent_id == self)
			return env->env_id;
	}
	return 0;
}

static envid_t any_env(void)
{
	envid_t somebody = envs[below(SLOTS)].env_id; /* alive or not */

	switch (below(16)) {
	case 0:
		return somebody + NENV; /* of another generation */
	case 1:
		return somebody - NENV;
	case 2:
		return somebody | 0x80000000;
	case 3:
		return one_in(2) ? (envid_t)any() : ENVX(somebody);
	case 4:
		return sys_getenvid();
	case 5:
		return thisenv->env_parent_id;
	case 6:
	case 7:
		return somebody;
	case 8 ... 12:
		return 0;
	}
	return any_child();
}

static uintptr_t any_address(void)
{
	static const uintptr_t edges[] = {
		0, PGSIZE, (uintptr_t)UTEMP, UTEXT - PGSIZE, USTACKTOP, UXSTACKTOP - PGSIZE, UTOP - 2 * PTSIZE, UTOP - PGSIZE,
		UTOP, UTOP + PGSIZE, UPAGES, UVPT, UVPT + (UVPT >> 10), ULIM, KERNBASE - PGSIZE, KERNBASE, KERNBASE + 0x100000,
		0xFFFFF000, 0x80000000, UARCHIVE, UARCHIVE + PGSIZE,
	};
	uintptr_t at;

	switch (below(10)) {
	case 0:
		at = any();
		break;
	case 1:
	case 2:
		at = PICK(edges);
		break;
	case 3: /* what this program consists of: seldom, or it would not live long */
		at = one_in(32) ? UTEXT + below(24) * PGSIZE : one_in(16) ? USTACKTOP - PGSIZE : AREA + PTSIZE;
		break;
	default:
		at = AREA + (one_in(4) ? PTSIZE - 8 * PGSIZE : 0) + below(16) * PGSIZE;
	}
	if (one_in(12))
		at += below(3) - 1u;
	return one_in(12) ? at ^ 1u << below(32) : at;
}

static uint32_t any_perm(void)
{
	uint32_t count = one_in(2) ? 0 : one_in(16) ? any() >> below(32) : below(80);
	uint32_t perm = one_in(2) ? RW : RO;

	if (one_in(6))
		perm |= any() & PTE_AVAIL;
	if (one_in(16))
		perm = any() % PGSIZE;
	return perm | count << PERM_COUNT_SHIFT;
}

void fuzz_recover(void);

/* Registers: each of them is likely to be good, and all together, too, now and then. */
static uintptr_t any_frame(void)
{
	static struct Trapframe tf;
	static const uint16_t selectors[] = { GD_UT | 3, GD_UD | 3, GD_UT, GD_KT, GD_KD, GD_KT | 3,
					      0x28, 0x2B, 0x33, 0, 7, 0xFFFF };

	for (uint32_t *word = (uint32_t *)&tf; word < (uint32_t *)(&tf + 1); word++)
		*word = any_number();
	tf.tf_eip = one_in(4) ? any_address() : (uintptr_t)fuzz_recover;
	tf.tf_esp = one_in(4) ? any_address() : USTACKTOP - 64;
	tf.tf_eflags = one_in(3) ? any() : 0;
	tf.tf_ds = one_in(8) ? PICK(selectors) : (GD_UD | 3);
	tf.tf_es = one_in(8) ? PICK(selectors) : (GD_UD | 3);
	tf.tf_cs = one_in(2) ? PICK(selectors) : (GD_UT | 3);
	tf.tf_ss = one_in(2) ? PICK(selectors) : (GD_UD | 3);
	return (uintptr_t)&tf;
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* --- What some calls need to get far --- */

static int32_t last_budget; /* that this environment, or the one that it is a copy of, has made */

/* A word of uvpt, or of uvpd, as page_replace expects it. */
static uint32_t entry_at(uintptr_t va)
{
	pde_t above = va < UTOP ? uvpd[PDX(va)] : 0;

	return above & PTE_PS || !(above & PTE_P) ? above : uvpt[PGNUM(va)];
}

/* A page that is mapped, perhaps, and that this program can do without. */
static uintptr_t any_mapped(void)
{
	uintptr_t at = AREA;

	for (uint32_t n = 0; n < 8; n++) {
		at = AREA + (one_in(4) ? PTSIZE - 8 * PGSIZE : 0) + below(16) * PGSIZE;
		if (page_mapped((void *)at))
			break;
	}
	return at;
}

/* What ENV_SET_ may set: value for `what`. */
static uint32_t any_value(uint32_t what)
{
	switch (what) {
	case ENV_SET_EXCEPTION_UPCALL:
		return one_in(4) ? any_address() : (uintptr_t)fuzz_recover;
	case ENV_SET_EXCEPTION_STACK:
		return one_in(2) ? UXSTACKTOP : any_address();
	case ENV_SET_RIGHTS:
		return one_in(4) ? any() & RIGHTS : RIGHTS;
	case ENV_SET_TICKETS:
		return 1 + below(one_in(8) ? TICKETS_MAX + 8 : 200);
	case ENV_SET_PRIORITY:
		return below(PRIORITY_MAX + 2);
	case ENV_SET_SUSPENDED:
		return one_in(8);
	}
	return any_address();
}

/* Part `what` of the state of env, a little changed: for SYS_env_state_set. Returns its size, or 0. */
static uint32_t any_state(envid_t env, uint32_t what, uint8_t *image, uint32_t room)
{
	int size;

	if (one_in(2))
		libos_call5(SYS_env_set_status, env, ENV_NOT_RUNNABLE, 0, 0, 0);
	size = libos_call5(SYS_env_state_get, env, what, (uintptr_t)image, room, 0);
	if (size <= 0)
		return 0;
	for (uint32_t n = one_in(2) ? 0 : below(4); n > 0; n--)
		image[below((uint32_t)size)] = one_in(2) ? any() : 0xFF;
	return (uint32_t)size;
}

/* Make the arguments of a call better than their types and names tell, mostly: as it wants them to go well. */
static void better(uint32_t number, uint32_t args[CALL_ARGS])
{
	static const uint16_t ports[] = { 0x80, 0xED, 0x300, 0x1F0, 0xC000, 0xFFF7, 0xFFF8, 0x20, 0x3F8 };
	static uint8_t image[1024];
	uint32_t count = args[2] >> PERM_COUNT_SHIFT;

	if (one_in(8))
		return;
	switch (number) {
	case SYS_page_alloc_large:
		args[1] = ROUNDDOWN(one_in(32) ? args[1] : AREA + below(3) * PTSIZE, PTSIZE);
		break;
	case SYS_ipc_try_send:
	case SYS_ipc_send:
	case SYS_ipc_call:
		args[2] = any_mapped();
		break;
	case SYS_info:
		args[0] = 1 + below(5);
		args[1] = one_in(2) ? 0 : any_child();
		break;
	case SYS_page_map:
		args[1] = any_mapped();
		if (one_in(4)) { /* superpages as a whole */
			args[1] = AREA + below(3) * PTSIZE;
			args[3] = AREA + below(3) * PTSIZE;
			args[4] = args[4] % PGSIZE | 1024 << PERM_COUNT_SHIFT;
		}
		break;
	case SYS_page_protect:
	case SYS_page_unmap:
		if (one_in(4)) {
			args[1] = AREA + below(3) * PTSIZE;
			args[2] = args[2] % PGSIZE | 1024 << PERM_COUNT_SHIFT;
		}
		break;
	case SYS_device_map: /* where there is no device */
		args[1] = DEVICES + below(16) * PGSIZE;
		args[3] = 0xC0000000 + below(64) * PGSIZE;
		break;
	case SYS_port_allow:
		args[1] = PICK(ports);
		args[2] = 1 + below(16);
		break;
	case SYS_irq:
		args[1] = below(16);
		args[2] = IRQ_ATTACH + below(3);
		break;
	case SYS_env_set:
		args[1] = 1 + below(9);
		args[2] = any_value(args[1]);
		break;
	case SYS_env_state_get:
		args[0] = any_child();
		args[1] = 1 + below(STATE_PARTS);
		args[3] = one_in(4) ? any_number() : 1024;
		break;
	case SYS_env_state_set:
		args[0] = any_child();
		args[1] = 1 + below(STATE_PARTS - 1);
		args[2] = (uintptr_t)image;
		args[3] = any_state(args[0], args[1], image, sizeof image);
		break;
	case SYS_page_list:
		args[1] = one_in(2) ? 0 : args[1];
		args[3] = below(200);
		break;
	case SYS_page_copy: /* its range is the third, its filter the fourth */
		args[2] = count << PERM_COUNT_SHIFT | (any() & PTE_AVAIL);
		args[3] = any() & (PTE_SYSCALL << PERM_COUNT_SHIFT | PTE_AVAIL);
		args[1] = one_in(4) ? AREA : args[1];
		break;
	case SYS_page_copy_from:
		args[0] = one_in(2) ? any_child() : 0;
		args[2] = one_in(4) ? AREA : args[2];
		args[3] = (one_in(2) ? below(3000) : below(80)) << PERM_COUNT_SHIFT | (any() & PTE_AVAIL);
		args[4] = any() & (PTE_SYSCALL << PERM_COUNT_SHIFT | PTE_AVAIL);
		break;
	case SYS_page_replace:
		args[0] = ROUNDDOWN(args[0], PGSIZE);
		args[1] = entry_at(args[0]);
		args[2] = one_in(4) ? RO : RW;
		break;
	case SYS_budget_create:
		args[0] = one_in(3) ? 0 : any_child();
		args[1] = one_in(2) ? 0 : (uint32_t)last_budget;
		args[2] = one_in(16) ? any() : below(600);
		args[3] = one_in(16) ? any() : below(12);
		break;
	case SYS_budget_end:
		args[0] = (uint32_t)last_budget;
		break;
	case SYS_trace:
		args[0] = TRACE_SET + below(2);
		args[1] = args[0] == TRACE_SET ? any() & TRACE_KINDS_ALL & (one_in(2) ? 0 : ~0u) : AREA + below(3) * PTSIZE;
		args[2] = below(5);
		break;
	}
}

static uint32_t buffer[1024]; /* for what calls bring, with nothing of value behind it */

/* An argument by its type and, where that says little, by its name. */
static uint32_t any_argument(const char *type, const char *name)
{
	if (one_in(40))
		return any();
	if (begins(type, "envid_t"))
		return any_env();
	if (begins(type, "U(struct Trapframe"))
		return one_in(8) ? any_address() : any_frame();
	if (begins(type, "U(") && one_in(3))
		return (uintptr_t)buffer;
	if (begins(type, "U("))
		return any_address() + below(PGSIZE + 8);
	if (begins(name, "timeout"))
		return one_in(4) ? any_number() : below(3);
	if (begins(name, "perm") || begins(name, "range") || begins(name, "window"))
		return any_perm();
	if (begins(name, "mark") || begins(name, "keep"))
		return one_in(4) ? any_perm() : any() & PTE_AVAIL;
	if (begins(type, "uintptr_t")) /* where to go on, perhaps */
		return one_in(2) && (begins(name, "ip") || begins(name, "upcall") || begins(name, "value")) ?
			       (uintptr_t)fuzz_recover : any_address();
	return begins(type, "int") && !one_in(4) ? below(7) : any_number();
}

#endif
