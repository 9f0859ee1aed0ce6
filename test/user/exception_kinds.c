/*
 * Every exception that user code can cause, page faults apart, and int n for every n: what its handler is told, and that
 * the program can go on from there; and that without a handler it ends the program and nothing else.
 *
 * Not to be had on this machine: T_SEGNP and T_STACK, since no segment is missing and none has a limit. QEMU's
 * translator never raises T_ALIGN and T_SIMDERR: there the instruction may also just be done.
 */
#include <finch/exception.h>

#include "child.h"

static volatile struct ExceptionFrame seen;
static volatile uint32_t count;
uint32_t resume_esp;
extern char resume[];

/* Note it and go on behind attempt(). */
static bool records(struct ExceptionFrame *frame)
{
	seen = *frame;
	count++;
	frame->ef_eip = (uintptr_t)resume;
	frame->ef_esp = resume_esp;
	frame->ef_eflags = FL_IF;
	frame->ef_ds = frame->ef_es = GD_UD | 3;
	return true;
}

/* Call code, which may end in an exception. */
void attempt_code(const void *code);
__asm__(".text\n"
	"attempt_code: pushl %ebp; pushl %ebx; pushl %esi; pushl %edi; movl %esp, resume_esp; call *20(%esp)\n"
	"resume: popl %edi; popl %esi; popl %ebx; popl %ebp; ret");

static void attempt(const void *code)
{
	count = 0;
	attempt_code(code);
}

/* --- The processor's own. --- */

enum where { AT, AFTER };

struct kind {
	const char *name, *code, *at, *after; /* its code, the instruction that raises it, the one behind */
	uint32_t trapno, err, dr6;
	enum where eip;
	bool optional;
};

#define CODE(name, before, instruction)                                                                          \
	__asm__(".text\n" #name "_code: " before "\n" #name "_at: " instruction "\n" #name                        \
		"_after: movl resume_esp, %esp; pushl $0x202; popfl; jmp resume");                               \
	extern const char name##_code[], name##_at[], name##_after[];
CODE(divide, "xorl %ecx, %ecx; xorl %edx, %edx; movl $1, %eax", "divl %ecx")
CODE(divide_too_big, "movl $-1, %ecx; movl $0x80000000, %eax; cltd", "idivl %ecx")
CODE(aam, "", "aam $0")
CODE(step, "pushfl; orl $0x100, (%esp); popfl", "nop")
CODE(breakpoint, "", "int3")
CODE(breakpoint_long, "", ".byte 0xCD, 3")
CODE(overflow, "movl $0x7fffffff, %eax; addl $1, %eax", "into")
CODE(overflow_long, "", ".byte 0xCD, 4")
CODE(bound, "pushl $5; pushl $1; movl $9, %eax", "bound %eax, (%esp)")
CODE(illegal, "", "ud2")
CODE(illegal_lock, "", ".byte 0xF0, 0x90")
CODE(illegal_mov, "", "movl %eax, %cs")
CODE(task, "pushfl; orl $0x4000, (%esp); popfl", "iret")
CODE(privileged, "", "cli")
CODE(port, "", "inb $0x60, %al")
CODE(halt, "", "hlt")
CODE(control, "", "movl %cr0, %eax")
CODE(selector_kernel, "movl $0x10, %eax", "movw %ax, %ds")
CODE(selector_beyond, "movl $0x1238, %eax", "movw %ax, %es")
CODE(selector_stack, "xorl %eax, %eax", "movw %ax, %ss")
CODE(far_kernel, "", "ljmp $0x08, $0xF0100000")
CODE(fpu, "fninit; pushl $0x037B; fldcw (%esp); fld1; fldz; fdivrp %st, %st(1)", "fwait")
CODE(alignment, "pushfl; orl $0x40000, (%esp); popfl", "movl resume_esp + 1, %eax")
CODE(simd, "pushl $0x1D80; ldmxcsr (%esp); pushl $0; pushl $0x3F800000; movss (%esp), %xmm0", "divss 4(%esp), %xmm0")

#define KIND(label, trap, ...)                                                                                   \
	{ .name = #label, .code = label##_code, .at = label##_at, .after = label##_after, .trapno = trap, __VA_ARGS__ }
static const struct kind kinds[] = {
	KIND(divide, T_DIVIDE, .err = 0),
	KIND(divide_too_big, T_DIVIDE, .err = 0),
	KIND(aam, T_DIVIDE, .err = 0),
	KIND(step, T_DEBUG, .dr6 = DR6_STEP, .eip = AFTER),
	KIND(breakpoint, T_BRKPT, .eip = AFTER),
	KIND(breakpoint_long, T_BRKPT, .eip = AFTER),
	KIND(overflow, T_OFLOW, .eip = AFTER),
	KIND(overflow_long, T_OFLOW, .eip = AFTER),
	KIND(bound, T_BOUND, .err = 0),
	KIND(illegal, T_ILLOP, .err = 0),
	KIND(illegal_lock, T_ILLOP, .err = 0),
	KIND(illegal_mov, T_ILLOP, .err = 0),
	KIND(task, T_TSS, .err = 0),
	KIND(privileged, T_GPFLT, .err = 0),
	KIND(port, T_GPFLT, .err = 0),
	KIND(halt, T_GPFLT, .err = 0),
	KIND(control, T_GPFLT, .err = 0),
	KIND(selector_kernel, T_GPFLT, .err = GD_KD),
	KIND(selector_beyond, T_GPFLT, .err = 0x1238),
	KIND(selector_stack, T_GPFLT, .err = 0),
	KIND(far_kernel, T_GPFLT, .err = GD_KT),
	KIND(fpu, T_FPERR, .err = 0),
	KIND(alignment, T_ALIGN, .optional = true),
	KIND(simd, T_SIMDERR, .optional = true),
};

static bool has_sse(void)
{
	uint32_t features;

	cpuid(1, NULL, NULL, NULL, &features);
	return features >> 25 & 1;
}

static void check_kind(const struct kind *kind)
{
	const char *eip = kind->eip == AFTER ? kind->after : kind->at;

	if (kind->trapno == T_SIMDERR && !has_sse())
		return;
	attempt(kind->code);
	__asm__ volatile("fninit");
	if (count == 0 && kind->optional)
		return;
	if (count != 1 || seen.ef_trapno != kind->trapno || seen.ef_err != kind->err || seen.ef_dr6 != kind->dr6 ||
	    seen.ef_eip != (uintptr_t)eip)
		fail("%s: expected trap %u err 0x%x dr6 0x%x at %p, saw %u trap %u err 0x%x dr6 0x%x at %p", kind->name,
		     kind->trapno, kind->err, kind->dr6, eip, count, seen.ef_trapno, seen.ef_err, seen.ef_dr6,
		     (void *)seen.ef_eip);
}

/* --- int n. --- */

#define CODE_PAGE ((uint8_t *)0x10000000)

static bool is_ours(unsigned n)
{
	return n > T_SYSCALL && n != IRQ_OFFSET + IRQ_ERROR && n != 0xFB;
}

static void check_vector(unsigned n)
{
	bool may = is_ours(n) || n == T_BRKPT || n == T_OFLOW;

	CODE_PAGE[0] = 0xCD;
	CODE_PAGE[1] = n;
	CODE_PAGE[2] = 0xC3;
	attempt(CODE_PAGE);
	expect_is(count, n != T_SYSCALL);
	if (n == T_SYSCALL)
		return;
	if (seen.ef_trapno != (may ? n : T_GPFLT) || seen.ef_err != (may ? 0 : 8 * n + 2) || seen.ef_dr6 != 0 ||
	    seen.ef_eip != (uintptr_t)CODE_PAGE + (may ? 2 : 0))
		fail("int 0x%02x: saw trap %u err 0x%x dr6 0x%x at %p", n, seen.ef_trapno, seen.ef_err, seen.ef_dr6,
		     (void *)seen.ef_eip);
}

/* --- Nobody wants it. --- */

static volatile bool survived;
static volatile uint32_t beside;

static bool refuses(struct ExceptionFrame *frame)
{
	USED(frame);
	count++;
	return false;
}

static void do_it(uint32_t code)
{
	((void (*)(void))code)();
	survived = true;
}

static void counts(uint32_t arg)
{
	USED(arg);
	for (;;)
		beside++;
}

/* A child does it, without a handler or with one that refuses. */
static void ends_it(const char *name, const void *code, bool with_handler)
{
	envid_t child = child_make(do_it, (uint32_t)code);
	int status = 0;

	count = 0;
	survived = false;
	if (with_handler) {
		expect_is(sys_page_alloc(child, (void *)(UXSTACKTOP - PGSIZE), RW), 0);
		expect_is(sys_env_set(child, ENV_SET_EXCEPTION_UPCALL, (uintptr_t)exception_upcall), 0);
	}
	if ((uintptr_t)code == (uintptr_t)CODE_PAGE)
		expect_is(sys_page_map(0, CODE_PAGE, child, CODE_PAGE, RO), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_is(wait_status(child, &status), 0);
	if (survived || status != -E_KILLED || count != with_handler)
		fail("%s: expected its end, saw status %d, %u calls of the handler%s", name, status, count,
		     survived ? ", and it went on" : "");
	uint32_t before = beside;
	wait_until(beside != before);
}

static void nobody(void)
{
	static const uint8_t vectors[] = { 0, 1, 2, 8, 13, 14, 18, 31, 32, 39, 47, 49, 51, 0x80, 0xFA, 0xFB, 0xFC, 255 };
	for (int with = 0; with < 2; with++) {
		set_exception_handler(with ? refuses : NULL);
		for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (!kinds[i].optional)
				ends_it(kinds[i].name, kinds[i].code, with);
		}
		for (unsigned i = with; i < ARRAY_SIZE(vectors); i += 1 + with) {
			CODE_PAGE[1] = vectors[i];
			ends_it("int n", CODE_PAGE, with);
		}
	}
}

void umain(int argc, char **argv)
{
	/* `exception_kinds -x KIND`: that in this environment, unwanted by a handler, for a transcript. */
	if (argc == 3) {
		set_exception_handler(refuses);
		for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
			if (strcmp(kinds[i].name, argv[2]) == 0)
				((void (*)(void))kinds[i].code)();
		}
		fail("still there");
	}
	expect(set_exception_handler(records) == NULL);
	expect_is(sys_page_alloc(0, CODE_PAGE, RW), 0);
	for (int i = 0; i < 3; i++) {
		for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++)
			check_kind(&kinds[k]);
		for (unsigned n = 0; n < 256; n++)
			check_vector(n);
	}
	expect(set_exception_handler(NULL) == records);
	expect_is((uintptr_t)thisenv->env_exception_upcall, 0);
	grow_records(8);
	envid_t counter = child_run(counts, 0);
	uint32_t before = free_pages();
	nobody();
	expect_is(free_pages(), before);
	expect_is(sys_env_destroy(counter), 0);
	expect_end(counter, -E_KILLED);
	expect_is(sys_page_unmap(0, CODE_PAGE), 0);
	expect_kernel_sound();
}
