/*
 * fuzz: one random call, by each way into the kernel: by the library's stubs, or with any registers and flags. Which calls
 * with what, fuzz_calls.h says.
 */
#ifndef TEST_FUZZ_WAYS_H
#define TEST_FUZZ_WAYS_H

#include "fuzz_calls.h"

#define LIVE_MAX 40    /* environments, about: then none are made */
#define ALLOC_MAX 256  /* pages by one call */
#define SHARED ((volatile struct shared *)0x0F000000)

/* Where the environments count: wrongly, if a random address was that of this page. */
struct shared {
	uint32_t made, right; /* calls made, and those that did not fail */
};

/* In each environment's own memory. */
#define MAGIC 0x46555A5A
static struct {
	uint32_t magic, left; /* calls left to make */
	bool trace;
} me;

/* --- By each way into the kernel --- */

struct raw {
	uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax, eflags;
};

void libos_gate_int(void);
void fuzz_raw_int(const struct raw *raw);
void fuzz_raw_sysenter(const struct raw *raw);
extern char fuzz_after_sysenter[];
extern char fuzz_int_0[]; /* int n; ret: four bytes each, n from 0 to 255 */
extern uint32_t fuzz_raw_stack;

#define RAW(name, instruction)                                                                                   \
	name ":\n\t"                                                                                             \
	"pushal\n\t"                                                                                             \
	"pushfl\n\t"                                                                                             \
	"movl 40(%esp), %eax\n\t"                                                                                \
	"movl %esp, fuzz_raw_stack\n\t"                                                                          \
	"pushl 32(%eax)\n\tpushl 28(%eax)\n\tpushl 24(%eax)\n\tpushl 20(%eax)\n\tpushl 16(%eax)\n\t"             \
	"pushl 12(%eax)\n\tpushl 8(%eax)\n\tpushl 4(%eax)\n\tpushl (%eax)\n\t"                                   \
	"popal\n\t"                                                                                              \
	"popfl\n\t" instruction "\n"                                                                             \
	name "_after:\n\t"                                                                                       \
	"movl fuzz_raw_stack, %esp\n\t"                                                                          \
	"popfl\n\t"                                                                                              \
	"popal\n\t"                                                                                              \
	"ret\n"

/* Both leave with all registers as they were, if the kernel comes back to them at all. */
__asm__(".globl fuzz_raw_int, fuzz_raw_sysenter, fuzz_after_sysenter, fuzz_recover\n"
	RAW("fuzz_raw_int", "int $0x30")
	RAW("fuzz_raw_sysenter", "sysenter")
	".set fuzz_after_sysenter, fuzz_raw_sysenter_after\n"
	/* Where faults go, and where random registers point: begin anew with an empty stack. */
	"fuzz_recover:\n\t"
	"movl $0xEEBFE000 - 64, %esp\n\t"
	"pushl $0x202\n\t"
	"popfl\n\t"
	"xorl %ebp, %ebp\n\t"
	"call fuzz_go_on\n\t"
	"fuzz_int_0:\n\t"
	".set vector, 0\n\t"
	".rept 256\n\t"
	".byte 0xCD, vector, 0xC3, 0xC3\n\t"
	".set vector, vector + 1\n\t"
	".endr\n\t"
	".comm fuzz_raw_stack, 4\n");

static unsigned live(void)
{
	unsigned n = 0;

	for (int i = 0; i < SLOTS; i++)
		n += envs[i].env_status != ENV_FREE;
	return n;
}

static bool is_self(uint32_t envid)
{
	return envid == 0 || (envid_t)envid == sys_getenvid();
}

/*
 * What would end the test, and what only costs time: the machine's end, reports, too many environments or pages, screens
 * full of bytes; and what ends the caller is done less often than all else. False: not that one.
 */
static bool allowed(uint32_t number, uint32_t args[CALL_ARGS])
{
	switch (number) {
	case SYS_machine:
		return (int)args[0] != MACHINE_POWEROFF && (int)args[0] != MACHINE_REBOOT;
	case SYS_test:
		if (args[0] == TEST_FAIL_AFTER)
			args[1] = below(12);
		return args[0] == TEST_FAIL_AFTER || args[0] > 100 || (args[0] == TEST_CHECK && one_in(50));
	case SYS_exofork:
		return live() < LIVE_MAX;
	case SYS_env_exit:
		return one_in(30);
	case SYS_env_destroy:
		return !is_self(args[0]) || one_in(30);
	case SYS_cputs:
		return one_in(8) && (args[1] < 8 || !page_mapped((void *)args[0]) || args[0] >= ULIM);
	case SYS_page_alloc:
		if (args[2] >> PERM_COUNT_SHIFT > ALLOC_MAX && args[1] + (args[2] >> PERM_COUNT_SHIFT) * PGSIZE < UTOP)
			args[2] %= ALLOC_MAX << PERM_COUNT_SHIFT;
		return true;
	case SYS_page_alloc_large:
		args[2] %= 3 << PERM_COUNT_SHIFT;
		return one_in(2);
	case SYS_device_map:
		return args[1] % PGSIZE || args[1] >= UTOP || args[1] - DEVICES < PTSIZE;
	case SYS_trace: /* the rings are there already: they would be missing at the end */
		return one_in(4);
	}
	/* The names that were not there when this was written. */
	for (uint32_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].number == number && begins(calls[i].name, "env_thread"))
			return live() < LIVE_MAX;
		if (calls[i].number == number && begins(calls[i].name, "space_exit"))
			return one_in(30);
	}
	return true;
}

static void trace(const char *how, const char *name, const uint32_t args[CALL_ARGS])
{
	if (me.trace)
		cprintf("%08x %u: %s %s(%08x, %08x, %08x, %08x, %08x)\n", sys_getenvid(), me.left, how, name, args[0], args[1],
			args[2], args[3], args[4]);
}

static void typed_call(void)
{
	const struct call *call = &PICK(calls);
	uint32_t args[CALL_ARGS];

	for (uint32_t i = 0; i < CALL_ARGS; i++)
		args[i] = i < call->count ? any_argument(call->types[i], call->names[i]) : any_number();
	better(call->number, args);
	if (!allowed(call->number, args))
		return;
	trace("call", call->name, args);
	__atomic_add_fetch(&SHARED->made, 1, __ATOMIC_RELAXED);
	int32_t result = libos_call5(call->number, args[0], args[1], args[2], args[3], args[4]);
	if (result >= 0)
		__atomic_add_fetch(&SHARED->right, 1, __ATOMIC_RELAXED);
	if (result > 0 && call->number == SYS_budget_create)
		last_budget = result;
}

/* Any number and registers, of which some are as for some call. */
static void raw_call(void)
{
	const struct call *call = &PICK(calls);
	uint32_t args[CALL_ARGS];

	for (uint32_t i = 0; i < CALL_ARGS; i++)
		args[i] = i < call->count && !one_in(4) ? any_argument(call->types[i], call->names[i]) : any();
	if (one_in(2))
		better(call->number, args);
	if (!allowed(call->number, args))
		return;
	struct raw raw = { .edx = args[0], .ecx = args[1], .ebx = args[2], .edi = args[3], .esi = args[4], .ebp = any_number(),
			   .eax = one_in(8) ? NSYSCALLS + any_number() % 0x7FFFFFFF : call->number };
	/* The flags that change how code runs: direction, alignment, nested task; seldom the trap flag, which ends it. */
	static const uint32_t flags[] = { FL_DF, FL_AC, FL_NT, FL_CF, FL_DF | FL_NT, 0 };
	raw.eflags = PICK(flags) | (one_in(100) ? FL_TF : 0);
	trace(raw.eax == call->number ? "raw" : "unused number", call->name, args);
	__atomic_add_fetch(&SHARED->made, 1, __ATOMIC_RELAXED);
	if (!one_in(4) || libos_gate == libos_gate_int) {
		fuzz_raw_int(&raw);
		return;
	}
	uint32_t stack[64];
	raw.ebp = one_in(10) ? any_address() : (uintptr_t)&stack[32];
	raw.esi = one_in(10) ? any_address() : (uintptr_t)fuzz_after_sysenter;
	stack[32] = args[4];
	fuzz_raw_sysenter(&raw);
}

#endif
