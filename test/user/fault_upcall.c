/*
 * Page faults that a program handles: what the handler is told, that the program goes on as it was, faults within the
 * handler; and each way to get it wrong, which must cost that environment its life and nothing else.
 */
#include "child.h"

#define A ((char *)0x10000000)
#define B ((char *)0x20000000)
#define XSTACK ((char *)UXSTACKTOP - PGSIZE)

static volatile uint32_t faults;
static volatile struct UTrapframe seen;
static uint32_t wanted[8], got[8]; /* edi esi ebp ebx edx ecx eax esp, as PushRegs names them but for esp */
static volatile uint32_t got_flags;
extern char faulting[];

static void see(struct UTrapframe *utf)
{
	faults++;
	seen = *utf;
}

static void *page_of(uint32_t va)
{
	return (void *)ROUNDDOWN(va, PGSIZE);
}

static void allocates(struct UTrapframe *utf)
{
	see(utf);
	expect_is(sys_page_alloc(0, page_of(utf->utf_fault_va), RW), 0);
}

/* --- What the handler is told. --- */

static void told(void)
{
	set_pgfault_handler(allocates);
	faults = 0;
	A[5] = 7;
	expect_is(faults, 1);
	expect_is(seen.utf_fault_va, A + 5);
	expect_is(seen.utf_err, FEC_U | FEC_WR);
	expect_is(A[5], 7);
	expect_is(A[6], 0);
	expect_is(*(volatile char *)(A + PGSIZE), 0);
	expect_is(faults, 2);
	expect_is(seen.utf_fault_va, A + PGSIZE);
	expect_is(seen.utf_err, FEC_U);
	/* Kernel memory is there, but not for us. */
	expect_is(sys_page_protect(0, A, RO), 0);
	A[9] = 8;
	expect_is(faults, 3);
	expect_is(seen.utf_err, FEC_U | FEC_WR | FEC_PR);
	expect_is(A[5], 0);
	expect_is(sys_page_unmap_range(0, A, 2), 2);
}

/* --- All registers and flags, in the handler and right after it. --- */

/* Load wanted[] and flags, do one store that faults, and keep what is there after it. */
static void fault_with_registers(uint32_t flags)
{
	static volatile uint32_t keep_ebp, keep_esp, flags_in;

	flags_in = flags;
	__asm__ volatile(
		"movl %%ebp, %[ebp]; movl %%esp, %[esp]\n"
		"pushl %[in]; popfl\n"
		"movl wanted_regs+0, %%edi; movl wanted_regs+4, %%esi; movl wanted_regs+8, %%ebp\n"
		"movl wanted_regs+16, %%ebx; movl wanted_regs+20, %%edx; movl wanted_regs+24, %%ecx\n"
		"movl wanted_regs+28, %%eax\n"
		".globl faulting\nfaulting: movl %%eax, 0x10000010\n"
		"movl %%edi, got_regs+0; movl %%esi, got_regs+4; movl %%ebp, got_regs+8\n"
		"movl %%ebx, got_regs+16; movl %%edx, got_regs+20; movl %%ecx, got_regs+24\n"
		"movl %%eax, got_regs+28; movl %%esp, got_regs+12\n"
		"movl %[esp], %%esp; movl %[ebp], %%ebp\n"
		"pushfl; popl %[out]; cld\n"
		: [ebp] "=m"(keep_ebp), [esp] "=m"(keep_esp), [out] "=m"(got_flags)
		: [in] "m"(flags_in)
		: "eax", "ebx", "ecx", "edx", "esi", "edi", "memory", "cc");
	wanted[3] = keep_esp;
}
extern uint32_t wanted_regs[8] __attribute__((alias("wanted"))), got_regs[8] __attribute__((alias("got")));

static void registers(void)
{
	/* CF PF AF ZF SF DF OF, and IF, which is always set; ID can be changed too. */
	static const uint32_t flags[] = { 0x202, 0x203, 0x206, 0x212, 0x242, 0x282, 0x602, 0xa02, 0xed7, 0x200202 };
	uint32_t random = 1;

	set_pgfault_handler(allocates);
	for (uint32_t i = 0; i < ARRAY_SIZE(flags); i++) {
		for (int r = 0; r < 8; r++)
			wanted[r] = next_random(&random);
		fault_with_registers(flags[i]);
		for (int r = 0; r < 8; r++)
			expect_is(got[r], wanted[r]);
		expect_is(got_flags, flags[i]);
		expect_is(seen.utf_eip, faulting);
		expect_is(seen.utf_esp, wanted[3]);
		expect_is(seen.utf_eflags & ~0x10000u, flags[i]);
		expect_is(seen.utf_regs.reg_edi, wanted[0]);
		expect_is(seen.utf_regs.reg_esi, wanted[1]);
		expect_is(seen.utf_regs.reg_ebp, wanted[2]);
		expect_is(seen.utf_regs.reg_ebx, wanted[4]);
		expect_is(seen.utf_regs.reg_edx, wanted[5]);
		expect_is(seen.utf_regs.reg_ecx, wanted[6]);
		expect_is(seen.utf_regs.reg_eax, wanted[7]);
		expect_is(*(volatile uint32_t *)(A + 16), wanted[7]);
		expect_is(sys_page_unmap(0, A), 0);
	}
}

/* The handler may send the program elsewhere, with other registers. */
static void skips(struct UTrapframe *utf)
{
	see(utf);
	utf->utf_eip += 2; /* movl (%ecx), %eax */
	utf->utf_regs.reg_eax = 99;
}

static void changed(void)
{
	uint32_t value;

	set_pgfault_handler(skips);
	__asm__ volatile("movl (%1), %0" : "=a"(value) : "c"(A) : "memory");
	expect_is(value, 99);
	expect(!page_mapped(A));
}

/* --- Faults in the handler, five deep: each frame stands below the one before, with a word between. --- */

static volatile uint32_t frames[8];

static void nests(struct UTrapframe *utf)
{
	uint32_t depth = (utf->utf_fault_va - (uint32_t)A) / PGSIZE;

	faults++;
	frames[depth] = (uint32_t)utf;
	if (depth > 0) {
		expect(utf->utf_esp < UXSTACKTOP && utf->utf_esp >= UXSTACKTOP - PGSIZE);
		expect_is((uint32_t)(utf + 1), utf->utf_esp - 4);
	} else {
		expect_is((uint32_t)(utf + 1), UXSTACKTOP);
	}
	expect_is(sys_page_alloc(0, page_of(utf->utf_fault_va), RW), 0);
	if (depth < 4)
		A[(depth + 1) * PGSIZE] = depth;
}

static void nested(void)
{
	faults = 0;
	set_pgfault_handler(nests);
	A[0] = 42;
	expect_is(faults, 5);
	expect_is(A[0], 42);
	for (int i = 1; i < 5; i++) {
		expect_is(A[i * PGSIZE], i - 1);
		expect(frames[i] < frames[i - 1]);
	}
	expect_is(sys_page_unmap_range(0, A, 5), 5);
}

/* The program's own stack is not there either: the return of the upcall has to write to it. */
static void stackless(void)
{
	static volatile uint32_t keep;

	set_pgfault_handler(allocates);
	faults = 0;
	__asm__ volatile("movl %%esp, %0; movl $0x20002000, %%esp; movl $5, 0x10000000; pushl $77; popl %%eax;"
			 "movl %0, %%esp" : "+m"(keep) : : "eax", "memory");
	expect_is(faults, 2);
	expect_is(seen.utf_fault_va, B + 2 * PGSIZE - 4);
	expect_is(*(volatile uint32_t *)(B + 2 * PGSIZE - 4), 77);
	expect_is(sys_page_unmap(0, A), 0);
	expect_is(sys_page_unmap_range(0, B, 2), 2);
}

static void nests_moved(struct UTrapframe *utf)
{
	char *top = B + 2 * PGSIZE;

	if (faults++ == 1) {
		expect_is(utf + 1, top);
		*(volatile char *)(A + 2 * PGSIZE) = 2;
	} else {
		expect((char *)utf->utf_esp < top && (char *)utf->utf_esp >= top - PGSIZE);
		expect_is(utf + 1, utf->utf_esp - 4);
	}
	expect_is(sys_page_alloc(0, page_of(utf->utf_fault_va), RW), 0);
}

/* The exception stack elsewhere: the frame stands at the top of that one, and a fault on it goes below. */
static void moved(void)
{
	char *page = B + PGSIZE;

	expect_is(sys_page_alloc(0, page, RW), 0);
	set_pgfault_handler(allocates);
	expect_is(sys_env_set(0, ENV_SET_EXCEPTION_STACK, (uintptr_t)page + PGSIZE), 0);
	memset(XSTACK, 0x55, PGSIZE);
	faults = 0;
	A[0] = 1;
	expect_is(faults, 1);
	/* The last word of the frame: esp, below which the upcall has put eip. */
	expect_is(((uint32_t *)(page + PGSIZE))[-1], seen.utf_esp - 4);
	set_pgfault_handler(nests_moved);
	A[PGSIZE] = 1;
	expect_is(faults, 3);
	for (int i = 0; i < PGSIZE; i++)
		expect(XSTACK[i] == 0x55);
	expect_is(sys_env_set(0, ENV_SET_EXCEPTION_STACK, UXSTACKTOP), 0);
	expect_is(sys_page_unmap_range(0, A, 3), 3);
	expect_is(sys_page_unmap(0, page), 0);
}

/* Memory on demand: strings made by the library in pages that come when they are touched. */
static void on_demand(void)
{
	set_pgfault_handler(allocates);
	faults = 0;
	for (uint32_t i = 0; i < 64; i++)
		snprintf(A + i * PGSIZE - 8, 64, "this string was faulted in at %p", A + i * PGSIZE - 8);
	expect_is(faults, 65); /* the last string reaches into one more page than there are strings */
	expect_is(strcmp(A + 63 * PGSIZE - 8, "this string was faulted in at 0x1003eff8"), 0);
	expect_is(pages_unmap(0, A - PGSIZE, 65), 0);
}

/* --- Wrong, in a child each: it ends, and only it. --- */

static volatile bool survived;
static volatile uint32_t beside;

static void touch(uint32_t va)
{
	*(volatile char *)va = 1;
	survived = true;
}

static void never_called(void)
{
	survived = true;
	sys_env_exit(1);
}

void overflows(void);
__asm__(".text\noverflows: pushl $0; jmp overflows");
void faults_again(void);
/* A handler that faults at once, each time with nothing more on the stack. */
__asm__(".text\nfaults_again: movl $1, 0x10000000; jmp faults_again");

static void count_on(uint32_t arg)
{
	USED(arg);
	for (;;)
		beside++;
}

/* Make a child fault with this upcall and these rights to the exception stack (0: none is there). */
static void dies(const char *what, void *upcall, int xstack_perm, bool page_below)
{
	envid_t child = child_make(touch, (uint32_t)A);
	int status = 0;

	survived = false;
	expect_is(sys_page_unmap(child, XSTACK), 0);
	if (xstack_perm) {
		expect_is(sys_page_alloc(0, B, RW), 0);
		expect_is(sys_page_map(0, B, child, XSTACK, xstack_perm), 0);
	}
	if (page_below)
		expect_is(sys_page_alloc(child, XSTACK - PGSIZE, RW), 0);
	expect_is(sys_env_set_pgfault_upcall(child, upcall), 0);
	cprintf("fault_upcall: %s, in %08x\n", what, child);
	expect_is(sys_env_set_status(child, ENV_RUNNABLE), 0);
	expect_is(wait_status(child, &status), 0);
	if (survived)
		fail("%s: expected its end, but it went on", what);
	if (status != -E_KILLED)
		fail("%s: expected status %d, saw %d", what, -E_KILLED, status);
	uint32_t before = beside;
	wait_until(beside != before);
}

static void wrong(void)
{
	envid_t counter = child_run(count_on, 0);

	dies("no upcall", NULL, RW, false);
	dies("no exception stack", never_called, 0, false);
	dies("exception stack read-only", never_called, RO, false);
	dies("upcall in the kernel", (void *)0xf0100020, RW, false);
	dies("upcall at the very end", (void *)0xffffffff, RW, false);
	dies("upcall in the environment table", (void *)UENVS, RW, false);
	dies("upcall unmapped", (void *)0xdeadbeef, RW, false);
	dies("upcall unmapped, low", (void *)0x1000, RW, false);
	dies("exception stack overflows", overflows, RW, false);
	dies("exception stack full of faults", faults_again, RW, false);
	dies("exception stack full of faults, memory below it", faults_again, RW, true);
	expect_is(sys_page_unmap(0, B), 0);
	expect_is(sys_env_destroy(counter), 0);
	expect_end(counter, -E_KILLED);
}

void umain(int argc, char **argv)
{
	/* `fault_upcall -x KIND`: that in this environment, for a transcript. */
	if (argc == 3) {
		void *upcalls[] = { NULL, never_called, (void *)0xf0100020, (void *)0xdeadbeef, overflows };
		int kind = strtol(argv[2], NULL, 0);
		if (kind != 1)
			expect_is(sys_page_alloc(0, XSTACK, RW), 0);
		expect_is(sys_env_set_pgfault_upcall(0, upcalls[kind]), 0);
		touch((uint32_t)A);
		fail("still there");
	}
	told();
	registers();
	changed();
	nested();
	stackless();
	moved();
	on_demand();
	grow_records(8);
	wrong();
	uint32_t before = free_pages();
	wrong();
	expect_is(free_pages(), before);
	expect_kernel_sound();
}
