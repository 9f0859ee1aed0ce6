/*
 * The exception upcall set wrong, in a child each: it must end, with -E_KILLED, and nothing else may notice. Each way is
 * tried with int n, with a fault, and with a fault on the way out of the kernel.
 */
#include <finch/exception.h>

#include "child.h"

#define B ((char *)0x20000000)
#define XSTACK ((char *)UXSTACKTOP - PGSIZE)

static volatile bool survived;
static volatile uint32_t beside;

static void by_int(uint32_t arg)
{
	USED(arg);
	__asm__ volatile("int $0x80");
	survived = true;
}

static void by_fault(uint32_t arg)
{
	USED(arg);
	__asm__ volatile("ud2");
	survived = true;
}

/* Its ds cannot be loaded when the kernel leaves. */
static void by_frame(uint32_t arg)
{
	struct Trapframe tf = { .tf_eip = (uintptr_t)by_int, .tf_esp = USTACKTOP - 64, .tf_ds = 0x1230, .tf_es = GD_UD | 3 };

	USED(arg);
	sys_env_set_trapframe(0, &tf);
	survived = true;
}

/* With a stack pointer so low that a frame below it would be above all memory. */
static void by_low_stack(uint32_t arg)
{
	USED(arg);
	__asm__ volatile("movl $20, %%esp; int $0x80" : : : "memory");
	survived = true;
}

static const child_function ways[] = { by_int, by_fault, by_frame, by_low_stack };

static void never_called(void)
{
	survived = true;
	sys_env_exit(1);
}

void overflows(void), raises_again(void), bad_segment(void), bad_return(void);
__asm__(".text\n"
	"overflows: pushl $0; jmp overflows\n"
	"raises_again: int $0x80; jmp raises_again\n"
	"bad_segment: movl $0x1230, %eax; movl %eax, %ds; jmp bad_segment\n"
	"bad_return: movl 60(%esp), %esp; pushl $0x202; pushl $8; pushl $0xf0100000; iret\n");

static void count_on(uint32_t arg)
{
	USED(arg);
	for (;;)
		beside++;
}

struct wrong {
	const char *name;
	void *upcall;
	int stack_perm;       /* of its exception stack; 0: none */
	bool page_below;      /* there is memory below it */
	uintptr_t stack;      /* if not UXSTACKTOP */
};

static const struct wrong wrongs[] = {
	{ .name = "no upcall", .stack_perm = RW },
	{ .name = "no stack", .upcall = never_called },
	{ .name = "stack read-only", .upcall = never_called, .stack_perm = RO },
	{ .name = "stack elsewhere, unmapped", .upcall = never_called, .stack_perm = RW, .stack = 0x30000000 },
	{ .name = "stack in the first page", .upcall = never_called, .stack_perm = RW, .stack = PGSIZE },
	{ .name = "stack in the program's text", .upcall = never_called, .stack_perm = RW, .stack = UTEXT + PGSIZE },
	{ .name = "upcall in the kernel", .upcall = (void *)0xf0100020, .stack_perm = RW },
	{ .name = "upcall at the very end", .upcall = (void *)0xffffffff, .stack_perm = RW },
	{ .name = "upcall in the environment table", .upcall = (void *)UENVS, .stack_perm = RW },
	{ .name = "upcall unmapped", .upcall = (void *)0xdeadbeef, .stack_perm = RW },
	{ .name = "upcall unmapped, low", .upcall = (void *)1, .stack_perm = RW },
	{ .name = "stack overflows", .upcall = overflows, .stack_perm = RW },
	{ .name = "stack full of exceptions", .upcall = raises_again, .stack_perm = RW },
	{ .name = "stack full of exceptions, memory below", .upcall = raises_again, .stack_perm = RW, .page_below = true },
	{ .name = "handler loads a bad segment", .upcall = bad_segment, .stack_perm = RW, .page_below = true },
	{ .name = "handler returns to the kernel", .upcall = bad_return, .stack_perm = RW },
};

static void dies(const struct wrong *wrong, child_function way)
{
	envid_t child = child_make(way, 0);
	int status = 0;

	survived = false;
	if (wrong->stack_perm) {
		expect_is(sys_page_alloc(0, B, RW), 0);
		expect_is(sys_page_map(0, B, child, XSTACK, wrong->stack_perm), 0);
	}
	if (wrong->stack)
		expect_is(sys_env_set(child, ENV_SET_EXCEPTION_STACK, wrong->stack), 0);
	if (wrong->page_below)
		expect_is(sys_page_alloc(child, XSTACK - PGSIZE, RW), 0);
	expect_is(sys_env_set(child, ENV_SET_EXCEPTION_UPCALL, (uintptr_t)wrong->upcall), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_is(wait_status(child, &status), 0);
	if (survived)
		fail("%s: expected its end, but it went on", wrong->name);
	if (status != -E_KILLED)
		fail("%s: expected status %d, saw %d", wrong->name, -E_KILLED, status);
	uint32_t before = beside;
	wait_until(beside != before);
}

/* The reverse: one whose upcall is right goes on, from a selector that cannot be loaded too. */
static volatile uint32_t count, err;

static bool mends(struct ExceptionFrame *frame)
{
	count++;
	err = frame->ef_err;
	if (frame->ef_trapno == T_ILLOP)
		frame->ef_eip += 2;
	return true;
}

static void right(child_function way, uint32_t times, uint32_t last_err)
{
	envid_t child = child_make(way, 0);

	count = 0;
	survived = false;
	expect_is(sys_page_alloc(child, XSTACK, RW), 0);
	expect_is(sys_env_set(child, ENV_SET_EXCEPTION_UPCALL, (uintptr_t)exception_upcall), 0);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	wait_until(survived || envs[ENVX(child)].env_status == ENV_FREE);
	sys_env_destroy(child);
	wait_status(child, NULL);
	expect(survived);
	expect_is(count, times);
	expect_is(err, last_err);
}

void umain(int argc, char **argv)
{
	/* `exception_wrong -x N`: that in this environment, for a transcript. */
	if (argc == 3) {
		const struct wrong *wrong = &wrongs[strtol(argv[2], NULL, 0)];
		if (wrong->stack_perm)
			expect_is(sys_page_alloc(0, XSTACK, wrong->stack_perm), 0);
		expect_is(sys_env_set(0, ENV_SET_EXCEPTION_UPCALL, (uintptr_t)wrong->upcall), 0);
		by_int(0);
		fail("still there");
	}
	set_exception_handler(mends);
	right(by_int, 1, 0);
	right(by_fault, 1, 0);
	right(by_frame, 2, 0); /* the selector, and then int $0x80 */
	grow_records(8);
	envid_t counter = child_run(count_on, 0);
	expect_is(sys_page_alloc(0, B, RW), 0);
	uint32_t before = free_pages();
	for (unsigned i = 0; i < ARRAY_SIZE(wrongs); i++) {
		for (unsigned way = 0; way < ARRAY_SIZE(ways); way++)
			dies(&wrongs[i], ways[way]);
	}
	expect_is(free_pages(), before);
	expect_is(sys_page_unmap(0, B), 0);
	expect_is(sys_env_destroy(counter), 0);
	expect_end(counter, -E_KILLED);
	expect_kernel_sound();
}
