/*
 * The frame of an exception: all registers, flags and segments as they were, in the frame and after the return, and as
 * the handler changes them; exceptions in handlers, page faults in those and the reverse; a step after each
 * instruction and none in the library.
 */
#include <finch/exception.h>

#include "child.h"

#define A ((char *)0x10000000)
#define XSTACK ((char *)UXSTACKTOP - PGSIZE)
#define TRIES 300

static volatile uint32_t count;
static struct ExceptionFrame seen;

/* --- Everything random. --- */

struct state {
	uint32_t ds, es;
	struct PushRegs regs; /* reg_oesp: esp */
	uint32_t flags;
};

struct state wanted, got; /* before the instruction, and after it */
uint32_t own_esp, program_esp;
extern char raise_at[], raise_after[];

/*
 * Load wanted, raise the exception, store to got. Ordinary segments are of use only for the stack meanwhile: nothing is
 * known of ds. own_esp: esp to come back with; the stack for it all is wanted's reg_oesp.
 */
void raise(void);
__asm__(".text\n"
	"raise: pushal; movl %esp, own_esp\n"
	"movl wanted+8+12, %esp; pushl wanted+40; pushl wanted+0; pushl wanted+4\n"
	"movl wanted+8, %edi; movl wanted+12, %esi; movl wanted+16, %ebp; movl wanted+24, %ebx; movl wanted+28, %edx\n"
	"movl wanted+32, %ecx; movl wanted+36, %eax; popl %es; popl %ds; popfl\n"
	".globl raise_at, raise_after\n"
	"raise_at: int $0x80\n"
	"raise_after: pushfl; pushal; pushl %es; pushl %ds\n"
	"movl %ss, %eax; movl %eax, %ds; movl %eax, %es; cld; movl %esp, %esi; movl $got, %edi; movl $11, %ecx; rep movsl\n"
	"movl own_esp, %esp; pushl $0x202; popfl; popal; ret\n");

static bool records(struct ExceptionFrame *frame)
{
	uint32_t flags = read_eflags(), ds, es;

	seen = *frame;
	count++;
	__asm__ volatile("movl %%ds, %0; movl %%es, %1" : "=r"(ds), "=r"(es));
	expect_is(ds, GD_UD | 3);
	expect_is(es, GD_UD | 3);
	expect_is(flags & (FL_TF | FL_DF | FL_NT | FL_AC | FL_IF | FL_IOPL_MASK | FL_VM), FL_IF);
	return true;
}

/* What user code may leave in its flags, TF apart. */
#define FLAGS (FL_CF | FL_PF | FL_AF | FL_ZF | FL_SF | FL_DF | FL_OF | FL_NT | FL_AC | FL_ID)

static void randomize(struct state *state, uint32_t *seed)
{
	static const uint16_t selectors[] = { GD_UD | 3, 0, 3, GD_UT | 3, GD_UD | 3 };

	for (unsigned w = 0; w < sizeof *state / 4; w++)
		((uint32_t *)state)[w] = next_random(seed);
	state->ds = selectors[state->ds % 5];
	state->es = selectors[state->es % 5];
	/* A stack of one's own, not even aligned, with room below for what raise pushes. */
	state->regs.reg_oesp = (uint32_t)A + 256 + state->regs.reg_oesp % (PGSIZE - 256);
	state->flags = (state->flags & FLAGS & ~FL_AC) | FL_IF | FL_MBS;
}

#define expect_regs(is, shall)                                                                                   \
	do {                                                                                                     \
		expect_is((is).reg_edi, (shall).reg_edi);                                                        \
		expect_is((is).reg_esi, (shall).reg_esi);                                                        \
		expect_is((is).reg_ebp, (shall).reg_ebp);                                                        \
		expect_is((is).reg_ebx, (shall).reg_ebx);                                                        \
		expect_is((is).reg_edx, (shall).reg_edx);                                                        \
		expect_is((is).reg_ecx, (shall).reg_ecx);                                                        \
		expect_is((is).reg_eax, (shall).reg_eax);                                                        \
	} while (0)

/* got is what raise pushed: its esp is that before pushal, with the flags already pushed. */
static void expect_state(const struct state *shall)
{
	expect_regs(got.regs, shall->regs);
	expect_is(got.regs.reg_oesp, shall->regs.reg_oesp - 4);
	expect_is(got.flags, shall->flags);
	expect_is(got.ds & 0xFFFC, shall->ds & 0xFFFC);
	expect_is(got.es & 0xFFFC, shall->es & 0xFFFC);
}

static void kept(void)
{
	uint32_t seed = 2;

	set_exception_handler(records);
	for (int i = 0; i < TRIES; i++) {
		randomize(&wanted, &seed);
		count = 0;
		raise();
		expect_is(count, 1);
		expect_state(&wanted);
		expect_is(seen.ef_trapno, 0x80);
		expect_is(seen.ef_err, 0);
		expect_is(seen.ef_dr6, 0);
		expect_is(seen.ef_eip, raise_after);
		expect_is(seen.ef_esp, wanted.regs.reg_oesp);
		expect_is(seen.ef_eflags, wanted.flags);
		expect_is(seen.ef_ds & 0xFFFC, wanted.ds & 0xFFFC);
		expect_is(seen.ef_es & 0xFFFC, wanted.es & 0xFFFC);
		expect_is(seen.ef_regs.reg_oesp, 0);
		expect_regs(seen.ef_regs, wanted.regs);
	}
}

/* The handler changes all of it; and asks for flags that it may not have, which stay as they are. */
static struct state changed;

static bool changes(struct ExceptionFrame *frame)
{
	records(frame);
	frame->ef_regs = changed.regs;
	frame->ef_esp = changed.regs.reg_oesp;
	frame->ef_ds = changed.ds;
	frame->ef_es = changed.es;
	frame->ef_eflags = (changed.flags & ~FL_IF) | FL_IOPL_3 | FL_VM | FL_VIF | FL_VIP;
	return true;
}

static void can_change(void)
{
	uint32_t seed = 3;

	set_exception_handler(changes);
	for (int i = 0; i < TRIES; i++) {
		randomize(&wanted, &seed);
		randomize(&changed, &seed);
		raise();
		expect_state(&changed);
	}
}

/* --- In each other. --- */

#define DEPTH 5

static uint32_t frames[2 * DEPTH], depth;

static void undefined(void)
{
	__asm__ volatile("ud2");
}

/* The frame at `frame`, of size bytes, stands where it should: at the top, or with room below the one before. */
static void expect_place(void *frame, uint32_t size, uint32_t esp, uint32_t room)
{
	frames[depth] = (uint32_t)frame;
	if (depth++ == 0) {
		expect_is((uint32_t)frame + size, UXSTACKTOP);
		return;
	}
	expect_is((uint32_t)frame + size, esp - room);
	expect(frames[depth - 1] < frames[depth - 2]);
}

static bool nests(struct ExceptionFrame *frame)
{
	expect_is(frame->ef_trapno, T_ILLOP);
	expect_place(frame, sizeof *frame, frame->ef_esp, 12);
	frame->ef_eip += 2;
	if (depth < DEPTH)
		undefined();
	count++;
	return true;
}

/* Both kinds by turns: each exception's handler touches a page that is not there, and the page fault's raises one. */
static bool nests_fault(struct ExceptionFrame *frame)
{
	uint32_t now = depth;

	expect_place(frame, sizeof *frame, frame->ef_esp, 12);
	frame->ef_eip += 2;
	if (now < 2 * DEPTH - 1)
		expect_is(*(volatile char *)(A + (now + 1) * PGSIZE), 0);
	count++;
	return true;
}

static void fault_nests(struct UTrapframe *utf)
{
	expect_place(utf, sizeof *utf, utf->utf_esp, 4);
	expect_is(sys_page_alloc(0, (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW), 0);
	if (depth < 2 * DEPTH)
		undefined();
	count++;
}

static void nested(void)
{
	set_exception_handler(nests);
	depth = count = 0;
	undefined();
	expect_is(count, DEPTH);

	set_exception_handler(nests_fault);
	set_pgfault_handler(fault_nests);
	depth = count = 0;
	undefined();
	expect_is(count, 2 * DEPTH);
	expect(page_mapped(A + 9 * PGSIZE));
	expect_is(sys_page_unmap_range(0, A + PGSIZE, 9), 9);
	depth = count = 0;
	expect_is(*(volatile char *)(A + PGSIZE), 0);
	expect_is(count, 2 * DEPTH);
	expect_is(sys_page_unmap_range(0, A + PGSIZE, 10), 10);
}

/* The program's stack is not there: the return of the upcall has to write to it, and faults. */
static void makes(struct UTrapframe *utf)
{
	count += 100;
	expect_is(sys_page_alloc(0, (void *)ROUNDDOWN(utf->utf_fault_va, PGSIZE), RW), 0);
}

static void stackless(void)
{
	static volatile uint32_t keep;

	set_exception_handler(records);
	set_pgfault_handler(makes);
	count = 0;
	__asm__ volatile("movl %%esp, %0; movl $0x10002004, %%esp; int $0x80; pushl $77; popl %%eax; movl %0, %%esp"
			 : "+m"(keep) : : "eax", "memory");
	/* 12 bytes across the edge of two pages; or, if the return goes through the kernel, only what is pushed. */
	expect(count == 201 || count == 101);
	expect_is(sys_page_unmap_range(0, A + PGSIZE, 2), 2);
}

/* Elsewhere. */
static bool records_place(struct ExceptionFrame *frame)
{
	expect_is(frame + 1, A + 2 * PGSIZE);
	count++;
	return true;
}

static void moved(void)
{
	expect_is(sys_page_alloc(0, A + PGSIZE, RW), 0);
	expect_is(sys_env_set(0, ENV_SET_EXCEPTION_STACK, (uintptr_t)A + 2 * PGSIZE), 0);
	memset(XSTACK, 0x55, PGSIZE);
	set_exception_handler(records_place);
	count = 0;
	__asm__ volatile("int $0x80; int $0xFF" : : : "memory");
	expect_is(count, 2);
	for (int i = 0; i < PGSIZE; i++)
		expect(XSTACK[i] == 0x55);
	expect_is(sys_env_set(0, ENV_SET_EXCEPTION_STACK, UXSTACKTOP), 0);
	expect_is(sys_page_unmap(0, A + PGSIZE), 0);
}

/* A child by fork handles them as its parent does. */
static bool counts(struct ExceptionFrame *frame)
{
	count += frame->ef_trapno;
	return true;
}

static void forked(void)
{
	set_exception_handler(counts);
	envid_t child = fork();
	expect(child >= 0);
	count = 0;
	__asm__ volatile("int $0x80; int $0x81" : : : "memory");
	expect_is(count, 0x101);
	if (child == 0)
		sys_env_exit(7);
	expect_end(child, 7);
}

/* --- Steps. --- */

static uint32_t steps[32];
extern char step_1[], step_2[], step_3[], step_4[], step_5[], step_6[];

static bool notes(struct ExceptionFrame *frame)
{
	if (count < ARRAY_SIZE(steps))
		steps[count] = frame->ef_eip;
	count++;
	return true;
}

/* A step after each instruction, whatever it is: int n, a call, and a page fault do not disturb them. */
void stepped(void);
__asm__(".text\n"
	"stepped: pushl %ebx; pushfl; orl $0x100, (%esp); popfl\n"
	"nop; step_1: movl $2, %eax; step_2: int $0x30; step_3: incl %eax; step_4: int $0x80; step_5: nop; step_6:\n"
	"pushfl; andl $~0x100, (%esp); popfl; popl %ebx; ret\n");

static bool notes_steps(struct ExceptionFrame *frame)
{
	if (frame->ef_trapno == 0x80)
		return true;
	expect_is(frame->ef_trapno, T_DEBUG);
	expect_is(frame->ef_dr6, DR6_STEP);
	return notes(frame);
}

static void stepping(void)
{
	/* After int $0x30 and after int $0x80 comes one for the instruction behind: the trap flag was off in between. */
	const char *const wanted_steps[] = { step_1, step_2, step_4, step_6 };

	set_exception_handler(notes_steps);
	count = 0;
	stepped();
	expect(count > ARRAY_SIZE(wanted_steps));
	for (unsigned i = 0; i < ARRAY_SIZE(wanted_steps); i++)
		expect_is(steps[i], wanted_steps[i]);
}

/* Steps through the library's way into the kernel, sysenter where there is one, and through a page fault. */
static void stepping_on(void)
{
	set_exception_handler(notes_steps);
	set_pgfault_handler(makes);
	count = 0;
	write_eflags(read_eflags() | FL_TF);
	int32_t id = libos_call0(SYS_getenvid);
	uint32_t steps_of_call = count;
	*(volatile char *)(A + PGSIZE) = 5;
	write_eflags(read_eflags() & ~FL_TF);
	expect_is(id, sys_getenvid());
	expect(steps_of_call > 5 && steps_of_call < 100);
	expect(count > steps_of_call + 100);
	expect_is(A[PGSIZE], 5);
	expect_is(sys_page_unmap(0, A + PGSIZE), 0);
}

void umain(int argc, char **argv)
{
	expect_is(sys_page_alloc(0, A, RW), 0);
	for (int i = 0; i < 3; i++) {
		kept();
		can_change();
		nested();
		stackless();
		moved();
		forked();
		stepping();
		stepping_on();
	}
	set_exception_handler(NULL);
	expect_is(sys_page_unmap(0, A), 0);
	expect_kernel_sound();
}
